"""The rows of the list of accounts: what stands in one follows from its line, so it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial

from flask import current_app, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from crmapp.blueprints.accounts.columns import cells, follows
from crmapp.domain.fields import Field, Kind
from crmapp.services import fields
from crmapp.services.account_columns import NAME
from crmapp.services.account_lines import Line
from crmapp.web.kept import Texts, mark
from crmapp.web.reader import timezone
from crmapp.web.templating import text
from crmapp.web.texts import language
from crmapp.web.tokens import csrf_token
from crmapp.web.typed_numbers import FIGURES

_MARK = mark("token")
"""Stands in kept rows where the token against forgery goes, another one for each reader."""
MOST = 5_000
"""So many rows are kept by a process, about half a kilobyte each."""
LONGEST = 200
"""So much of a long text is seen in a row."""
Shown = tuple[str, str, bool]
"""A cell: its text, where it leads, whether it is a figure."""


class Rows:
    """Writes rows, and keeps those that were written last."""

    def __init__(self) -> None:
        self._kept = Texts(MOST)

    def __call__(
        self,
        lines: Sequence[Line],
        columns: Mapping[str, Field],
        tail: str,
    ) -> Markup:
        """Return the rows of ``lines``, whose links end in ``tail``.

        What a row says follows from its line, the reader and the columns, but for some cells.
        """
        place = url_for("accounts.index")
        said_to = (fields.word(), language(), str(timezone()), place, tail, *columns)
        words = "\n".join(said_to)  # one text, whose hash is worked out once
        others = _shown(lines, {n: spec for n, spec in columns.items() if not follows(spec)})
        write = _Writer(lines, columns, others, (place, tail, _MARK))
        markup = "".join(
            self._kept.of((words, *line.said, *others.get(line.id, ())), partial(write, line))
            for line in lines
        )
        if _MARK in markup:
            markup = markup.replace(_MARK, csrf_token())
        return Markup(markup)  # noqa: S704  (written by a template)


class _Writer:
    """Writes rows that nobody has written before: then all cells of the page are worked out.

    ``others`` has, by account, the cells that do not follow from their lines.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        columns: Mapping[str, Field],
        others: Mapping[int, Sequence[Shown]],
        ends: tuple[str, str, str],
    ) -> None:
        self._lines, self._columns, self._others, self._ends = lines, columns, others, ends

    def __call__(self, line: Line) -> object:
        template = current_app.jinja_env.get_template("accounts/_rows.html")
        following, others = iter(self._following[line.id]), iter(self._others.get(line.id, ()))
        cells_ = [next(following if each else others) for each in self._follow]
        return template.module.row(line.head, cells_, self._select, *self._ends)  # type: ignore[attr-defined]  # its macro

    @cached_property
    def _select(self) -> tuple[str, str]:
        """What the tick says before and after the name; said once, since it takes its time."""
        before, _name, after = _("Select %(name)s", name=_MARK).partition(_MARK)
        return before, after

    @cached_property
    def _follow(self) -> list[bool]:
        """Of each column after the name, whether its cells follow from their lines."""
        return [follows(spec) for name, spec in self._columns.items() if name != NAME]

    @cached_property
    def _following(self) -> Mapping[int, Sequence[Shown]]:
        return _shown(self._lines, {n: spec for n, spec in self._columns.items() if follows(spec)})


def _shown(lines: Sequence[Line], columns: Mapping[str, Field]) -> dict[int, list[Shown]]:
    """Return account → what is shown of it in ``columns``."""
    specs = [spec for name, spec in columns.items() if name != NAME]
    if not specs:
        return {line.id: [] for line in lines}
    looks = [(spec.kind is Kind.LONG_TEXT, spec.kind in FIGURES) for spec in specs]
    return {
        id_: [
            (_shortened(text(value)) if long else text(value), href, figures)
            for (value, href), (long, figures) in zip(found, looks, strict=True)
        ]
        for id_, found in cells(lines, columns).items()
    }


def _shortened(said: str) -> str:
    return " ".join(said[: 2 * LONGEST].split())[:LONGEST]
