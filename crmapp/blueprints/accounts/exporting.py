"""The list of accounts as a file: every account that matches, in its order, with its columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from flask import Response
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import asked
from crmapp.blueprints.accounts.columns import COLUMNS, cells
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.services import account_fields, account_list
from crmapp.services.account_question import Question
from crmapp.services.sheet_files import Heading
from crmapp.web.access import current_user, requires
from crmapp.web.sheets import csv_response, xlsx_response
from crmapp.web.templating import text
from crmapp.web.texts import translated

MOST = 100_000
"""The most accounts in one workbook; a CSV file takes all."""
_TOO_MANY = N_(
    "A workbook takes up to %(most)s accounts. Narrow the list down, or take the CSV file."
)
_ATTRIBUTES = {"primary_contact": "contact"}


@bp.get("/list.csv")
@requires(Right.ACCOUNT_VIEW)
def csv() -> Response:
    """Send the list as CSV."""
    return csv_response("accounts.csv", _headings(), _rows(asked()))


@bp.get("/list.xlsx")
@requires(Right.ACCOUNT_VIEW)
def xlsx() -> Response:
    """Send the list as a workbook."""
    rows = list(islice(_rows(asked()), MOST + 1))
    if len(rows) > MOST:
        raise Invalid({}, Text(_TOO_MANY, {"most": MOST}))
    headings = [Heading(text) for text in _headings()]
    return xlsx_response("accounts.xlsx", _("Accounts"), headings, rows)


def _headings() -> list[str]:
    own = [translated(spec.label) for spec in account_fields.listed()]
    return [*(_(label) for label in COLUMNS.values()), *own, _("Active")]


def _rows(question: Question) -> Iterator[list[Any]]:
    yes, no = _("Yes"), _("No")
    own, lines = account_fields.listed(), account_list.everything(question, by=current_user)
    while some := list(islice(lines, account_list.CHUNK)):
        said = cells(some, own)
        for line in some:
            values = [getattr(line, _ATTRIBUTES.get(name, name)) for name in COLUMNS]
            yield [*values, *map(_plain, said[line.id]), yes if line.active else no]


def _plain(value: Any) -> Any:
    """Return a value of a custom field as a cell: numbers and dates stay, the rest is text."""
    return text(value) if isinstance(value, bool | list) else value
