"""What every connector does alike, tried over a real socket against its pretend system."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from crmapp.connectors.errors import (
    AuthFailed,
    ConfigBroken,
    RowRejected,
    WrongInstance,
)
from crmapp.connectors.port import RemoteKind
from crmapp.connectors.sandbox.faults import Kind


def test_a_check_says_where_and_as_whom(subject):
    found = subject.connect().check()

    assert found.organisation
    assert found.user
    assert found.version
    assert not found.is_sandbox or subject.kind == "salesforce"


def test_wrong_credentials_are_told_as_such(subject):
    settings = subject.wrong(subject.settings)

    with pytest.raises(AuthFailed) as failed:
        subject.connect(settings=settings).check()

    assert len(str(failed.value.message)) > 30


def test_a_private_address_is_refused_unless_it_is_a_sandbox(subject):
    with pytest.raises(WrongInstance):
        subject.connect(sandbox=False).check()

    assert subject.log == []


def test_an_object_is_described(subject):
    described = subject.connect().describe(subject.object)

    assert described.object == subject.object
    assert described.field(subject.id).kind is RemoteKind.ID
    assert described.field(subject.name).required
    assert described.field(subject.name).label
    assert len({each.kind for each in described.fields}) > 5


def test_records_are_counted_and_their_ids_listed(subject):
    subject.fill()
    connector = subject.connect(page=subject.page)

    pages = list(connector.read_ids(subject.object))
    ids = [id for page in pages for id in page]

    assert len(ids) == len(set(ids)) == connector.count(subject.object) > 80
    assert len(pages) > 1


def test_a_reading_gives_every_record_once(subject):
    subject.fill()
    connector = subject.connect(page=subject.page)

    pages = list(connector.read(subject.object, subject.fields))

    records = [record for page in pages for record in page.records]
    ids = [id for page in connector.read_ids(subject.object) for id in page]
    assert [str(record[subject.id]) for record in records] == ids
    assert len(pages) > 1
    assert all(record[subject.name] for record in records)


def test_a_record_is_read_alone_with_the_same_values(subject):
    connector = subject.connect()
    record = next(connector.read(subject.object, subject.fields)).records[3]

    alone = connector.read_one(subject.object, str(record[subject.id]), subject.fields)

    assert {name: alone[name] for name in subject.fields} == {
        name: record[name] for name in subject.fields
    }


@pytest.mark.parametrize(
    "id", ["", "99999999", "001000000000001AAA", "x' OR Id != '", "../..", "²"]
)
def test_a_record_that_is_not_there_is_none(subject, id):
    assert subject.connect().read_one(subject.object, id, subject.fields) is None


def ids_in(subject, pages):
    return {str(record[subject.id]) for page in pages for record in page.records}


def kept(page):
    """Return a page's cursor as it comes back from where a run keeps it."""
    return json.loads(json.dumps(page.cursor))


def test_a_reading_killed_after_any_page_and_continued_misses_nothing(subject):
    subject.fill()
    connector = subject.connect(page=subject.page)
    pages = list(connector.read(subject.object, subject.fields))
    every = ids_in(subject, pages)

    for number in range(len(pages) - 1):
        before = ids_in(subject, pages[: number + 1])
        again = subject.connect(page=subject.page)
        rest = ids_in(subject, again.read(subject.object, subject.fields, kept(pages[number])))

        assert before | rest == every


