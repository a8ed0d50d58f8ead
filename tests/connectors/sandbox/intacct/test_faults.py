from __future__ import annotations

import threading
from xml.etree.ElementTree import ParseError

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from crmapp.connectors.sandbox.faults import Fault, Kind
from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.intacct.gateway.answering import PATH
from crmapp.connectors.sandbox.serving import Server
from tests.support.intacct import REST, compare, numbers, query, texts

CUSTOMERS = "/objects/accounts-receivable/customer"
COUNT = query("CUSTOMER", "RECORDNO", size=1)
TERM = "<create><ARTERM><NAME>Net 7</NAME></ARTERM></create>"


@pytest.fixture
def fault(sandbox, rest):
    """Set a fault once both callers have signed in."""

    def set_fault(kind, **more):
        sandbox.faults.add(Fault(kind, **more))

    return set_fault


def terms(gateway):
    where = compare("like", "NAME", "Net 7%")
    return [row["NAME"] for row in gateway.rows(query("ARTERM", "NAME", where=where))]


def test_an_expired_session_fails_to_authenticate(fault, gateway, rest):
    fault(Kind.UNAUTHORIZED, times=2)

    by_xml = fromstring(gateway.ask(COUNT).text).find("operation")
    by_rest = rest.ask("GET", f"{CUSTOMERS}/1")

    assert by_xml.findtext("authentication/status") == "failure"
    assert numbers(by_xml) == ["XL03000006"]
    assert (by_rest.status_code, by_rest.json["error"]["errorId"]) == (401, "REST-2102")


def test_a_quota_that_is_used_up_is_said_in_each_ones_shape(fault, gateway, rest):
    fault(Kind.QUOTA, times=2)

    by_xml = gateway.ask(COUNT)
    by_rest = rest.ask("GET", f"{CUSTOMERS}/1")

    assert by_xml.status_code == 200
    assert "API rate limit exceeded" in texts(fromstring(by_xml.text))[0]
    assert (by_rest.status_code, by_rest.json["ia::error"]["code"]) == (403, "quotaExceeded")


def test_a_throttled_request_says_when_to_come_again(fault, gateway, rest):
    fault(Kind.THROTTLED, times=2, seconds=7)

    answers = [gateway.ask(COUNT), rest.ask("GET", f"{CUSTOMERS}/1")]

    assert [each.status_code for each in answers] == [429, 429]
    assert [each.headers["Retry-After"] for each in answers] == ["7", "7"]


@pytest.mark.parametrize("kind, status", [(Kind.SERVER_ERROR, 500), (Kind.UNAVAILABLE, 503)])
def test_the_servers_own_errors_come_as_pages(fault, gateway, kind, status):
    fault(kind)

    response = gateway.ask(COUNT)

    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert gateway.ask(COUNT).status_code == 200


def test_the_gateway_breaks_in_other_ways_too(fault, gateway):
    for place, shape in enumerate(("bad_gateway", "no_operation", "invalid_xml")):
        fault(Kind.SERVER_ERROR, object=shape, after=place)

    first, second, third = (gateway.ask(COUNT) for _ in range(3))

    assert (first.status_code, first.mimetype) == (502, "text/html")
    answer = fromstring(second.text)
    assert answer.findtext("control/status") == "success"
    assert answer.find("operation") is None
    assert third.status_code == 200
    with pytest.raises(ParseError):
        fromstring(third.text)


def test_the_servers_own_errors_are_json_in_rest_unless_it_is_not_reached(fault, rest):
    fault(Kind.SERVER_ERROR)
    fault(Kind.UNAVAILABLE, after=1)

    first, second = (rest.ask("GET", f"{CUSTOMERS}/1") for _ in range(2))

    assert (first.status_code, first.json["ia::error"]["code"]) == (500, "internalError")
    assert (second.status_code, second.mimetype) == (503, "text/html")


def test_a_locked_row_refuses_the_write_only(fault, gateway, rest):
    fault(Kind.LOCK_ROW, pattern="create ARTERM")
    fault(Kind.LOCK_ROW, pattern="PATCH */customer/1")

    by_xml = gateway.do(TERM)
    by_rest = rest.ask("PATCH", f"{CUSTOMERS}/1", {"taxId": "a"})

    assert "locked by another transaction" in texts(by_xml)[0]
    details = by_rest.json["ia::result"]["ia::error"]["details"]
    assert "locked by another transaction" in details[0]["message"]
    assert terms(gateway) == []
    assert rest.ask("PATCH", f"{CUSTOMERS}/1", {"taxId": "a"}).status_code == 200


def test_a_fault_is_aimed_at_an_operation(fault, gateway, rest):
    fault(Kind.SERVER_ERROR, pattern="query CUSTOMER", times=None)
    fault(Kind.SERVER_ERROR, pattern="query accounts-receivable/customer", times=None)

    assert gateway.ask(COUNT).status_code == 500
    assert gateway.ask(query("ARTERM", "NAME")).status_code == 200
    asked = {"object": "accounts-receivable/customer", "fields": ["id"]}
    assert rest.ask("POST", "/services/core/query", asked).status_code == 500
    assert rest.ask("GET", f"{CUSTOMERS}/1").status_code == 200


