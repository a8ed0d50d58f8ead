from __future__ import annotations

import pytest

from crmapp.connectors.sandbox.intacct import records
from crmapp.connectors.sandbox.intacct.objects import OBJECTS, find
from crmapp.connectors.sandbox.intacct.search import Condition, Operator, Query, run
from crmapp.domain.managed_lists import MANAGED_LISTS
from tests.support.intacct import compare, numbers, query, record, texts

FRENCH = compare("equalto", "DISPLAYCONTACT.MAILADDRESS.COUNTRY", "France")


def customers(gateway, where, **more):
    found = gateway.rows(query("CUSTOMER", "CUSTOMERID", where=where, order="CUSTOMERID", **more))
    return [row["CUSTOMERID"] for row in found]


def test_a_page_says_where_it_lies(gateway):
    data = gateway.data(query("CUSTOMER", "CUSTOMERID", size=40, offset=80, order="RECORDNO"))

    assert data.attrib == {
        "listtype": "CUSTOMER", "totalcount": "92", "offset": "80", "count": "12",
        "numremaining": "0",
    }  # fmt: skip
    assert len(data) == 12


def test_without_a_size_a_page_has_a_hundred_rows(sandbox, gateway):
    with sandbox.store.writing() as connection:
        rows = [{"TERRITORYID": f"T{n}", "NAME": f"T{n}"} for n in range(200)]
        records.insert_many(connection, OBJECTS["TERRITORY"], rows, at="2026-01-01T00:00:00Z")

    assert gateway.data(query("TERRITORY", "NAME")).get("count") == "100"
    assert gateway.data(query("TERRITORY", "NAME", size=2000)).get("count") == "204"


@pytest.mark.parametrize("size", ["0", "2001", "many"])
def test_a_page_has_between_one_and_2000_rows(gateway, size):
    asked = query("CUSTOMER", "NAME").replace("</query>", f"<pagesize>{size}</pagesize></query>")

    assert "pagesize must be between 1 and 2000" in texts(gateway.do(asked))[0]


def test_a_page_is_a_question_of_its_own_and_no_part_of_a_snapshot(gateway):
    first = customers(gateway, "<isnotnull><field>NAME</field></isnotnull>", size=2)
    gateway.do("<delete><object>CUSTOMER</object><keys>1</keys></delete>")
    second = customers(gateway, "<isnotnull><field>NAME</field></isnotnull>", size=2, offset=2)

    assert (first, second) == (["C001", "C002"], ["C004", "C005"])


@pytest.mark.parametrize(
    "where, found",
    [
        (compare("equalto", "NAME", "La Rochelle Gifts"), 1),
        (compare("equalto", "NAME", "la rochelle gifts"), 0),
        (compare("like", "NAME", "La%"), 3),
        (compare("like", "NAME", "L_ R%"), 1),
        (compare("notlike", "NAME", "%a%"), 24),
        (compare("in", "CUSTOMERID", "C001", "C002", "X"), 2),
        (compare("notin", "TERRITORYID", "NA", "EMEA"), 10),
        (compare("between", "CREDITLIMIT", "10000", "15000"), 21),
        (compare("greaterthan", "CREDITLIMIT", "9000"), 92),
        (compare("lessthanorequalto", "RECORDNO", "5"), 5),
        (compare("notequalto", "STATUS", "active"), 4),
        (compare("equalto", "INTERESTS", "Cars#~#Planes"), 46),
        (compare("like", "LOYALTY_POINTS", "1%"), 11),
        (compare("greaterthan", "CREDITLIMIT", ""), 0),
        (compare("isnull", "PARENTID"), 92),
        (compare("isnotnull", "TAXID"), 0),
        (compare("equalto", "ONHOLD", "true"), 5),
        (FRENCH, 12),
        (compare("equalto", "TERM.DUEDATE", "0"), 15),
        (compare("greaterthanorequalto", "WHENMODIFIED", "04/08/2024 09:00:00"), 2),
        (compare("lessthan", "WHENMODIFIED", "01/11/2024"), 2),
        (f"<and>{FRENCH}{compare('like', 'NAME', 'L%')}</and>", 3),
        (f"<or>{FRENCH}<and>{compare('equalto', 'NAME', 'X')}{FRENCH}</and></or>", 12),
    ],
)  # fmt: skip
def test_a_filter_finds_what_it_says(gateway, where, found):
    data = gateway.data(query("CUSTOMER", "RECORDNO", where=where, size=1))

    assert data.get("totalcount") == str(found)


