"""Days and moments of PostgreSQL that no calendar of ours has."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crmapp.connectors.sql.reader import STAMPS_EMPTY
from tests.connectors.sql.databases import CUSTOMERS, opened

MORNING = "2026-06-15 08:00:00"
STRANGE = ("infinity", "-infinity", "0044-03-15 BC", "12026-01-01")


@pytest.fixture
def erp(tmp_path, _servers):
    with opened("postgresql", tmp_path) as erp:
        erp.run(f"CREATE TABLE {erp.table} ({CUSTOMERS['postgresql']})")
        yield erp


def read(reader, cursor=None, object="sales.customers"):
    """Read to the end; return key → day and moment, and the last cursor."""
    with reader:
        pages = list(reader.read(object, ("since", "changed"), cursor))
    found = {row["code"]: row for page in pages for row in page.records}
    return {code: (row["since"], row["changed"]) for code, row in found.items()}, pages[-1].cursor


def put(erp, **stamps):
    for code, stamp in stamps.items():
        columns = "code, name, since, changed"
        erp.customers((code, "Name", stamp, stamp), columns=columns)


def test_they_come_as_texts_and_hinder_no_other_row(erp):
    put(erp, C1=MORNING, **dict(zip(("C2", "C3", "C4", "C5"), STRANGE, strict=True)))

    found, _cursor = read(erp.reader())

    assert found["C1"] == (date(2026, 6, 15), datetime(2026, 6, 15, 8, tzinfo=UTC))
    assert (found["C2"], found["C3"]) == (("infinity",) * 2, ("-infinity",) * 2)
    assert found["C4"] == ("0044-03-15 BC", "0044-03-15 00:00:00+00 BC")
    assert found["C5"] == ("12026-01-01", "12026-01-01 00:00:00+00")


def test_moments_without_a_zone_do_so_too_in_tables_and_queries(erp):
    erp.run(f"ALTER TABLE {erp.table} ALTER changed TYPE timestamp")
    put(erp, C1="infinity")

    with erp.reader(query=f"SELECT code, changed FROM {erp.table}", key="code") as reader:
        pages = list(reader.read("query", ("changed",)))

    assert [row["changed"] for page in pages for row in page.records] == ["infinity"]


@pytest.mark.parametrize("stamp", ["since", "changed"])
def test_as_stamps_they_are_read_with_everything_and_do_not_hide_what_changes(erp, stamp):
    put(erp, C1=MORNING, **dict(zip(("C2", "C3", "C4", "C5"), STRANGE, strict=True)))
    whole, cursor = read(erp.reader(stamp=stamp))
    put(erp, C6="2026-06-16 08:00:00", C7="infinity")

    changed, _cursor = read(erp.reader(stamp=stamp), cursor)

    assert whole.keys() == {"C1", "C2", "C3", "C4", "C5"}
    assert "C6" in changed
    assert not changed.keys() & {"C2", "C3", "C4", "C5", "C7"}


def test_a_query_tells_moments_by_the_rows_that_have_one(erp):
    put(erp, C1="infinity", C2=MORNING)
    query = f"SELECT code, since, changed FROM {erp.table} ORDER BY code"
    options = {"query": query, "key": "code", "stamp": "changed"}
    _whole, cursor = read(erp.reader(**options), object="query")
    put(erp, C3="2026-06-16 08:00:00")

    changed, _cursor = read(erp.reader(**options), cursor, object="query")

    assert "C3" in changed
    assert "C1" not in changed


def test_a_table_whose_stamps_are_all_of_them_is_read_whole_the_next_time(erp):
    put(erp, C1="infinity", C2="-infinity")
    _whole, cursor = read(erp.reader(stamp="changed"))

    again, _cursor = read(erp.reader(stamp="changed"), cursor)

    assert again.keys() == {"C1", "C2"}


@pytest.mark.parametrize("stamp, notes", [("infinity", (STAMPS_EMPTY,)), (MORNING, ())])
def test_who_reads_only_changes_is_told_of_them(erp, stamp, notes):
    put(erp, C1=stamp)

    with erp.reader(stamp="changed") as reader:
        assert reader.notes("sales.customers") == notes