def test_a_field_that_vanished_is_gone_everywhere(fault, gateway, rest):
    fault(Kind.FIELD_VANISHED, object="CUSTOMER", field="CRM_TIER", times=None)

    lookup = gateway.data("<lookup><object>CUSTOMER</object></lookup>")
    ids = [each.text for each in lookup.iter("ID")]
    model = rest.ask("GET", "/services/core/model?name=accounts-receivable/customer").json

    assert "CRM_TIER" not in ids
    assert "nsp::CRM_TIER" not in model["ia::result"]["fields"]
    assert "CUSTOMER: [CRM_TIER]" in texts(gateway.do(query("CUSTOMER", "NAME", "CRM_TIER")))[0]
    error = rest.query("accounts-receivable/customer", ["nsp::CRM_TIER"])["ia::result"]["ia::error"]
    assert error["additionalInfo"]["placeholders"]["FIELD"] == "nsp::CRM_TIER"


def test_writing_a_field_that_vanished_goes_unnoticed_in_xml_only(fault, gateway, rest):
    fault(Kind.FIELD_VANISHED, object="CUSTOMER", field="CRM_TIER", times=2)
    inner = "<CUSTOMERID>C001</CUSTOMERID><CRM_TIER>Gold</CRM_TIER>"

    by_xml = gateway.do(f"<update><CUSTOMER>{inner}</CUSTOMER></update>")
    by_rest = rest.ask("PATCH", f"{CUSTOMERS}/1", {"nsp::CRM_TIER": "Gold"})

    assert by_xml.findtext("status") == "success"
    assert by_rest.status_code == 400
    assert gateway.rows(
        query("CUSTOMER", "CRM_TIER", where=compare("equalto", "CUSTOMERID", "C001"))
    ) == [{"CRM_TIER": "Silver"}]


def test_a_wrong_clock_stamps_wrongly(fault, gateway):
    fault(Kind.WRONG_CLOCK, seconds=-86400 * 365 * 20, pattern="create ARTERM")

    gateway.data(TERM)

    where = compare("lessthan", "WHENMODIFIED", "01/01/2010")
    assert gateway.rows(query("ARTERM", "NAME", where=where)) == [{"NAME": "Net 7"}]


def test_a_request_that_is_delivered_twice_is_done_once_under_a_key(fault, gateway, rest):
    new = {"id": "N1", "name": "New"}
    fault(Kind.TWICE, pattern="POST */customer")
    fault(Kind.TWICE, pattern="create ARTERM")

    by_rest = rest.ask("POST", CUSTOMERS, new, Idempotency_Key="k-1")
    by_xml = gateway.do(TERM)

    assert by_rest.status_code == 201
    assert numbers(by_xml) == ["BL34000061", "BL01001973"]
    assert terms(gateway) == ["Net 7"]


@pytest.mark.parametrize(
    "kind, kept", [(Kind.CUT, []), (Kind.CUT_AFTER, ["Net 7"]), (Kind.HALF, ["Net 7"])]
)
def test_a_connection_breaks_off_before_or_after_the_work(sandbox, gateway, fault, kind, kept):
    fault(kind, pattern="create ARTERM")
    body = gateway.envelope(TERM)

    with Server(sandbox) as server, pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{server.url}{PATH}", content=body)

    assert terms(gateway) == kept


def test_a_third_request_at_a_time_is_refused(sandbox, gateway, rest):
    with sandbox.company.place(), sandbox.company.place():
        by_xml, by_rest = gateway.ask(COUNT), rest.ask("GET", f"{CUSTOMERS}/1")

    assert (by_xml.status_code, by_rest.status_code) == (429, 429)
    assert "too many operations running for this company" in by_xml.text
    assert by_rest.json["ia::error"]["code"] == "tooManyRequests"
    assert gateway.ask(COUNT).status_code == 200


def test_a_request_that_waits_keeps_its_place(sandbox, gateway, fault):
    begun, go_on = threading.Event(), threading.Event()
    places = []

    def wait():
        with sandbox.company.place():
            begun.set()
            go_on.wait(30)

    waiting = threading.Thread(target=wait)
    waiting.start()
    begun.wait(30)
    with sandbox.company.place():
        places.append(gateway.ask(COUNT).status_code)
    places.append(gateway.ask(COUNT).status_code)
    go_on.set()
    waiting.join()

    assert places == [429, 200]


def test_pages_read_and_records_written_are_metered_by_month(sandbox, gateway, rest):
    gateway.ask(COUNT, COUNT)
    gateway.ask("<create><ARTERM><NAME>a</NAME></ARTERM><ARTERM><NAME>b</NAME></ARTERM></create>")
    rest.query("accounts-receivable/customer", ["id"])
    rest.ask("POST", CUSTOMERS, [{"id": "N1", "name": "N1"}, {"id": "C001", "name": "x"}])
    gateway.ask("<lookup><object>CUSTOMER</object></lookup>")

    usage = gateway.client.post("/__control/usage", json={}).json

    assert list(usage.values()) == [6]


@pytest.mark.parametrize("path", ["/", "/ia", "/ia/api/v2/objects", REST])
def test_there_is_nothing_else(gateway, path):
    assert gateway.client.get(path).status_code == 404


def test_the_gateway_is_only_posted_to(gateway):
    assert gateway.client.get(PATH).status_code == 405


def test_an_answer_never_repeats_a_password(gateway):
    response = gateway.ask(COUNT, password="wrong")

    assert company.PASSWORD not in response.text
    assert "wrong" not in response.text