def test_a_query_minds_the_case_of_letters_unless_told_otherwise(gateway):
    where = compare("like", "NAME", "la rochelle%")
    options = "<caseinsensitive>true</caseinsensitive>"

    assert customers(gateway, where) == []
    assert customers(gateway, where, options=options) == ["C045"]


def test_private_records_show_when_they_are_asked_for(gateway):
    shown = "<showprivate>true</showprivate>"

    assert gateway.data(query("DEPARTMENT", "TITLE")).get("totalcount") == "8"
    assert gateway.data(query("DEPARTMENT", "TITLE", options=shown)).get("totalcount") == "9"


def test_fields_behind_relationships_are_named_as_they_were_asked_for(gateway):
    [row] = gateway.rows(query(
        "CUSTOMER", "NAME", "DISPLAYCONTACT.MAILADDRESS.CITY", "TERRITORY.MANAGER.EMPLOYEEID",
        where=compare("equalto", "CUSTOMERID", "C001"),
    ))  # fmt: skip

    assert row == {
        "NAME": "AV Stores, Co.",
        "DISPLAYCONTACT.MAILADDRESS.CITY": "Manchester",
        "TERRITORY.MANAGER.EMPLOYEEID": "rita",
    }


def test_totals_are_made_of_groups(gateway):
    totals = "<count>RECORDNO</count><sum>CREDITLIMIT</sum><max>NAME</max>"
    asked = query("CUSTOMER", "TERRITORYID", order="TERRITORYID")

    data = gateway.data(asked.replace("</select>", f"{totals}</select>"))

    assert data.get("totalcount") == "4"
    first, *_others = [record(each) for each in data]
    assert first == {
        "TERRITORYID": "APAC", "COUNT.RECORDNO": "6", "SUM.CREDITLIMIT": "220000",
        "MAX.NAME": "Souveniers And Things Co.",
    }  # fmt: skip
    assert sum(int(each.findtext("COUNT.RECORDNO")) for each in data) == 92


def test_a_total_of_everything_is_one_row(gateway):
    asked = query("CUSTOMER").replace("<select>", "<select><count>RECORDNO</count>")

    assert gateway.rows(asked) == [{"COUNT.RECORDNO": "92"}]


@pytest.mark.parametrize(
    "total", ["<sum>NAME</sum>", "<avg>WHENCREATED</avg>", "<median>NAME</median>"]
)
def test_a_total_that_makes_no_sense_is_refused(gateway, total):
    asked = query("CUSTOMER").replace("<select>", f"<select>{total}")

    assert numbers(gateway.do(asked)) == ["DL02000001"]


def test_all_unknown_fields_are_named_at_once(gateway):
    where = compare("equalto", "NOTHERE", "1")

    result = gateway.do(query("CUSTOMER", "NAME", "NOPE", "PARENT.PARENT.NAME", where=where))

    assert numbers(result) == ["DL02000001"]
    assert "\n\tCUSTOMER: [NOPE, PARENT.PARENT.NAME, NOTHERE]" in texts(result)[0]


def test_an_unknown_object_is_not_found(gateway):
    assert texts(gateway.do(query("NOPE", "NAME")))[0].startswith(
        "Object definition NOPE not found"
    )


@pytest.mark.parametrize(
    "where",
    [
        compare("sounds", "NAME", "x"),
        compare("between", "NAME", "x"),
        compare("greaterthan", "CREDITLIMIT", "much"),
        compare("greaterthan", "WHENMODIFIED", "2026-01-01T00:00:00Z"),
        f"<and>{FRENCH}</and>",
        FRENCH * 2,
    ],
)
def test_a_filter_that_is_wrong_is_refused(gateway, where):
    assert gateway.do(query("CUSTOMER", "NAME", where=where)).findtext("status") == "failure"