def test_a_reading_of_changes_killed_after_any_page_misses_nothing(subject):
    connector = subject.connect(page=subject.page)
    *_, done = connector.read(subject.object, subject.fields)
    written = connector.upsert(subject.object, subject.match, subject.rows(subject.page * 7 // 2))
    wanted = {result.id for result in written}
    pages = list(connector.read(subject.object, subject.fields, done.cursor))
    assert len(pages) > 2

    for number in range(len(pages) - 1):
        before = ids_in(subject, pages[: number + 1])
        rest = ids_in(subject, connector.read(subject.object, subject.fields, pages[number].cursor))

        assert before | rest >= wanted


def test_what_changes_after_a_reading_is_in_the_next(subject):
    connector = subject.connect()
    connector.upsert(subject.object, subject.match, subject.rows(3))
    *_, done = connector.read(subject.object, subject.fields)

    connector.upsert(subject.object, subject.match, [subject.row(1, "Renamed"), subject.row(7)])

    pages = list(connector.read(subject.object, subject.fields, done.cursor))
    names = {r[subject.match]: r[subject.name] for page in pages for r in page.records}
    assert names["T-0001"] == "Renamed"
    assert names["T-0007"] == "Tried 7"


def test_what_changes_during_a_reading_is_in_it_or_in_the_next(subject):
    connector = subject.connect(page=subject.page)
    connector.upsert(subject.object, subject.match, subject.rows(subject.page * 2))
    reading = connector.read(subject.object, subject.fields)
    first = next(reading)

    other = subject.connect()
    other.upsert(subject.object, subject.match, [subject.row(5, "Moved"), subject.row(70)])

    pages = [first, *reading]
    pages += connector.read(subject.object, subject.fields, pages[-1].cursor)
    names = {r[subject.match]: r[subject.name] for page in pages for r in page.records}
    assert names["T-0005"] == "Moved"
    assert "T-0070" in names


def test_records_deleted_between_pages_take_no_others_with_them(subject):
    subject.fill()
    every = ids_in(subject, subject.connect().read(subject.object, subject.fields))
    pages = subject.connect(page=subject.page).read(subject.object, subject.fields)
    first = next(pages)
    come = [str(record[subject.id]) for record in first.records]

    subject.forget(come[::2])

    rest = ids_in(subject, pages)
    assert {*map(str, rest)} >= {*map(str, every)} - {*come}


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_wrong_clock_on_the_other_side_hides_nothing(subject, seconds):
    connector = subject.connect()
    connector.describe(subject.object)
    subject.fault(Kind.WRONG_CLOCK, seconds=seconds, times=None)
    *_, done = connector.read(subject.object, subject.fields)
    subject.well()

    connector.upsert(subject.object, subject.match, [subject.row(1)])

    pages = connector.read(subject.object, subject.fields, done.cursor)
    assert "T-0001" in {record[subject.match] for page in pages for record in page.records}


def test_rows_are_created_then_found_again(subject):
    connector = subject.connect()
    before = connector.count(subject.object)
    rows = subject.rows(5)

    created = connector.upsert(subject.object, subject.match, rows)
    again = connector.upsert(subject.object, subject.match, rows)

    assert [result.created for result in created] == [True] * 5
    assert [result.created for result in again] == [False] * 5
    assert [result.id for result in again] == [result.id for result in created]
    assert connector.count(subject.object) == before + 5


def test_results_come_in_the_order_of_the_rows(subject):
    connector = subject.connect()
    connector.upsert(subject.object, subject.match, subject.rows(230)[::2])

    results = connector.upsert(subject.object, subject.match, subject.rows(230))

    for number in (0, 1, 117, 200, 229):
        record = connector.read_one(subject.object, results[number].id, subject.fields)
        assert record[subject.match] == f"T-{number:04}"
        assert results[number].created is bool(number % 2)


def test_a_wrong_row_is_told_and_the_others_go_on(subject):
    rows = [subject.row(1), {**subject.row(2), **subject.broken}, subject.row(3)]

    first, wrong, last = subject.connect().upsert(subject.object, subject.match, rows)

    assert first.id
    assert last.id
    assert isinstance(wrong.error, RowRejected)
    assert wrong.error.code
    assert wrong.error.remote
    assert not wrong.retry


def test_rows_that_cannot_be_told_apart_are_not_sent(subject):
    connector = subject.connect()
    before = connector.count(subject.object)
    rows = [
        {**subject.row(1), subject.match: ""},
        {**subject.row(1), subject.match: None},
        subject.row(2, "One"),
        subject.row(2, "Another"),
        subject.row(3),
    ]

    results = connector.upsert(subject.object, subject.match, rows)

    codes = [result.error.code if result.error else "" for result in results]
    assert codes == ["MISSING_MATCH_KEY"] * 2 + ["DUPLICATE_MATCH_KEY"] * 2 + [""]
    assert connector.count(subject.object) == before + 1


def test_no_rows_are_no_requests(subject):
    connector = subject.connect()
    connector.describe(subject.object)
    asked = len(subject.log)

    assert connector.upsert(subject.object, subject.match, []) == []
    assert len(subject.log) == asked


def test_a_field_that_is_gone_is_named(subject):
    connector = subject.connect()
    connector.describe(subject.object)
    gone = subject.others[0]
    subject.fault(Kind.FIELD_VANISHED, object=subject.object, field=gone, times=None)

    with pytest.raises(ConfigBroken) as broken:
        list(connector.read(subject.object, subject.fields))
    assert broken.value.field == gone
    assert connector.describe(subject.object).field(gone) is None


def test_a_field_that_is_gone_is_not_passed_over_in_writing(subject):
    connector = subject.connect()
    connector.describe(subject.object)
    gone = subject.others[0]
    subject.fault(Kind.FIELD_VANISHED, object=subject.object, field=gone, times=None)

    with pytest.raises(ConfigBroken) as broken:
        connector.upsert(subject.object, subject.match, [{**subject.row(1), gone: "active"}])

    assert broken.value.field == gone


def test_an_object_that_is_not_there_is_named(subject):
    nothing = "no-such/thing" if subject.kind == "intacct_rest" else "NoSuchThing"

    with pytest.raises(ConfigBroken) as broken:
        subject.connect().describe(nothing)

    assert broken.value.field == nothing


def test_use_is_counted(subject):
    connector = subject.connect()

    connector.count(subject.object)

    usage = connector.usage()
    assert usage.used > 0
    assert usage.limit
    assert usage.per in ("day", "month")
    assert (datetime.now(UTC) - usage.at).total_seconds() >= 0
