from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crmapp.connectors.errors import Cause, ConfigBroken, ConnectorError, Unreachable
from tests.connectors.salesforce.scripted import answer, refusal, salesforce

STAMP = "2026-11-01T10:00:00.000+0000"


def row(id, stamp=STAMP, **more):
    return {
        "attributes": {"type": "Account", "url": f"/services/data/v66.0/sobjects/Account/{id}"},
        "Id": id,
        "SystemModstamp": stamp,
        **more,
    }


def page(*rows, more=""):
    body = {"totalSize": 100, "done": not more, "records": rows}
    return answer({**body, "nextRecordsUrl": more} if more else body)


def question(request):
    return request.url.params["q"]


def test_values_come_in_their_types():
    given = row(
        "001000000000001AAA",
        Name="2026-11-01",
        AnnualRevenue=1250000,
        Start__c="2026-02-03",
        BillingAddress={
            "city": "Bern",
            "country": "Switzerland",
            "postalCode": "3000",
            "state": None,
            "street": "Gasse 1\n2nd floor",
        },
        Owner={"attributes": {"type": "User"}, "Name": "Ron Rep"},
        Parent=None,
    )
    connector, _ = salesforce([page(given)])

    names = ["Name", "AnnualRevenue", "Start__c", "BillingAddress", "Owner.Name", "Parent.Name"]
    (one,) = connector.read("Account", names)

    assert one.records[0] == {
        "Id": "001000000000001AAA",
        "SystemModstamp": datetime(2026, 11, 1, 10, tzinfo=UTC),
        "Name": "2026-11-01",
        "AnnualRevenue": Decimal(1250000),
        "Start__c": date(2026, 2, 3),
        "BillingAddress": "Gasse 1\n2nd floor\n3000 Bern\nSwitzerland",
        "Owner.Name": "Ron Rep",
        "Parent.Name": None,
    }
    assert isinstance(one.records[0]["AnnualRevenue"], Decimal)


def test_a_reading_of_all_goes_by_id_and_follows_the_locator():
    connector, script = salesforce(
        [page(row("001A"), more="/services/data/v66.0/query/01g-2000"), page(row("001B"))]
    )

    first, last = connector.read("Account", ["Name"])

    assert question(script.requests[0]) == (
        "SELECT Id, SystemModstamp, Name FROM Account ORDER BY Id"
    )
    assert script.requests[1].url.path == "/services/data/v66.0/query/01g-2000"
    assert [record["Id"] for each in (first, last) for record in each.records] == ["001A", "001B"]


def test_a_reading_goes_on_after_the_locator_is_gone():
    connector, script = salesforce(
        [
            page(row("001A"), more="/services/data/v66.0/query/01g-2000"),
            refusal("INVALID_QUERY_LOCATOR", "invalid query locator"),
            page(row("001B")),
        ]
    )

    pages = list(connector.read("Account", ["Name"]))

    assert question(script.requests[2]).endswith("WHERE Id > '001A' ORDER BY Id")
    assert [record["Id"] for each in pages for record in each.records] == ["001A", "001B"]


def test_another_worker_goes_on_from_a_cursor_without_the_locator():
    connector, script = salesforce(
        [page(row("001A"), more="/services/data/v66.0/query/01g-2000"), page(row("001B"))]
    )
    first = next(connector.read("Account", ["Name"]))

    list(connector.read("Account", ["Name"], first.cursor))

    assert question(script.requests[1]).endswith("WHERE Id > '001A' ORDER BY Id")


def test_changes_are_read_by_stamp_then_id(clock):
    connector, script = salesforce(
        [
            page(),
            page(row("001A"), more="/services/data/v66.0/query/01g-2000"),
            page(row("001B")),
        ]
    )
    (everything,) = connector.read("Account", ["Name"])

    first = next(connector.read("Account", ["Name"], everything.cursor))
    list(connector.read("Account", ["Name"], first.cursor))

    # Ten minutes before the reading began, at half past nine.
    assert question(script.requests[1]).endswith(
        "WHERE SystemModstamp >= 2026-06-15T09:20:00.000Z ORDER BY SystemModstamp, Id"
    )
    assert question(script.requests[2]).endswith(
        "WHERE SystemModstamp >= 2026-11-01T10:00:00.000Z AND"
        " (SystemModstamp > 2026-11-01T10:00:00.000Z OR Id > '001A') ORDER BY SystemModstamp, Id"
    )


@pytest.mark.parametrize(
    "there, since",
    [
        ("Mon, 15 Jun 2026 09:30:00 GMT", "09:20"),
        ("Mon, 15 Jun 2026 08:00:00 GMT", "07:50"),  # its stamps are early, too
        ("Mon, 15 Jun 2026 11:00:00 GMT", "09:20"),
        ("nonsense", "09:20"),
    ],
)
def test_the_next_reading_begins_by_the_earlier_clock(clock, there, since):
    empty = {"totalSize": 0, "done": True, "records": []}
    connector, _ = salesforce([answer(empty, Date=there)])

    (only,) = connector.read("Account", ["Name"])

    assert only.records == ()
    assert since in only.cursor["since"]


@pytest.mark.parametrize("name", ["Name FROM User--", "Name, (SELECT Id FROM Contacts)", "", "a-b"])
def test_a_name_that_is_none_is_not_sent(name):
    connector, script = salesforce([])

    with pytest.raises(ConfigBroken):
        list(connector.read("Account", [name]))

    assert script.requests == []


def test_one_record_takes_one_request_with_the_names_behind_references():
    connector, script = salesforce(
        [page(row("001000000000001AAA", Owner={"attributes": {}, "Name": "Ron"}))]
    )

    record = connector.read_one("Account", "001000000000001AAA", ["Name", "Owner.Name"])

    assert record["Owner.Name"] == "Ron"
    assert len(script.requests) == 1
    assert "WHERE Id = '001000000000001AAA'" in question(script.requests[0])


def test_a_name_that_is_hidden_does_not_hide_the_record():
    connector, script = salesforce(
        [
            refusal("INVALID_FIELD", "Didn't understand relationship 'Owner' in field path."),
            page(row("001000000000001AAA", Name="Acme")),
            page(row("001000000000001AAA", Name="Acme")),
        ]
    )

    for _ in range(2):
        record = connector.read_one("Account", "001000000000001AAA", ["Name", "Owner.Name"])
        assert (record["Name"], record["Owner.Name"]) == ("Acme", None)

    assert len(script.requests) == 3


def test_more_fields_than_an_address_holds_are_asked_in_parts():
    names = [f"A_field_with_quite_a_long_name_{number:03}__c" for number in range(500)]

    def answering(request):
        fields = re.match(r"SELECT (.*) FROM", question(request))[1].split(", ")
        assert len(str(request.url)) < 16_384
        return page(row("001000000000001AAA", **{n: "x" for n in fields if n.endswith("__c")}))

    connector, script = salesforce(answering)

    record = connector.read_one("Account", "001000000000001AAA", names)

    assert set(names) <= record.keys()
    assert len(script.requests) == 2


@pytest.mark.parametrize("body", ['{"records": [{"attributes"', "<html></html>", ""])
def test_half_an_answer_is_no_answer(body):
    connector, _ = salesforce([answer(body)])

    with pytest.raises(ConnectorError) as failed:
        list(connector.read("Account", ["Name"]))

    assert isinstance(failed.value, Unreachable)
    assert failed.value.cause is Cause.CUT
