"""Reading only what changed of a table since the last time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from crmapp.connectors.cursors import LOOK_BACK
from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.sql.reader import STAMPS_EMPTY
from tests.connectors.sql.databases import CUSTOMERS, SqliteErp

MORNING, NOON = datetime(2024, 6, 15, 8), datetime(2024, 6, 15, 12)  # noqa: DTZ001 - as a column


def read(erp, cursor=None, **more):
    """Read to the end; return the keys and the last cursor, which has been kept as JSON."""
    with erp.reader(stamp="changed", **more) as reader:
        pages = list(reader.read(erp.listed, ("name",), cursor))
    kept = json.loads(json.dumps(pages[-1].cursor))
    return [record["code"] for page in pages for record in page.records], kept


def test_only_what_changed_is_read_again(erp):
    erp.customers(*((f"C{n}", "Acme", MORNING) for n in range(7)))
    everything, cursor = read(erp)
    erp.customers(("C7", "New", NOON))
    erp.run(f"UPDATE {erp.table} SET changed = '{NOON}' WHERE code IN ('C5', 'C2')")

    changed, cursor = read(erp, cursor)
    nothing_new, _ = read(erp, cursor)

    assert everything == [f"C{n}" for n in range(7)]
    # What bears the stamps of then may still have been on its way.
    assert changed[-3:] == ["C2", "C5", "C7"]
    assert nothing_new == ["C2", "C5", "C7"]


def test_a_row_that_was_committed_late_is_not_missed(erp):
    erp.customers(("C1", "Acme", NOON))
    _, cursor = read(erp)
    erp.customers(("C0", "Late", NOON - LOOK_BACK + timedelta(seconds=1)))
    erp.customers(("C9", "Old", NOON - LOOK_BACK - timedelta(seconds=5)))

    changed, _ = read(erp, cursor)

    assert changed == ["C0", "C1"]


def test_a_clock_that_is_behind_hides_nothing(erp):
    """It is the stamps that say how far we are, not our clock, which the database's may lag."""
    long_ago = datetime(2019, 1, 1)  # noqa: DTZ001 - as a column
    erp.customers(("C1", "Acme", long_ago))
    _, cursor = read(erp)
    erp.customers(("C2", "New", long_ago + timedelta(minutes=1)))

    changed, _ = read(erp, cursor)

    assert changed == ["C1", "C2"]


def test_a_row_from_the_future_hides_nothing(erp):
    erp.customers(("C1", "Acme", "2099-01-01 00:00:00"))
    _, cursor = read(erp)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    erp.customers(("C2", "New", now))

    changed, _ = read(erp, cursor)

    assert changed == ["C2", "C1"]


def test_many_rows_that_changed_at_once_all_come(erp):
    erp.customers(("C", "Acme", MORNING))
    _, cursor = read(erp)
    erp.customers(*((f"D{n}", "New", NOON) for n in range(8)))

    changed, _ = read(erp, cursor)

    assert changed == ["C", *(f"D{n}" for n in range(8))]


def test_a_reading_of_changes_that_was_killed_goes_on(erp):
    erp.customers(("C", "Acme", MORNING - timedelta(days=1)))
    _, cursor = read(erp)
    stamps = (MORNING, MORNING, MORNING, MORNING, NOON, NOON)
    erp.customers(*((f"D{n}", "New", stamp) for n, stamp in enumerate(stamps)))
    with erp.reader(stamp="changed") as reader:
        first = next(reader.read(erp.listed, ("name",), cursor))

    rest, _ = read(erp, json.loads(json.dumps(first.cursor)))

    first_keys = [record["code"] for record in first.records]
    assert first_keys + rest == ["C", *(f"D{n}" for n in range(6))]


def test_what_changed_while_it_was_read_comes_the_next_time(erp):
    erp.customers(*((f"C{n}", "Acme", MORNING) for n in range(7)))
    with erp.reader(stamp="changed") as reader:
        pages = reader.read(erp.listed, ("name",))
        next(pages)
        erp.run(f"UPDATE {erp.table} SET name = 'New', changed = '{NOON}' WHERE code = 'C0'")
        *_, last = pages

    changed, _ = read(erp, last.cursor)

    assert "C0" in changed


def test_rows_without_a_stamp_come_when_everything_is_read_and_are_told_of(erp):
    erp.customers(("C1", "Acme", MORNING), ("C2", "Never", None))
    with erp.reader(stamp="changed") as reader:
        notes = reader.notes(erp.listed)

    everything, cursor = read(erp)
    changed, _ = read(erp, cursor)

    assert (everything, changed) == (["C1", "C2"], ["C1"])
    assert notes == (STAMPS_EMPTY,)


def test_a_table_that_is_empty_is_read_whole_the_next_time(erp):
    nothing, cursor = read(erp)
    erp.customers(("C1", "Acme", MORNING), ("C2", "Never", None))

    assert nothing == []
    assert read(erp, cursor)[0] == ["C1", "C2"]


def test_rows_without_a_key_are_among_the_changes(erp):
    erp.run(f"CREATE TABLE {erp.table}_x AS SELECT code, name, changed FROM {erp.table}")
    erp.run(f"INSERT INTO {erp.table}_x VALUES ('C1', 'Acme', '{MORNING}')")
    if erp.kind == "postgresql":
        erp.run(f"ALTER TABLE {erp.table}_x ALTER code DROP NOT NULL")
    elif erp.kind == "mariadb":
        erp.run(f"ALTER TABLE {erp.table}_x MODIFY code VARCHAR(20) NULL")
    erp.listed += "_x"
    _, cursor = read(erp, key="code")
    erp.run(f"INSERT INTO {erp.table.removesuffix('_x')}_x VALUES (NULL, 'Acme', '{NOON}')")

    changed, _ = read(erp, cursor, key="code")

    assert changed == ["C1", None]


@pytest.mark.parametrize("column", ["name", "Delivery Zone"])
def test_a_column_that_holds_no_moments_cannot_tell_changes(erp, column):
    erp.customers(("C1", "Acme", 7), columns="code, name, " + quoted(erp, "Delivery Zone"))

    with erp.reader(stamp=column) as reader, pytest.raises(ConfigBroken) as refused:
        list(reader.read(erp.listed, ("name",)))

    assert refused.value.field == column


def quoted(erp, name):
    return f"`{name}`" if erp.kind == "mariadb" else f'"{name}"'


def test_days_are_stamps_too(erp):
    erp.run(f"INSERT INTO {erp.table} (code, name, since) VALUES ('C1', 'a', '2024-06-14')")
    with erp.reader(stamp="since") as reader:
        *_, last = reader.read(erp.listed, ("name",))
    rows = [("C2", "b", "2024-06-14"), ("C3", "c", "2024-06-12"), ("C4", "d", "2024-06-15")]
    erp.customers(*rows, columns="code, name, since")

    with erp.reader(stamp="since") as reader:
        pages = list(reader.read(erp.listed, ("name",), last.cursor))

    assert [record["code"] for page in pages for record in page.records] == ["C1", "C2", "C4"]


@pytest.mark.parametrize("written", ["2024-06-15T12:00:00Z", "2024-06-15 12:00:00.123456+00:00"])
def test_sqlite_tells_changes_by_texts_however_they_are_written(written, tmp_path):
    erp = SqliteErp(tmp_path)
    erp.run(f"CREATE TABLE customers ({CUSTOMERS['sqlite']})")
    erp.customers(("C1", "Acme", written), ("C2", "Old", written.replace("12:00", "11:40")))
    _, cursor = read(erp)

    assert read(erp, cursor)[0] == ["C1"]
