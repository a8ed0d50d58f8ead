from __future__ import annotations

import pytest

from tests.support.intacct import numbers, record, texts


def asked(query, *, fields="CUSTOMERID", size=1000, object="CUSTOMER"):
    return (
        f"<readByQuery><object>{object}</object><fields>{fields}</fields>"
        f"<query>{query}</query><pagesize>{size}</pagesize></readByQuery>"
    )


@pytest.mark.parametrize(
    "query, found",
    [
        ("", 92),
        ("CUSTOMERID = 'C001'", 1),
        ("CUSTOMERID = 'C001' OR CUSTOMERID = 'C002' AND NAME = 'x'", 1),
        ("(CUSTOMERID = 'C001' OR CUSTOMERID = 'C002') AND NAME like 'A%'", 2),
        ("NAME != 'x'", 92),
        ("RECORDNO &lt; 4", 3),
        ("RECORDNO &gt;= 90", 3),
        ("CUSTOMERID in ('C001', 'C002', 'nope')", 2),
        ("CUSTOMERID not in ('C001','C002')", 90),
        ("NAME not like '%a%'", 24),
        ("PARENTID IS NULL", 92),
        ("TERMNAME IS NOT NULL", 92),
        ("STATUS = 'T'", 88),
        ("status = 'inactive'", 4),
        ("NAME = 'Jane\\'s Deli'", 0),
        ("NAME = 'Men ''R'' US Retailers, Ltd.'", 1),
        ("WHENMODIFIED &gt; '04/08/2024 00:00:00'", 2),
        ("CREDITLIMIT &gt; 40000", 20),
    ],
)
def test_a_query_finds_what_it_says(gateway, query, found):
    data = gateway.data(asked(query))

    assert data.get("totalcount") == str(found)
    assert len(data) == found


@pytest.mark.parametrize(
    "query",
    ["NAME", "NAME =", "NAME = 'a' 'b'", "= 'a'", "NOPE = 1", "(NAME = 'a'", "NAME ~ 'a'",
     "NAME = 'a", "TERRITORYNAME = 'x'", "NAME in ()", "NAME = 'a' AND"],
)  # fmt: skip
def test_a_query_that_cannot_be_read_is_refused(gateway, query):
    assert numbers(gateway.do(asked(query))) == ["DL02000001"]


def test_reading_goes_on_until_nothing_remains(gateway):
    first = gateway.data(asked("CUSTOMERID like 'C0%'", size=40))
    more = f"<readMore><resultId>{first.get('resultId')}</resultId></readMore>"
    second, third = gateway.data(more), gateway.data(more)

    pages = (first, second, third)
    assert [each.get("numremaining") for each in pages] == ["52", "12", "0"]
    assert {each.get("totalcount") for each in pages} == {"92"}
    assert {each.get("resultId") for each in pages} == {first.get("resultId")}
    read = [record(each)["CUSTOMERID"] for page in pages for each in page]
    assert read == [f"C{number:03}" for number in range(1, 93)]


def test_records_are_named_in_small_letters_and_their_fields_are_flat(gateway):
    [found] = gateway.data(asked("CUSTOMERID = 'C001'", fields="*"))

    assert found.tag == "customer"
    assert found.findtext("DISPLAYCONTACT.MAILADDRESS.CITY") == "Manchester"
    assert found.findtext("INTERESTS") == "Cars#~#Planes"
    assert found.findtext("WHENMODIFIED") == "01/09/2024 09:00:00"


def test_an_unknown_result_cannot_be_read_on(gateway):
    result = gateway.do("<readMore><resultId>nope</resultId></readMore>")

    assert "nope" in texts(result)[0]


@pytest.mark.parametrize("size", ["0", "1001", "x"])
def test_a_page_has_between_one_and_1000_rows(gateway, size):
    assert gateway.do(asked("", size=size)).findtext("status") == "failure"
