from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from tests.connectors.intacct.scripted import by_xml, functions, page


def row(number, stamp="06/14/2026 08:00:00", **more):
    values = {"RECORDNO": number, "WHENMODIFIED": stamp, **more}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return f"<CUSTOMER>{inner}</CUSTOMER>"


def conditions(request):
    """Return the filter of the only query as a flat list of its words."""
    (query,) = functions(request)
    found = query.find("filter")
    parts = [] if found is None else list(found.iter())
    return [each.text or each.tag for each in parts if each.text or each.tag != "filter"]


def order(request):
    (query,) = functions(request)
    return [each.text for each in query.iterfind("orderby/order/field")]


def test_values_come_in_their_types():
    given = row(
        7,
        NAME="12",
        CREDITLIMIT="1500.50",
        ONHOLD="false",
        LAST_INVOICEDATE="02/28/2026",
        CUSTOMERID="",
    )
    connector, _ = by_xml([page(given)])

    (only,) = connector.read(
        "CUSTOMER", ["NAME", "CREDITLIMIT", "ONHOLD", "LAST_INVOICEDATE", "CUSTOMERID"]
    )

    assert only.records[0] == {
        "RECORDNO": "7",
        "WHENMODIFIED": datetime(2026, 6, 14, 8, tzinfo=UTC),
        "NAME": "12",
        "CREDITLIMIT": Decimal("1500.50"),
        "ONHOLD": False,
        "LAST_INVOICEDATE": date(2026, 2, 28),
        "CUSTOMERID": None,
    }


def test_pages_follow_the_last_key_and_never_an_offset():
    connector, script = by_xml([page(row(9), row(10), left=1), page(row(12))])

    list(connector.read("CUSTOMER", ["NAME"]))

    assert conditions(script.requests[0]) == []
    assert conditions(script.requests[1]) == ["greaterthan", "RECORDNO", "10"]
    assert [order(request) for request in script.requests] == [["RECORDNO"]] * 2
    assert all(functions(request)[0].find("offset") is None for request in script.requests)
    assert functions(script.requests[0])[0].findtext("options/showprivate") == "true"
    assert functions(script.requests[0])[0].findtext("pagesize") == "2000"


def test_changes_follow_the_stamp_then_the_key(clock):
    connector, script = by_xml([page(), page(row(9), left=1), page(row(12))])
    (done,) = connector.read("CUSTOMER", ["NAME"])

    list(connector.read("CUSTOMER", ["NAME"], done.cursor))

    assert conditions(script.requests[1]) == [
        "greaterthanorequalto", "WHENMODIFIED", "06/15/2026 09:20:00",
    ]  # fmt: skip
    assert conditions(script.requests[2]) == [
        "or",
        "greaterthan", "WHENMODIFIED", "06/14/2026 08:00:00",
        "and",
        "equalto", "WHENMODIFIED", "06/14/2026 08:00:00",
        "greaterthan", "RECORDNO", "9",
    ]  # fmt: skip
    assert order(script.requests[2]) == ["WHENMODIFIED", "RECORDNO"]
