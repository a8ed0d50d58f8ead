from __future__ import annotations

import pytest


@pytest.fixture
def older(api):
    """Return a function that asks the older Bulk API with a body of a kind."""

    def ask(method, path, content=None, kind="application/json", **more):
        where = f"{api.site}/services/async/66.0/{path}"
        headers = {"Content-Type": kind, "X-SFDC-Session": api.headers["Authorization"][7:]}
        answer = api.request(method, where, content=content, headers=headers, **more)
        assert answer.status_code < 300, answer.text
        return answer

    return ask


def job(older, kind="JSON", operation="query"):
    asked = {"object": "Account", "operation": operation, "contentType": kind}
    return older("POST", "job", json=asked).json()["id"]


def test_answers_name_their_kind_and_no_more(older):
    """Clients compare the whole of it."""
    id = job(older, "CSV", "insert")
    batch = older("POST", f"job/{id}/batch", "Name\nOlder\n", "text/csv")
    number = batch.text.partition("<id>")[2].partition("<")[0]

    told = older("GET", f"job/{id}")
    results = older("GET", f"job/{id}/batch/{number}/result")

    assert told.headers["Content-Type"] == "application/json"
    assert batch.headers["Content-Type"] == "application/xml"
    assert results.headers["Content-Type"] == "text/csv"


def test_a_query_says_how_many_records_it_found(older):
    id = job(older)
    made = older("POST", f"job/{id}/batch", "SELECT Id FROM Account LIMIT 3").json()

    batch = older("GET", f"job/{id}/batch/{made['id']}").json()
    [result] = older("GET", f"job/{id}/batch/{made['id']}/result").json()
    rows = older("GET", f"job/{id}/batch/{made['id']}/result/{result}")

    assert (batch["numberRecordsProcessed"], batch["numberRecordsFailed"]) == (3, 0)
    assert len(rows.json()) == 3
    assert rows.headers["Content-Type"] == "application/json"


def test_a_query_in_xml_is_answered_in_it(older):
    id = job(older, "XML")
    soql = "SELECT Name, Owner.Name, Fax FROM Account WHERE Name = 'Alpha Cognac'"
    made = older("POST", f"job/{id}/batch", soql).json()

    named = older("GET", f"job/{id}/batch/{made['id']}/result").text
    result = named.partition("<result>")[2].partition("<")[0]
    rows = older("GET", f"job/{id}/batch/{made['id']}/result/{result}")

    assert rows.headers["Content-Type"] == "application/xml"
    assert (
        "<records><type>Account</type><Name>Alpha Cognac</Name>"
        "<Owner><type>User</type><Name>Rita Rep</Name></Owner></records>" in rows.text
    )
