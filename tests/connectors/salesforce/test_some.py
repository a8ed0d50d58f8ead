from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from crmapp.connectors.errors import ConfigBroken, ConnectorError, RowRejected, Unreachable
from tests.connectors.salesforce.scripted import answer, body_of, refusal, salesforce
from tests.connectors.salesforce.test_reading import page, question, row

IDS = [f"001{number:012}" for number in range(4500)]
MANY = [f"{number:050}" for number in range(600)]
"""Values for which three addresses are needed."""


def asked(request):
    """Return the questions that a Composite request asks."""
    parts = body_of(request)["compositeRequest"]
    return [parse_qs(urlsplit(part["url"]).query)["q"][0] for part in parts]


def composite(*bodies, status=200):
    """Return the answer to a Composite request: for each question rows, or a whole body."""
    told = [
        {
            "body": {"done": True, "records": each}
            if isinstance(each, list) and status == 200
            else each,
            "httpHeaders": {},
            "httpStatusCode": status,
            "referenceId": f"question{place}",
        }
        for place, each in enumerate(bodies)
    ]
    return answer({"compositeResponse": told})


def retrieved(request):
    """Answer like Collections where there is a record of every other id."""
    ids = body_of(request)["ids"]
    return answer([row(id_) if int(id_[3:]) % 2 == 0 else None for id_ in ids])


def test_records_are_read_by_their_ids_2000_at_a_time():
    connector, script = salesforce(retrieved)

    records = list(connector.read_some("Account", ["Name"], "Id", IDS))

    assert [record["Id"] for record in records] == IDS[::2]
    assert [len(body_of(request)["ids"]) for request in script.requests] == [2000, 2000, 500]
    assert {request.url.path for request in script.requests} == {
        "/services/data/v66.0/composite/sobjects/Account"
    }
    assert body_of(script.requests[0])["fields"] == ["Id", "Name"]


def test_what_lies_behind_a_reference_is_asked_in_a_question():
    connector, script = salesforce([page(row(IDS[0], Owner={"Name": "Ron Rep"}))])

    (record,) = connector.read_some("Account", ["Owner.Name"], "Id", IDS[:1])

    assert record["Owner.Name"] == "Ron Rep"
    assert question(script.requests[0]) == (
        "SELECT Id, Owner.Name FROM Account WHERE Id IN ('001000000000000') ORDER BY Id"
    )


def test_an_id_that_is_refused_leaves_the_others_to_be_read():
    def answering(request):
        if IDS[5] in body_of(request)["ids"]:
            return refusal("MALFORMED_ID", "malformed id", 400)
        return retrieved(request)

    connector, _ = salesforce(answering)

    records = list(connector.read_some("Account", ["Name"], "Id", IDS[:9]))

    assert [record["Id"] for record in records] == [IDS[0], IDS[2], IDS[4], IDS[6], IDS[8]]


def test_another_refusal_of_ids_is_told():
    connector, script = salesforce([refusal("STRANGE", "No.")])

    with pytest.raises(RowRejected, match=r"No\."):
        list(connector.read_some("Account", ["Name"], "Id", IDS[:9]))

    assert len(script.requests) == 1


@pytest.mark.parametrize("body", [[], [row(IDS[0])], {"records": []}])
def test_an_answer_about_fewer_ids_is_no_answer(body):
    connector, _ = salesforce([answer(body)])

    with pytest.raises(Unreachable):
        list(connector.read_some("Account", ["Name"], "Id", IDS[:2]))


def test_several_questions_are_asked_in_one_request():
    connector, script = salesforce([composite([row("001A")], [], [row("001B")])])

    records = list(connector.read_some("Account", ["Name"], "Code__c", MANY))

    (request,) = script.requests
    assert request.url.path == "/services/data/v66.0/composite"
    assert [record["Id"] for record in records] == ["001A", "001B"]
    assert all(each.endswith(") ORDER BY Id") for each in asked(request))
    assert sum(each.count(",") for each in asked(request)) == len(MANY) + 3
    parts = body_of(request)["compositeRequest"]
    assert all(len(part["url"]) < 13_600 for part in parts)
    assert {json.dumps(part["httpHeaders"]) for part in parts} == {
        '{"Sforce-Query-Options": "batchSize=2000"}'
    }


