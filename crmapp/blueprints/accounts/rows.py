"""The rows of the list of accounts: what stands in one follows from its line, so it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial

from flask import current_app, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from crmapp.blueprints.accounts.columns import FIGURES, Cell, cells, follows
from crmapp.domain.fields import Field, Kind
from crmapp.services import fields
from crmapp.services.account_columns import NAME
from crmapp.services.account_lines import Line
from crmapp.web.kept import Texts, mark
from crmapp.web.reader import timezone
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
        lines: Sequence[Line],
        columns: Mapping[str, Field],
        tail: str,
    ) -> Markup:
        """Return the rows of ``lines``, whose links end in ``tail``.

        What a row says follows from its line, the reader and the columns, but for some cells.
        """
        place = url_for("accounts.index")
        said_to = (fields.word(), str(current_locale()), str(timezone()), place, tail, *columns)
        words = "\n".join(said_to)  # one text, whose hash is worked out once
        more = {name: spec for name, spec in columns.items() if not follows(spec)}
        others = cells(lines, more) if more else {}
        write = _Writer(lines, columns, others, (place, tail, _MARK))
        markup = "".join(
            self._kept.of((words, line[:5], *others.get(line.id, ())), partial(write, line))
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
        others: Mapping[int, Sequence[Cell]],
        ends: tuple[str, str, str],
    ) -> None:
        self._lines, self._others, self._ends = lines, others, ends
        self._columns = {name: spec for name, spec in columns.items() if name != NAME}
        self._looks = [
            (follows(spec), spec.kind is Kind.LONG_TEXT, spec.kind in FIGURES)
            for spec in self._columns.values()
        ]

    def __call__(self, line: Line) -> object:
        template = current_app.jinja_env.get_template("accounts/_rows.html")
        following, others = iter(self._following[line.id]), iter(self._others.get(line.id, ()))
        shown = []
        for follows_, long, figures in self._looks:
            value, href = next(following if follows_ else others)
            shown.append((_shortened(text(value)) if long else text(value), href, figures))
        return template.module.row(line[:4], shown, self._select, *self._ends)  # type: ignore[attr-defined]  # its macro

    @cached_property
    def _select(self) -> tuple[str, str]:
        """What the tick says before and after the name; said once, since it takes its time."""
        before, _name, after = _("Select %(name)s", name=_MARK).partition(_MARK)
        return before, after

    @cached_property
    def _following(self) -> Mapping[int, Sequence[Cell]]:
        columns = {name: spec for name, spec in self._columns.items() if follows(spec)}
        return cells(self._lines, columns)


def _shortened(said: str) -> str:
    return " ".join(said[: 2 * LONGEST].split())[:LONGEST]
