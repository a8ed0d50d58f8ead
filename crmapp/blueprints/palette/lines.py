"""The lines of the palette: as one types on, most of what is found was found before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from flask import current_app, request
from markupsafe import Markup

from crmapp.blueprints.palette.groups import Item
from crmapp.web.kept import Texts

MOST = 5_000
"""So many lines are kept by a process, about a third of a kilobyte each."""


class Lines:
    """Writes lines, and keeps those that were written last."""

    def __init__(self) -> None:
        self._kept = Texts(MOST)

    def __call__(self, items: Sequence[Item], name: str) -> Markup:
        """Return the lines of ``items``: options of a list box by ``name``, or without one links.

        What a line says follows from its item, whose texts are in the reader's language.
        """
        written, root = [], request.script_root
        for number, item in enumerate(items, 1):
            shown = (item, f"{name}-{number}" if name else "")
            written.append(self._kept.of((*shown, root), partial(_line, *shown)))
        return Markup("\n".join(written))  # noqa: S704  (written by a template)


def _line(item: Item, name: str) -> object:
    template = current_app.jinja_env.get_template("macros/palette.html")
    return template.module.palette_item(item, name)  # type: ignore[attr-defined]  # its macro
