"""The list of accounts as a file: every account that matches, in its order, with its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from flask import Response
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import asked
from crmapp.blueprints.accounts.columns import cells, heads
from crmapp.domain.fields import Field, Kind
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.services import account_columns, account_list
from crmapp.services.account_question import Question
from crmapp.services.sheet_files import Heading
from crmapp.web.access import current_user, requires
from crmapp.web.sheets import csv_response, xlsx_response
from crmapp.web.templating import text

MOST = 100_000
"""The most accounts in one workbook; a CSV file takes all."""
_TOO_MANY = N_(
    "A workbook takes up to %(most)s accounts. Narrow the list down, or take the CSV file."
)
ACTIVE = "active"
"""Stands at the name in the list, so a file has a column for it in any case."""
_KINDS = {Kind.MONEY: "money", Kind.NUMBER: "number", Kind.DATE: "date"}


@bp.get("/list.csv")
@requires(Right.ACCOUNT_VIEW)
def csv() -> Response:
    """Send the list as CSV."""
    question, columns = _asked()
    labels = [heading.text for heading in _headings(columns)]
    return csv_response("accounts.csv", labels, _rows(question, columns))


@bp.get("/list.xlsx")
@requires(Right.ACCOUNT_VIEW)
def xlsx() -> Response:
    """Send the list as a workbook."""
    question, columns = _asked()
    rows = list(islice(_rows(question, columns), MOST + 1))
    if len(rows) > MOST:
        raise Invalid({}, Text(_TOO_MANY, {"most": MOST}))
    return xlsx_response("accounts.xlsx", _("Accounts"), _headings(columns), rows)


def _asked() -> tuple[Question, Mapping[str, Field]]:
    """Return what the address asks for, and its columns with the one that is always there."""
    question = asked()
    names = dict.fromkeys([*account_columns.shown(question.columns), ACTIVE])
    columns = account_columns.shown(tuple(names))
    return replace(question, columns=tuple(columns)), columns


def _headings(columns: Mapping[str, Field]) -> list[Heading]:
    return [
        Heading(each.label, _KINDS.get(columns[each.name].kind, "text")) for each in heads(columns)
    ]


def _rows(question: Question, columns: Mapping[str, Field]) -> Iterator[list[Any]]:
    lines = account_list.everything(question, by=current_user)
    while some := list(islice(lines, account_list.CHUNK)):
        said = cells(some, columns)
        for line in some:
            yield [line.name, *(_plain(value) for value, _href in said[line.id])]


def _plain(value: Any) -> Any:
    """Return a value as a cell: numbers and dates stay, the rest is text."""
    return text(value) if isinstance(value, bool | list | datetime) else value
