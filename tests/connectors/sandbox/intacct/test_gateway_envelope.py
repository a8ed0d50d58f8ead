from __future__ import annotations

import pytest
from defusedxml.ElementTree import fromstring

from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.intacct.gateway.answering import PATH
from tests.support.intacct import compare, login, numbers, query, texts

COUNT = query("CUSTOMER", "RECORDNO", size=1)
BOMB = """<?xml version="1.0"?>
<!DOCTYPE request [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<request><control><senderid>&b;</senderid></control></request>"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE request [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<request><control><senderid>&secret;</senderid></control></request>"""


def operation(response):
    return fromstring(response.text).find("operation")


def control_error(response):
    answer = fromstring(response.text)
    return answer.findtext("control/status"), numbers(answer)


def test_an_answer_repeats_the_control_and_says_who_asked(gateway):
    answer = fromstring(gateway.ask(COUNT).text)

    assert answer.findtext("control/controlid") == "test-1"
    assert answer.findtext("control/uniqueid") == "false"
    who = answer.find("operation/authentication")
    assert who.findtext("userid") == "crmapp_sync"
    assert who.findtext("companyid") == company.COMPANY
    assert who.findtext("sessiontimeout") > who.findtext("sessiontimestamp")
    assert answer.findtext("operation/result/controlid") == "f0"


def test_a_session_is_good_in_place_of_a_login(gateway):
    api = gateway.data("<getAPISession/>").find("api")
    session = f"<sessionid>{api.findtext('sessionid')}</sessionid>"

    answer = gateway.data(COUNT, who=session)

    assert api.findtext("endpoint").endswith("/ia/xml/xmlgw.phtml")
    assert answer.get("totalcount") == "92"


def test_a_session_that_expired_fails_to_authenticate(gateway):
    api = gateway.data("<getAPISession/>").find("api")
    expired = gateway.client.post("/__control/expire-sessions", json={})

    answer = operation(
        gateway.ask(COUNT, who=f"<sessionid>{api.findtext('sessionid')}</sessionid>")
    )

    assert expired.json == {"expired": 1}
    assert answer.findtext("authentication/status") == "failure"
    assert numbers(answer) == ["XL03000006"]


@pytest.mark.parametrize(
    "who", [login(user="nobody"), login(password="wrong"), login(companyid="x")]
)
def test_a_wrong_login_fails_to_authenticate(gateway, who):
    response = gateway.ask(COUNT, who=who)

    assert response.status_code == 200
    assert texts(operation(response)) == ["Sign-in information is incorrect"]


def test_a_sender_that_the_company_did_not_authorize_is_told_so(gateway):
    response = gateway.ask(COUNT, sender=company.STRANGER, password=company.STRANGER_PASSWORD)

    assert texts(operation(response))[0].startswith("Invalid Web Services Authorization")


def test_an_unknown_sender_is_a_bad_request(gateway):
    response = gateway.ask(COUNT, sender="nobody")

    assert response.status_code == 400
    assert control_error(response) == ("failure", ["GW-0011"])


def test_a_wrong_password_of_the_sender_fails_the_control(gateway):
    response = gateway.ask(COUNT, password="wrong")

    assert response.status_code == 200
    assert control_error(response) == ("failure", ["XL03000006"])


def test_a_request_without_an_operation_gets_none_back(gateway):
    control = "<senderid>crmapp</senderid><password>sender-crmapp-2026</password>"

    answer = fromstring(gateway.send(f"<request><control>{control}</control></request>").text)

    assert answer.findtext("control/status") == "success"
    assert answer.find("operation") is None


@pytest.mark.parametrize("body", [BOMB, OUTSIDE, "<request", "<other/>", ""])
def test_what_is_no_safe_request_is_refused_unread(gateway, body):
    response = gateway.send(body)

    assert control_error(response) == ("failure", ["XL03000003"])
    assert "root:" not in response.text


def test_old_clients_send_the_xml_as_a_form(gateway):
    response = gateway.client.post(PATH, data={"xmlrequest": gateway.envelope(COUNT)})

    assert fromstring(response.text).findtext("operation/result/status") == "success"


def test_each_function_has_a_result_of_its_own(gateway):
    good, bad = gateway.results(COUNT, query("CUSTOMER", "NOPE"))

    assert good.findtext("status") == "success"
    assert bad.findtext("status") == "failure"
    assert bad.findtext("controlid") == "f1"


def test_a_transaction_is_undone_as_a_whole(gateway):
    create = "<create><ARTERM><NAME>{}</NAME></ARTERM></create>"

    first, second, third = gateway.results(
        create.format("Net 7"), create.format("Net 30"), create.format("Net 8"), transaction="true"
    )

    assert [each.findtext("status") for each in (first, second, third)] == [
        "aborted", "failure", "aborted",
    ]  # fmt: skip
    assert numbers(first) == ["XL03000009"]
    assert numbers(second) == ["BL34000061", "BL01001973"]
    where = compare("in", "NAME", "Net 7", "Net 8")
    assert gateway.rows(query("ARTERM", "NAME", where=where)) == []


def test_without_a_transaction_the_others_are_done(gateway):
    create = "<create><ARTERM><NAME>{}</NAME></ARTERM></create>"

    gateway.results(create.format("Net 7"), create.format("Net 30"))

    rows = gateway.rows(query("ARTERM", "NAME", where=compare("equalto", "NAME", "Net 7")))
    assert rows == [{"NAME": "Net 7"}]


def test_a_session_of_an_entity_sees_what_belongs_to_it(gateway):
    departments = query(
        "DEPARTMENT", "DEPARTMENTID", where=compare("equalto", "DEPARTMENTID", "60")
    )

    assert gateway.rows(departments) == []
    assert gateway.rows(departments, who=login(locationid="200")) == [{"DEPARTMENTID": "60"}]
    assert gateway.rows(departments, who=login(locationid="100")) == []


def test_an_unknown_function_is_not_supported(gateway):
    assert numbers(gateway.do("<destroyEverything/>")) == ["XL03000003"]