def test_five_questions_are_the_most_in_a_request():
    values = [f"{number:050}" for number in range(1700)]

    def answering(request):
        return composite(*([] for _each in asked(request)))

    connector, script = salesforce(answering)

    assert list(connector.read_some("Account", ["Name"], "Code__c", values)) == []
    assert [len(asked(request)) for request in script.requests] == [5, 3]


def test_values_that_no_address_escapes_come_as_they_are():
    odd = ["@{question0.id}", "a+b & c=d", "O'Hara 100%", *MANY]
    connector, script = salesforce([composite([], [], [])])

    list(connector.read_some("Account", [], "Code__c", odd))

    first = asked(script.requests[0])[0]
    assert r"'@{question0.id}','a+b & c=d','O\'Hara 100%'" in first
    assert b"@{" not in script.requests[0].content


def test_what_does_not_fit_on_the_first_page_is_fetched():
    more = {"totalSize": 2, "done": False, "nextRecordsUrl": "/services/data/v66.0/query/01g-1"}
    connector, script = salesforce(
        [
            composite([], {**more, "records": [row("001A")]}, [row("001C")]),
            page(row("001B")),
        ]
    )

    records = list(connector.read_some("Account", [], "Code__c", MANY))

    assert [record["Id"] for record in records] == ["001A", "001B", "001C"]
    assert script.requests[1].url.path == "/services/data/v66.0/query/01g-1"


def test_a_question_whose_locator_is_gone_is_asked_alone_from_its_last_row():
    more = {"totalSize": 2, "done": False, "nextRecordsUrl": "/services/data/v66.0/query/01g-1"}
    connector, script = salesforce(
        [
            composite({**more, "records": [row("001A")]}, [], []),
            refusal("INVALID_QUERY_LOCATOR", "invalid query locator"),
            page(row("001B")),
        ]
    )

    records = list(connector.read_some("Account", [], "Code__c", MANY))

    assert [record["Id"] for record in records] == ["001A", "001B"]
    assert question(script.requests[2]).endswith(" AND Id > '001A' ORDER BY Id")


def test_a_question_that_is_refused_among_others_is_told():
    told = [
        {"message": "No such column 'Code__c' on entity 'Account'", "errorCode": "INVALID_FIELD"}
    ]
    connector, _ = salesforce([composite(told, told, told, status=400)])

    with pytest.raises(ConfigBroken) as broken:
        list(connector.read_some("Account", [], "Code__c", MANY))

    assert broken.value.field == "Code__c"


@pytest.mark.parametrize("body", [{}, [], {"compositeResponse": []}])
def test_an_answer_to_fewer_questions_is_no_answer(body):
    connector, _ = salesforce([answer(body)])

    with pytest.raises(ConnectorError) as failed:
        list(connector.read_some("Account", [], "Code__c", MANY))

    assert isinstance(failed.value, Unreachable)


def test_records_of_many_values_go_on_after_the_locator_is_gone():
    connector, script = salesforce(
        [
            page(row("001A"), more="/services/data/v66.0/query/01g-2000"),
            refusal("INVALID_QUERY_LOCATOR", "invalid query locator"),
            page(row("001B")),
        ]
    )

    records = list(connector.read_some("Account", [], "Key__c", ["a", "b"]))

    assert question(script.requests[2]) == (
        "SELECT Id, Key__c FROM Account WHERE Key__c IN ('a','b') AND Id > '001A' ORDER BY Id"
    )
    assert [record["Id"] for record in records] == ["001A", "001B"]


def test_a_record_that_two_questions_find_is_given_out_once():
    connector, _ = salesforce([composite([row("001A")], [row("001A")], [])])

    records = list(connector.read_some("Account", [], "Code__c", MANY))

    assert [record["Id"] for record in records] == ["001A"]


def test_fields_that_leave_no_room_for_values_are_too_many():
    connector, _ = salesforce(lambda _request: page())
    fields = [f"Field_{number:030}__c" for number in range(400)]

    with pytest.raises(ConfigBroken, match="Choose fewer"):
        list(connector.read_some("Account", fields, "Key__c", ["a"]))
