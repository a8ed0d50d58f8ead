"""The rows of the list of accounts: what stands in one follows from its line, so it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from flask import current_app, url_for
from markupsafe import Markup

from crmapp.blueprints.accounts.columns import FIGURES, Cell
from crmapp.domain.fields import Field, Kind
from crmapp.services.account_columns import NAME
from crmapp.services.account_lines import Line
from crmapp.web.kept import Texts, mark
from crmapp.web.templating import text
from crmapp.web.texts import current_locale
from crmapp.web.tokens import csrf_token

_MARK = mark("token")
"""Stands in kept rows where the token against forgery goes, another one for each reader."""
MOST = 5_000
"""So many rows are kept by a process, about half a kilobyte each."""
LONGEST = 200
"""So much of a long text is seen in a row."""


class Rows:
    """Writes rows, and keeps those that were written last."""

    def __init__(self) -> None:
        self._kept = Texts(MOST)

    def __call__(
        self,
        lines: Iterable[Line],
        columns: Mapping[str, Field],
        cells: Mapping[int, Sequence[Cell]],
        tail: str,
    ) -> Markup:
        """Return the rows of ``lines``, with ``cells`` for the ``columns`` after the name.

        Their links end in ``tail``.
        """
        place, locale = url_for("accounts.index"), str(current_locale())
        specs = [spec for name, spec in columns.items() if name != NAME]
        looks = [(spec.kind is Kind.LONG_TEXT, spec.kind in FIGURES) for spec in specs]
        written: list[str] = []
        row = current_app.jinja_env.get_template("accounts/_rows.html").module.row  # type: ignore[attr-defined]  # its macro
        for line in lines:
            plain = tuple(line[:-1])
            shown = tuple(
                (_shortened(text(value)) if long else text(value), href, figures)
                for (value, href), (long, figures) in zip(cells[line.id], looks, strict=True)
            )
            described = (plain, shown, place, tail)
            written.append(self._kept.of((*described, locale), partial(row, *described, _MARK)))
        markup = "".join(written)
        if _MARK in markup:
            markup = markup.replace(_MARK, csrf_token())
        return Markup(markup)  # noqa: S704  (written by a template)


def _shortened(said: str) -> str:
    return " ".join(said[: 2 * LONGEST].split())[:LONGEST]
