"""Formulas without a result in files of accounts: bad cells, never empty ones."""

from __future__ import annotations

import io

import pytest
import xlsxwriter
from sqlalchemy import select

from crmapp.analytics.intake.tables import Reading
from crmapp.db import session
from crmapp.domain.mapping import FieldMapping
from crmapp.models import Account
from crmapp.services import fixing, imports, receipts, runs
from crmapp.services.fixes import Fix
from crmapp.services.fixing import Answer
from crmapp.services.imports import Way
from tests.support.files import OURS, carry_out, import_, plan, send

SAID = "The cell holds an error of the spreadsheet: "


def with_errors(*errors: str, field: int = 2) -> bytes:
    """Make a workbook of a row per error, which stands in one of its cells."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Name", "Number", "Phone"])
        for number, error in enumerate(errors, 1):
            sheet.write_row(number, 0, [f"Acme {number}", f"{number}", f"555 12{number}"])
            sheet.write_formula(number, field, "=A9", None, error)
    return made.getvalue()


def left_out(make, run) -> list[str]:
    """Return the key and the reason of each row that was left out."""
    return [f"{row.key}: {row.reason}" for row in receipts.left_out(run, by=make.mona)]


@pytest.mark.parametrize("field, label", [(0, "Name"), (1, "Number"), (2, "Phone")])
def test_a_formula_without_a_result_is_a_bad_cell(make, field, label):
    done = import_(make, with_errors("#N/A", "#REF!", "555 123", "#DIV/0!", field=field))

    assert left_out(make, done) == [
        f"2: {label}: {SAID}#N/A", f"3: {label}: {SAID}#REF!", f"5: {label}: {SAID}#DIV/0!",
    ]  # fmt: skip


def test_formulas_without_a_result_are_put_right_or_dropped_together(make):
    planned = plan(make, send(make, with_errors("#N/A", "#N/A", "#REF!"), "errors.xlsx"))
    fix = Answer("value", Fix.VALUE, "phone", "555 999", found="#N/A")
    drop = Answer("value", Fix.DROP_CELL, "phone", found="#REF!")

    for answer in (fix, drop):
        fixing.fix(planned.id, [answer], plan_hash=planned.plan_hash, by=make.mona)
        session.rollback()
        planned = runs.get(planned.id, by=make.mona)
    carry_out(make, planned)

    phones = session.execute(select(Account.name, Account.phone).order_by(Account.name)).all()
    assert phones == [("Acme 1", "555 999"), ("Acme 2", "555 999"), ("Acme 3", None)]


def test_an_error_that_was_saved_as_text_is_one_too(make):
    done = import_(make, "Name;Number;Phone\nAcme;1;#N/A\nToys;2;555 123\nBolt;3;#NOM?\n")

    assert session.scalars(select(Account.name)).all() == ["Toys"]
    assert [line.endswith(("#N/A", "#NOM?")) for line in left_out(make, done)] == [True, True]


def test_a_row_is_not_known_by_the_error_of_a_formula(make):
    run = send(make, with_errors("#N/A", "7", field=1), "errors.xlsx")
    way = Way(Reading(**run.source["reading"]), key_column="Number", system="erp")
    imports.read_anew(run.id, way, OURS, by=make.mona)
    mapping = FieldMapping({"name": "Name", "phone": "Phone"}, match="name")

    done = carry_out(make, plan(make, runs.get(run.id, by=make.mona), mapping))

    assert left_out(make, done) == [": The column that finds accounts is empty in this row."]
