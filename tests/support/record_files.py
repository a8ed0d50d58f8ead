"""Files of any kind of record: exported for editing, sent, planned as suggested, carried out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crmapp.db import session
from crmapp.domain.field_texts import heading
from crmapp.domain.record_keys import with_keys
from crmapp.models import Run
from crmapp.services import exports, fields, imports, receipts, record_exports, runs, undo, upserts
from crmapp.services.imports import Headings
from crmapp.services.mapping_start import opening
from tests.factories import Make

Row = dict[str, str]


def exported(make: Make, object_: str, file: str = "csv") -> bytes:
    """Write all records of a kind as an export for editing does."""
    asked = record_exports.asked(object_, file, (), by=make.mona)
    headings = [str(each) for each in record_exports.headings_of(object_)]
    run_id = record_exports.start(asked, "Records", headings, key=None, by=make.mona)
    runs.work(run_id)
    found = exports.left_by(session.get_one(Run, run_id))
    assert found is not None
    return found.path.read_bytes()


def edited(content: bytes, edit: Callable[[list[Row]], None]) -> str:
    """Return a CSV file with its rows edited, column → cell."""
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    names = list(rows[0])
    edit(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def ours(object_: str) -> Headings:
    """What our own headings say, in English."""
    specs = with_keys(object_, fields.of(object_))
    named = {str(heading(spec)).casefold(): name for name, spec in specs.items()}
    return Headings(named, frozenset({"reason"}))


def sent(
    make: Make, object_: str, content: str | bytes, *, name: str = "file.csv", by: Any = None
) -> Run:
    """Draft a run from a file."""
    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    run_id = imports.start(stream, name, ours(object_), by=by or make.mona, object_=object_)
    return session.get_one(Run, run_id)


def planned(
    make: Make, object_: str, content: str | bytes, *, name: str = "file.csv", **changes: Any
) -> Run:
    """Plan a file as its mapping page suggests, but for ``changes``."""
    return planned_by(make.mona, sent(make, object_, content, name=name), **changes)


def planned_by(by: Any, run: Run, **changes: Any) -> Run:
    """Plan a draft as its mapping page suggests, but for ``changes``."""
    run_id, columns = run.id, upserts.source_of(run, by=by).columns()
    mapping = replace(opening(run, columns).mapping, **changes)
    upserts.plan_later(run_id, mapping, confirmed=None, by=by)
    runs.work(run_id)
    return session.get_one(Run, run_id)


def carried_out(make: Make, run: Run) -> Run:
    run_id = run.id
    upserts.run_later(run_id, plan_hash=run.plan_hash or "", key=None, by=make.mona)
    runs.work(run_id)
    return session.get_one(Run, run_id)


def imported(make: Make, object_: str, content: str | bytes, **changes: Any) -> Run:
    """Send, plan and carry out a file."""
    return carried_out(make, planned(make, object_, content, **changes))


def undone(make: Make, run: Run) -> Run:
    """Take a run back."""
    made = undo.undo_later(run.id, by=make.mona, key=None)
    while session.get_one(Run, made).status in ("planning", "queued", "running"):
        runs.work(made)
        session.rollback()
    return session.get_one(Run, made)


def reasons(make: Make, run: Run) -> list[str]:
    """Return the line and the reason of each row that was left out."""
    return [f"{row.key}: {said(row.reason)}" for row in receipts.left_out(run, by=make.mona)]


def said(text: Any) -> str:
    """Say a text with the texts among its values."""
    parts: Mapping[str, Any] = {
        name: ", ".join(map(said, value)) if isinstance(value, list) else value
        for name, value in getattr(text, "params", {}).items()
    }
    return str(text.text % parts) if parts else str(text)
