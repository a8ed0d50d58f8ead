"""Reading an SQL database, on real servers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import RemoteKind

MORNING = "2026-06-15 08:00:00"


def read(reader, object, fields=("name",), cursor=None):
    """Read to the end; return the records and the last cursor."""
    with reader:
        pages = list(reader.read(object, fields, cursor))
    return [record for page in pages for record in page.records], pages[-1].cursor


def test_a_check_says_what_answers(erp):
    with erp.reader() as reader:
        check = reader.check()

    assert check.version.startswith(erp.kind)
    assert check.notes == ()


def test_tables_and_views_can_be_chosen(erp):
    erp.run(f"CREATE VIEW {erp.table}_here AS SELECT code FROM {erp.table}")

    with erp.reader() as reader:
        names = [each.name for each in reader.objects()]

    assert names == [erp.listed, f"{erp.listed}_here"]


def test_columns_are_described_by_their_types(erp):
    with erp.reader() as reader:
        described = reader.describe(erp.listed)

    assert {field.name: field.kind for field in described.fields} == {
        "code": RemoteKind.ID,
        "name": RemoteKind.LONG_TEXT,
        "city": RemoteKind.TEXT,
        "credit": RemoteKind.NUMBER,
        "active": RemoteKind.YES_NO,
        "since": RemoteKind.DATE,
        "changed": RemoteKind.DATE_TIME,
        "Delivery Zone": RemoteKind.INTEGER,
    }
    assert described.field("name").required
    assert described.field("city").length == 40


def test_values_come_as_what_they_are(erp):
    row = ("C1", "Łódź 100 % :x", "Montréal", "1.50", 1, "2020-02-29", MORNING, 7)
    values = [f"'{each}'" if isinstance(each, str) else str(each) for each in row]
    values[4] = "TRUE"
    erp.run(f"INSERT INTO {erp.table} VALUES ({', '.join(values)})")

    fields = ("name", "city", "credit", "active", "since", "changed", "Delivery Zone")
    (record,), _ = read(erp.reader(), erp.listed, fields)

    assert record == {
        "code": "C1",
        "name": "Łódź 100 % :x",
        "city": "Montréal",
        "credit": Decimal("1.50"),
        "active": True,
        "since": date(2020, 2, 29),
        "changed": datetime(2026, 6, 15, 8, tzinfo=UTC),
        "Delivery Zone": 7,
    }


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
def test_every_row_comes_once_in_pages(erp, count):
    erp.customers(*((f"C{n}", "Acme", MORNING) for n in range(count)))

    with erp.reader() as reader:
        pages = list(reader.read(erp.listed, ("name",)))
        counted = reader.count(erp.listed)
        ids = [key for part in reader.read_ids(erp.listed) for key in part]

    keys = [record["code"] for page in pages for record in page.records]
    assert keys == ids == [f"C{n}" for n in range(count)]
    assert counted == count
    assert max(len(page.records) for page in pages) <= 3


def test_a_reading_that_was_killed_goes_on_from_its_last_cursor(erp):
    erp.customers(*((f"C{n}", "Acme", MORNING) for n in range(8)))
    with erp.reader() as reader:
        first = next(reader.read(erp.listed, ("name",)))

    rest, _ = read(erp.reader(), erp.listed, cursor=first.cursor)

    keys = [record["code"] for record in (*first.records, *rest)]
    assert keys == [f"C{n}" for n in range(8)]


def test_rows_deleted_between_pages_take_no_others_with_them(erp):
    erp.customers(*((f"C{n}", "Acme", MORNING) for n in range(9)))
    with erp.reader() as reader:
        pages = reader.read(erp.listed, ("name",))
        first = next(pages)
        erp.run(f"DELETE FROM {erp.table} WHERE code IN ('C0', 'C1', 'C3', 'C5')")

        keys = [record["code"] for page in (first, *pages) for record in page.records]

    assert keys == ["C0", "C1", "C2", "C4", "C6", "C7", "C8"]


def test_rows_that_share_a_key_all_come(erp):
    erp.run(f"CREATE TABLE {erp.table}_x (code VARCHAR(9), name VARCHAR(9))")
    names = "abcdefghijk"
    for name in names:
        erp.run(
            f"INSERT INTO {erp.table}_x VALUES ('C{'abbcddddddd'[names.index(name)]}', '{name}')"
        )

    found, _ = read(erp.reader(key="code"), f"{erp.listed}_x")

    assert sorted(record["name"] for record in found) == list(names)


def test_keys_that_differ_in_large_and_small_letters_all_come(erp):
    erp.run(f"CREATE TABLE {erp.table}_x (code VARCHAR(9), name VARCHAR(9))")
    for n, code in enumerate(("a", "A", "b", "B", "B", "b", "c", "C")):
        erp.run(f"INSERT INTO {erp.table}_x VALUES ('{code}', '{n}')")

    found, _ = read(erp.reader(key="code", page=2), f"{erp.listed}_x")

    assert {record["name"] for record in found} == set("01234567")


@pytest.mark.parametrize("codes", ["ABa", "0Aa", "AAa", "AaBb", "AABaab", "aeéf", "eÉé"])
def test_letters_that_stand_apart_in_the_order_of_the_database_all_come(erp, codes):
    erp.run(f"CREATE TABLE {erp.table}_x (code VARCHAR(9), name VARCHAR(9))")
    for n, code in enumerate(codes):
        erp.run(f"INSERT INTO {erp.table}_x VALUES ('{code}', '{n}')")

    found, _ = read(erp.reader(key="code", page=2), f"{erp.listed}_x")

    assert sorted(record["name"] for record in found) == [str(n) for n in range(len(codes))]


def test_a_reading_ends_whatever_letters_a_database_takes_for_equal(erp):
    erp.run(f"CREATE TABLE {erp.table}_x (code VARCHAR(9), name VARCHAR(9))")
    for n, code in enumerate("sSß"):
        erp.run(f"INSERT INTO {erp.table}_x VALUES ('{code}', '{n}')")

    found, _ = read(erp.reader(key="code", page=2), f"{erp.listed}_x")

    assert {record["name"] for record in found} == set("012")


def test_rows_without_a_key_come_last_and_say_so(erp):
    erp.run(f"CREATE TABLE {erp.table}_x (code VARCHAR(9), name VARCHAR(9))")
    for code in ("NULL", "'C1'", "NULL", "'C2'", "'  '", "NULL", "NULL"):
        erp.run(f"INSERT INTO {erp.table}_x VALUES ({code}, 'Acme')")

    found, _ = read(erp.reader(key="code"), f"{erp.listed}_x")

    assert sorted(str(record["code"]) for record in found) == ["C1", "C2", *["None"] * 5]
    assert [record["code"] for record in found][-4:] == [None] * 4


def test_numbers_are_keys_like_texts(erp):
    erp.run(f"CREATE TABLE {erp.table}_x (no INTEGER PRIMARY KEY, name VARCHAR(9))")
    for number in (1, 2, 9, 10, 11, 100):
        erp.run(f"INSERT INTO {erp.table}_x VALUES ({number}, 'Acme')")

    found, _ = read(erp.reader(), f"{erp.listed}_x")

    assert [record["no"] for record in found] == ["1", "2", "9", "10", "11", "100"]


def test_a_table_without_a_key_can_be_seen_but_not_read_until_one_is_chosen(erp):
    erp.run(f"CREATE TABLE {erp.table}_x (code VARCHAR(9), name VARCHAR(9))")

    with erp.reader() as reader:
        kinds = {field.kind for field in reader.describe(f"{erp.listed}_x").fields}
        with pytest.raises(ConfigBroken, match="Choose its key"):
            list(reader.read(f"{erp.listed}_x", ("name",)))

    assert RemoteKind.ID not in kinds


def test_a_query_is_read_like_a_table(erp):
    erp.customers(*((f"C{n}", f"50 % {n}", MORNING) for n in range(5)))
    query = f"""
        SELECT c.code AS no, c.name, ':x \\:y' AS odd FROM {erp.table} c
        WHERE c.name LIKE '50 %' AND c.code <> 'C3' -- no more
    ;"""

    with erp.reader(query=query, key="no") as reader:
        names = [each.name for each in reader.objects()]
        kinds = {field.name: field.kind for field in reader.describe("query").fields}
        count = reader.count("query")
    found, _ = read(erp.reader(query=query, key="no"), "query", ("name",))

    assert (names, count) == (["query"], 4)
    assert kinds == {"no": RemoteKind.ID, "name": RemoteKind.TEXT, "odd": RemoteKind.TEXT}
    assert [record["no"] for record in found] == ["C0", "C1", "C2", "C4"]
    assert found[0]["name"] == "50 % 0"


@pytest.mark.parametrize(
    "query",
    ["DELETE FROM customers", "SELECT 1; SELECT 2", "SELECT 1) AS x; DROP TABLE y; --", "x"],
)
def test_a_query_that_does_not_just_read_is_refused(erp, query):
    with erp.reader(query=query, key="code") as reader:
        with pytest.raises(ConfigBroken) as refused:
            reader.check()
        with pytest.raises(ConfigBroken):
            reader.describe("query")

    assert refused.value.field == "query"
