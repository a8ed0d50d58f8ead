"""Files of records for editing: whatever a record holds, an import reads the same from them."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmapp.analytics.intake import files
from crmapp.db import session
from crmapp.domain.custom_fields import KINDS
from crmapp.domain.field_texts import HEADINGS, Wording, Writer, heading
from crmapp.domain.fields import BadValue, Field, Kind, Lookups, freeze, parse
from crmapp.domain.mapping import FieldMapping, apply
from crmapp.domain.record_keys import ACCOUNT_ID
from crmapp.domain.records import ACCOUNT_FIELDS, ACTIVITY_FIELDS, CONTACT_FIELDS
from crmapp.domain.suggestions import Mark, Seen, suggest
from crmapp.errors import Conflict, Invalid
from crmapp.models import Account, Activity, Contact, Run, User
from crmapp.services import exports, fields, pick_lists, reaches, record_exports, runs
from crmapp.services.account_links import meant
from crmapp.services.sheet_files import Heading, csv_lines, write_workbook

CUSTOM = {
    f"c_{kind.value}": Field(
        name=f"c_{kind.value}",
        label=f"Own {kind.value}",
        help="",
        kind=kind,
        pick_list="own" if "pick" in kind.value else None,
    )
    for kind in KINDS
}
SPECS: dict[str, Field] = {**ACCOUNT_FIELDS, **CUSTOM}
LABELS = {
    "own": {
        "a": "Alpha",
        "b": "Beta; gamma",
        "c": "Comma, here",
        "d": "Alpha",
        "e": "=e",
        "f": "a",
    },
    **{
        spec.pick_list: {"x": "Café", "y": "two words"}
        for spec in ACCOUNT_FIELDS.values()
        if spec.pick_list
    },
}
"""Labels that other labels, codes and marks between values look like."""
WORDS = {
    "own": {"beta; gamma": "b", "comma, here": "c", "=e": "e"} | {code: code for code in "abcdef"},
    **{
        name: {"cafe": "x", "two words": "y", "x": "x", "y": "y"}
        for name in LABELS
        if name != "own"
    },
}
MEANT = {"0042": 9, "Acme": 10}
LOOKUPS = Lookups(
    WORDS, {"ann@crm.example": 1, "ann": 1, "bo@crm.example": 2}, {"north": 7}, {}, MEANT
)  # fmt: skip
WORDING = Wording(
    LOOKUPS,
    LABELS,
    {1: ("ann@crm.example", "Ann"), 2: ("bo@crm.example",)},
    {7: ("North",)},
    {9: ("0042", "Acme"), 10: ("Acme",)},
)
NASTY = st.text(st.sampled_from(",;\"'\n\r\t =+-@0aé|＝ _x") | st.characters(), max_size=30)
RAW: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: NASTY
    | st.sampled_from(["0042", "=SUM(A1)", "'=1", "+33 1", "-5", "_x000D_", "1e5"]),
    Kind.LONG_TEXT: NASTY,
    Kind.TAGS: NASTY,
    Kind.EMAIL: st.emails(),
    Kind.PHONE: st.text(st.sampled_from("0123456789 +-()"), min_size=3, max_size=20),
    Kind.URL: st.sampled_from(["acme.example", "https://a.example/x?a=1,2&b='"]),
    Kind.NUMBER: st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(str),
    Kind.MONEY: st.decimals(-(10**12), 10**12, places=2).map(str),
    Kind.DATE: st.dates().map(str),
    Kind.YES_NO: st.booleans(),
    Kind.MOMENT: st.datetimes().map(lambda at: f"{at.isoformat()}+02:00"),
    Kind.USER: st.sampled_from(["ann", "bo@crm.example"]),
    Kind.TEAM: st.just("North"),
    Kind.ACCOUNT: st.sampled_from(["0042", "Acme"]),
    Kind.CONTACT: st.integers(1, 10**9).map(str),
}


def value_of(spec: Field) -> st.SearchStrategy[Any]:
    """Any value that the field may hold, or none."""
    if spec.kind in (Kind.PICK_LIST, Kind.MULTI_PICK_LIST):
        codes = st.sampled_from(sorted(LABELS[spec.pick_list or ""]))
        several = st.sets(codes, min_size=1).map(sorted)
        return st.none() | (codes if spec.kind is Kind.PICK_LIST else several)

    def held(raw: object) -> Any:
        try:
            return parse(spec, raw, LOOKUPS)
        except BadValue:
            return None

    found = RAW[spec.kind].map(held)
    return found.map(lambda value: value or "Acme") if spec.required else st.none() | found


RECORDS = st.lists(
    st.fixed_dictionaries({name: value_of(spec) for name, spec in SPECS.items()}),
    min_size=1,
    max_size=4,
)


def as_row(record: dict[str, Any]) -> dict[str, Any]:
    """The record as its row in the database has it: custom fields as JSON keeps them."""
    custom = {name: freeze(value) for name, value in record.items() if name in CUSTOM}
    return {**record, "custom": custom}


def written(records: list[dict[str, Any]], kind: str, folder: Path) -> Path:
    """Write records of :data:`SPECS` as an export does."""
    writers = {name: Writer(spec, WORDING) for name, spec in SPECS.items()}
    path = folder / f"file.{kind}"
    rows = [
        [
            str(number),
            *(record_exports._cell(as_row(record), SPECS[n], w) for n, w in writers.items()),
        ]
        for number, record in enumerate(records, 1)
    ]
    columns = [Heading(ACCOUNT_ID), *(
        Heading(heading(spec), record_exports._NUMBERS.get(spec.kind, "verbatim"))
        for spec in SPECS.values()
    )]  # fmt: skip
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_lines([each.text for each in columns], rows))
    else:
        write_workbook(str(path), "Accounts", columns, rows)
    return path


def read(path: Path) -> list[dict[str, str | None]]:
    """Read a file as an import does: every cell as text."""
    with files.opened(path, files.look(path)) as table:
        rows = list(table.rows())
        assert [row.reason for row in rows] == [None] * len(rows)
        return [dict(zip(table.columns, row.cells, strict=False)) for row in rows]


def suggested(columns: list[str], specs: dict[str, Field]) -> dict[str, str]:
    """Map the columns as an import suggests it, of which it has to be sure."""
    found = suggest([Seen(name, name) for name in columns], specs.values())
    assert {name: each.mark for name, each in found.items()} == dict.fromkeys(found, Mark.EXACT)
    return {name: each.column for name, each in found.items()}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@given(records=RECORDS)
@settings(max_examples=60, deadline=None)
def test_any_record_is_read_from_its_file_without_a_change(kind, records):
    with tempfile.TemporaryDirectory() as folder:
        rows = read(written(records, kind, Path(folder)))
    columns = suggested([name for name in rows[0] if name != ACCOUNT_ID], SPECS)
    mapping = FieldMapping(columns, clear_empty=True)

    found = [apply(mapping, SPECS, row, LOOKUPS) for row in rows]

    mappable = {name for name, spec in SPECS.items() if spec.mappable}
    assert columns.keys() == mappable
    assert [each.problems for each in found] == [{}] * len(records)
    assert [{n: v or None for n, v in each.values.items()} for each in found] == [
        {name: value or None for name, value in record.items() if name in mappable}
        for record in records
    ]


def file_of(run: Run) -> Path:
    """Have the file of a run written, and return it."""
    runs.work(run.id)
    found = exports.left_by(session.get_one(Run, run.id))
    assert found is not None
    return found.path


def started(object_: str, file: str, by: Any, *arguments: tuple[str, str]) -> Run:
    """Begin the export of records."""
    asked = record_exports.asked(object_, file, arguments, by=by)
    headings = [str(each) for each in record_exports.headings_of(object_)]
    run_id = record_exports.start(asked, "Records", headings, key=None, by=by)
    return session.get_one(Run, run_id)


def own_fields(make: Any) -> dict[str, Any]:
    """Make a custom field of every kind; return values for them as JSON keeps them."""
    for code in ("north", "south"):
        make.value("territory", code, label_en=f"The {code}; really", label_fr=code)
    held: dict[Kind, Any] = {
        Kind.TEXT: "=1+1", Kind.LONG_TEXT: "two\r\nlines, \"quoted\"", Kind.NUMBER: "0.0000001",
        Kind.MONEY: "-12.50", Kind.DATE: "2026-11-22", Kind.YES_NO: False,
        Kind.URL: "https://a.example",
        Kind.EMAIL: "a@b.example", Kind.PHONE: "+33 1 23", Kind.PICK_LIST: "north",
        Kind.MULTI_PICK_LIST: ["north", "south"],
        Kind.ACCOUNT: make.account("Head office", number="007").id,
    }  # fmt: skip
    return {
        make.field(
            f"Own {kind.value}", kind=kind.value,
            pick_list="territory" if kind in (Kind.PICK_LIST, Kind.MULTI_PICK_LIST) else None,
        ).name: held[kind]
        for kind in KINDS
    }  # fmt: skip


@pytest.mark.parametrize("file", ["csv", "xlsx"])
def test_an_account_with_everything_comes_back_from_its_file_unchanged(make, file):
    account = make.account(
        "'=Acme", number="0042", owner_id=make.bob.id, team_id=make.bob.teams[0].id,
        credit_limit=Decimal("1250.00"), tags=["a b", "c"], phone="+44 20", active=False,
        payment_status="overdue", custom=own_fields(make),
    )  # fmt: skip

    rows = read(file_of(started("account", file, make.mona, ("q", "0042"))))

    specs = fields.of("account")
    words = meant([text for row in rows for text in row.values() if text], by=make.mona)
    known = pick_lists.lookups()
    lookups = Lookups(known.pick_lists, known.users, known.teams, known.retired, words)
    columns = suggested([name for name in rows[0] if name != "Account ID"], dict(specs))
    found = apply(FieldMapping(columns, clear_empty=True), specs, rows[0], lookups)
    assert [row["Account ID"] for row in rows] == [str(account.id)]
    assert (rows[0]["Owner"], rows[0]["Team"]) == ("bob@crm.example", "North")
    assert (found.problems, found.retired) == ({}, {})
    account = session.get_one(Account, account.id)
    assert found.values == {name: account.value(specs[name]) for name in columns}


def test_only_accounts_that_the_list_shows_and_she_sees_are_in_the_file(make):
    make.account("Mine", owner_id=make.bob.id)
    make.account("Theirs", owner_id=make.mallory.id)
    make.account("Inactive", owner_id=make.bob.id, active=False)

    rows = read(file_of(started("account", "csv", make.bob, ("owner", "me"), ("active", "yes"))))

    assert [row["Name"] for row in rows] == ["Mine"]


@pytest.mark.parametrize("file", ["csv", "xlsx"])
def test_contacts_and_activities_come_back_unchanged(make, file):
    account = make.account("Acme", number="0042")
    person = make.contact(account, "=Doe", notes="a\nb", phone="+33 12", active=False)
    make.contact(account, "Gone", deleted_at=person.created_at)
    done = make.activity(account, "-Call", contact_id=person.id, owner_id=make.bob.id, kind="call")

    people = read(file_of(started("contact", file, make.mona)))
    doings = read(file_of(started("activity", file, make.mona)))

    for row, record, specs in (
        (people[0], session.get_one(Contact, person.id), CONTACT_FIELDS),
        (doings[0], session.get_one(Activity, done.id), ACTIVITY_FIELDS),
    ):
        assert (row["Account number"], row["Account ID"]) == ("0042", str(account.id))
        for name, spec in specs.items():
            held = parse(spec, row[spec.label], pick_lists.lookups())
            assert held == getattr(record, name), name
    assert (len(people), len(doings)) == (1, 1)


def test_many_accounts_are_written_some_at_a_time_in_the_order_of_the_list(make, monkeypatch):
    monkeypatch.setattr(record_exports.account_list, "CHUNK", 2)
    for name in ("c", "a", "e", "b", "d"):
        make.account(f"Acme {name}", owner_id=make.bob.id)
    run = started("account", "csv", make.mona, ("owner", str(make.bob.id)))

    rows = read(file_of(run))

    assert [row["Name"] for row in rows] == [f"Acme {letter}" for letter in "abcde"]
    run = session.get_one(Run, run.id)
    assert (run.total, run.done, run.status) == (5, {"written": 5}, "done")


def test_few_accounts_need_no_run(make):
    make.account("Acme", owner_id=make.bob.id)
    asked = record_exports.asked("account", "csv", [], by=make.bob)

    sheet = record_exports.small(
        asked, "Accounts", record_exports.headings_of("account"), by=make.bob
    )

    assert sheet is not None
    assert [row[1] for row in sheet.rows] == ["Acme", "Everybody's Elevators"]


def test_what_there_is_no_export_of_is_refused(make):
    with pytest.raises(Invalid) as refused:
        record_exports.asked("secrets", "exe", [], by=make.alice)

    assert refused.value.fields.keys() == {"object", "file"}


def test_headings_of_addresses_are_not_there_twice():
    assert len({heading(spec) for spec in ACCOUNT_FIELDS.values()}) == len(ACCOUNT_FIELDS)
    assert HEADINGS.keys() < ACCOUNT_FIELDS.keys()


def test_a_column_that_an_import_leaves_alone_says_so_in_its_heading(make):
    """Else a cell is edited there, and neither preview nor receipt say that nothing came of it."""
    unread = {heading(spec) for spec in ACCOUNT_FIELDS.values() if not spec.mappable}

    assert unread == {"Parent account (not imported)", "Primary contact (not imported)"}
    assert unread < set(record_exports.headings_of("account"))


def test_a_file_that_shows_more_than_is_open_to_her_now_is_closed(make):
    make.account("Acme")
    run_id = started("account", "csv", make.mona).id
    runs.work(run_id)
    run = runs.get(run_id, by=make.mona)
    before = exports.file_of(run, by=make.mona)
    reaches.restrict(make.mona.id, sees=[], edits=None, territories=[], by=make.alice)

    with pytest.raises(Conflict, match="Have it made again"):
        exports.file_of(make.again(Run, run_id), by=make.again(User, make.mona.id))

    reaches.restrict(make.mona.id, sees=None, edits=None, territories=[], by=make.alice)
    assert exports.file_of(make.again(Run, run_id), by=make.again(User, make.mona.id)) == before