def test_a_date_that_is_not_written_as_intacct_does_is_no_value(gateway):
    where = compare("greaterthan", "WHENMODIFIED", "2026-01-01T00:00:00Z")

    assert numbers(gateway.do(query("CUSTOMER", "NAME", where=where))) == ["DL02000001"]


@pytest.mark.parametrize(
    "field, operator, value, index",
    [
        ("RECORDNO", Operator.GREATER, 5, "record_by_number"),
        ("WHENMODIFIED", Operator.GREATER_OR_EQUAL, "2026-01-01T00:00:00Z", "record_by_change"),
        ("CUSTOMERID", Operator.IN, "C001", "record_by_key"),
    ],
)
def test_what_connectors_ask_for_is_found_by_an_index(sandbox, field, operator, value, index):
    customer = OBJECTS["CUSTOMER"]
    where = Condition(find(customer, field), operator, (value,))
    asked = []

    with sandbox.store.reading() as connection:
        connection.set_trace_callback(asked.append)
        run(connection, Query(customer, (find(customer, "NAME"),), where))
        connection.set_trace_callback(None)
        plans = [
            " ".join(row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}"))
            for sql in asked
        ]

    assert len(plans) == 2
    assert all(index in plan for plan in plans)


def test_rows_come_as_json_or_csv_without_an_envelope(gateway):
    where = compare("equalto", "CUSTOMERID", "C001")
    options = "<returnformat>{}</returnformat>"

    json = gateway.ask(query("CUSTOMER", "NAME", where=where, options=options.format("json")))
    csv = gateway.ask(query("CUSTOMER", "NAME", where=where, options=options.format("csv")))

    assert json.json == [{"NAME": "AV Stores, Co."}]
    assert csv.text == 'NAME\n"AV Stores, Co."\n'


def test_reading_by_record_number_nests_what_has_dots(gateway):
    data = gateway.data("<read><object>CUSTOMER</object><keys>2,1</keys><fields>*</fields></read>")

    first, second = data
    assert data.attrib == {"listtype": "CUSTOMER", "count": "2"}
    assert first.findtext("DISPLAYCONTACT/MAILADDRESS/CITY") == "Manchester"
    assert second.findtext("CUSTOMERID") == "C002"


def test_reading_by_name_takes_the_ids(gateway):
    asked = (
        "<readByName><object>CUSTOMER</object><keys>C003,X</keys><fields>NAME</fields></readByName>"
    )

    [found] = gateway.data(asked)

    assert [each.tag for each in found] == ["NAME"]


@pytest.mark.parametrize("each", MANAGED_LISTS.values(), ids=MANAGED_LISTS)
def test_every_managed_list_can_be_read_under_its_names(gateway, each):
    fields = ("RECORDNO", each.xml_key, each.xml_name, "STATUS", "WHENMODIFIED")

    rows = gateway.rows(query(each.xml_object, *fields, size=2000))

    assert len(rows) >= 3
    assert all(all(row.values()) for row in rows)


def test_the_demos_customers_agree_with_the_lists(gateway):
    for field, object, key in (
        ("TERMNAME", "ARTERM", "NAME"),
        ("TERRITORYID", "TERRITORY", "TERRITORYID"),
        ("CUSTTYPE", "CUSTTYPE", "NAME"),
        ("SHIPPINGMETHOD", "SHIPMETHOD", "NAME"),
        ("CUSTREPID", "EMPLOYEE", "EMPLOYEEID"),
        ("PRICELIST", "SOPRICELIST", "NAME"),
    ):
        used = {row[field] for row in gateway.rows(query("CUSTOMER", field, size=2000))}
        known = {row[key] for row in gateway.rows(query(object, key, size=2000))}

        assert used <= known
        assert "" not in used
