"""Files of contacts, activities and accounts: what an export wrote goes in again unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Change, Run
from crmapp.services import (
    exports,
    imports,
    receipts,
    record_exports,
    runs,
    upserts,
)
from crmapp.services.imports import Headings
from crmapp.services.mapping_start import opening
from tests.factories import Make

LABELS = {
    "account": {"account id": "record_id"},
    "contact": {
        "contact id": "record_id",
        "account id": "account_id",
        "account number": "account_number",
        "erp company": "erp_company",
    },
    "activity": {
        "activity id": "record_id",
        "account id": "account_id",
        "account number": "account_number",
        "erp company": "erp_company",
    },
}


def exported(make: Make, object_: str, file: str = "csv") -> bytes:
    """Write all records of a kind as an export for editing does."""
    asked = record_exports.asked(object_, file, (), by=make.mona)
    headings = [str(each) for each in record_exports.headings_of(object_)]
    run_id = record_exports.start(asked, "Records", headings, key=None, by=make.mona)
    runs.work(run_id)
    found = exports.left_by(session.get_one(Run, run_id))
    assert found is not None
    return found.path.read_bytes()


def sent(
    make: Make, object_: str, content: str | bytes, name: str = "file.csv", by: Any = None
) -> Run:
    """Draft a run from a file of records."""
    import io

    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    headings = Headings(LABELS[object_], frozenset({"reason"}))
    run_id = imports.start(stream, name, headings, by=by or make.mona, object_=object_)
    return session.get_one(Run, run_id)


def planned(
    make: Make,
    object_: str,
    content: str | bytes,
    name: str = "file.csv",
    by: Any = None,
    **changes: Any,
) -> Run:
    """Plan a file as the mapping page suggests it, but for ``changes``."""
    from dataclasses import replace

    run = sent(make, object_, content, name, by)
    person = by or make.mona
    run_id, columns = run.id, upserts.source_of(run, by=person).columns()
    mapping = replace(opening(run, columns).mapping, **changes)
    upserts.plan_later(run_id, mapping, confirmed=None, by=person)
    runs.work(run_id)
    return session.get_one(Run, run_id)


def done(make: Make, run: Run) -> Run:
    run_id = run.id
    upserts.run_later(run_id, plan_hash=run.plan_hash or "", key=None, by=make.mona)
    runs.work(run_id)
    return session.get_one(Run, run_id)


def imported(make: Make, object_: str, content: str | bytes, **more: Any) -> Run:
    return done(make, planned(make, object_, content, **more))


def reasons(make: Make, run: Run) -> list[str]:
    return [f"{row.key}: {row.reason}" for row in receipts.left_out(run, by=make.mona)]


def everything(make: Make) -> None:
    """Make records of each kind, with all that they may hold."""
    numbered = make.account("Acme", number="0042", billing_city="Łódź", tags=["a", "b"])
    plain = make.account("No number", owner_id=make.bob.id, notes="two\nlines")
    make.account("Number in a company", number="0042", erp_company="B")
    make.value("status", "arranged", label_en="Arranged, maybe")
    make.value("job_title", "buyer", label_en="Buyer; chief")
    ann = make.contact(
        numbered, "=Doe", first_name="Ann", email="ann@acme.example", phone="+33 123",
        job_title="buyer", notes="a\nb", active=False,
    )  # fmt: skip
    make.contact(numbered, "Twin", email="ann@acme.example")
    make.contact(plain, "Alone", mobile="0012 34")
    make.activity(
        numbered, "-Call", contact_id=ann.id, owner_id=make.bob.id, kind="call", notes="said\nso"
    )
    make.activity(plain, "Meet", kind="meeting", status="arranged")
    make.activity(plain, "Note", kind="note", owner_id=make.mona.id)


@pytest.mark.database
@pytest.mark.parametrize("file", ["csv", "xlsx"])
@pytest.mark.parametrize("object_", ["account", "contact", "activity"])
@pytest.mark.parametrize("clears", [False, True])
def test_what_was_exported_goes_in_again_without_a_change(make, object_, file, clears):
    everything(make)
    content = exported(make, object_, file)

    run = planned(make, object_, content, f"file.{file}", clear_empty=clears)

    assert run.counts == {"unchanged": run.total}
    assert done(make, run).done == {"unchanged": run.total}
    assert not session.scalars(select(Change.id)).all()
