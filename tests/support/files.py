"""Files of accounts, sent and carried out here and now."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter
from werkzeug.test import TestResponse

from crmapp.domain.mapping import FieldMapping
from crmapp.models import Run
from crmapp.services import imports, runs, upserts
from crmapp.services.imports import Headings
from tests.factories import Make

ACCOUNTS = "Name;Number;Phone\nAcme;007;+33 1 23 45\nŁódź Toys;008;555 123\n"
MAPPING = FieldMapping({"name": "Name", "number": "Number", "phone": "Phone"})
OURS = Headings({"phone": "phone", "téléphone": "phone"}, frozenset({"reason", "raison"}))


def send(
    make: Make, content: str | bytes = ACCOUNTS, name: str = "accounts.csv", **more: Any
) -> Run:
    """Draft a run from a file."""
    sent = content.encode() if isinstance(content, str) else content
    made = imports.start(io.BytesIO(sent), name, OURS, by=make.mona, **more)
    return runs.get(made, by=make.mona)


def plan(make: Make, run: Run, mapping: FieldMapping = MAPPING) -> Run:
    """Plan a draft."""
    number = run.id
    upserts.plan_later(number, mapping, confirmed=None, by=make.mona)
    runs.work(number)
    return runs.get(number, by=make.mona)


def carry_out(make: Make, planned: Run) -> Run:
    number = planned.id
    upserts.run_later(number, plan_hash=planned.plan_hash or "", key=None, by=make.mona)
    runs.work(number)
    return runs.get(number, by=make.mona)


def import_(make: Make, content: str | bytes = ACCOUNTS, **more: Any) -> Run:
    """Send, plan and carry out a file."""
    return carry_out(make, plan(make, send(make, content), **more))


def workbook(
    rows: Sequence[Sequence[Any]], other: Mapping[str, Sequence[Sequence[Any]]] = {}
) -> bytes:
    """Write a workbook of a sheet *Accounts*, and others; what begins with = is a formula."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        for title, lines in {"Accounts": rows, **other}.items():
            sheet = book.add_worksheet(title)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    return made.getvalue()


def upload(
    client: Any, content: str | bytes = ACCOUNTS, name: str = "accounts.csv", **more: Any
) -> TestResponse:
    """Send a file as a browser does."""
    sent = content.encode() if isinstance(content, str) else content
    answer: TestResponse = client.post(
        "/imports", data={"file": (io.BytesIO(sent), name)}, query_string=more
    )
    return answer
