"""The XML gateway's four levels of failure, and what else comes back instead of an answer."""

from __future__ import annotations

import httpx
import pytest

from crmapp.connectors.errors import (
    AuthFailed,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    QuotaExceeded,
    Retryable,
    RowRejected,
    Unreachable,
    WrongInstance,
)
from tests.connectors.intacct.scripted import (
    CONTROL,
    ENDPOINT,
    SIGNED_IN,
    by_xml,
    errors,
    failure,
    functions,
    operation,
    page,
    response,
    sent,
    session,
    unauthenticated,
)
from tests.connectors.stores import InMemory

REFUSED = "<control><status>failure</status><senderid>sender</senderid></control>"
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<response>&b;</response>"
)
ELSEWHERE = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<response>&x;</response>"
)
UTF_16 = (
    '<!DOCTYPE response [<!ENTITY a "no">]><response><control><status>success</status></control>'
    "<operation><authentication><status>success</status></authentication><result>"
    "<status>success</status><data><a>&a;</a></data></result></operation></response>"
).encode("utf-16")
"""Such as would be read, but for its document type."""


def test_a_session_is_opened_and_used_at_the_address_that_it_names():
    tokens = InMemory()
    connector, script = by_xml([session(), page()], tokens=tokens)

    connector.count("CUSTOMER")

    first, second = script.requests
    assert str(first.url) == "https://api.intacct.com/ia/xml/xmlgw.phtml"
    assert sent(first).findtext("operation/authentication/login/password") == "user-secret"
    assert sent(first).findtext("control/dtdversion") == "3.0"
    assert functions(first)[0].tag == "getAPISession"
    assert str(second.url) == ENDPOINT
    assert sent(second).findtext("operation/authentication/sessionid") == "session-2"
    assert sent(second).find("operation/authentication/login") is None
    assert tokens.kept.expires_at.year == 2099


@pytest.mark.parametrize("endpoint", ["https://evil.example/gw", "http://api.intacct.com/gw"])
def test_a_session_is_not_taken_to_another_house(endpoint):
    connector, script = by_xml([session(endpoint=endpoint)], tokens=InMemory())

    with pytest.raises(WrongInstance):
        connector.count("CUSTOMER")

    assert len(script.requests) == 1


def test_a_session_that_ran_out_is_renewed_once():
    connector, script = by_xml([unauthenticated(), session(), page()])

    assert connector.count("CUSTOMER") == 9

    assert len(script.requests) == 3


def test_a_session_that_is_never_good_is_given_up():
    connector, script = by_xml([unauthenticated(), session(), unauthenticated()])

    with pytest.raises(AuthFailed):
        connector.count("CUSTOMER")

    assert len(script.requests) == 3


@pytest.mark.parametrize(
    "given, error, sentence",
    [
        # the control part: who sends
        (
            response(REFUSED + errors(("XL03000006", "Incorrect Intacct XML Partner ID"))),
            AuthFailed,
            "sender ID",
        ),
        (response(REFUSED + errors(("GW-0011", "Invalid Request")), 400), AuthFailed, "sender ID"),
        # the operation: who signs in
        (unauthenticated(words="Sign-in information is incorrect"), AuthFailed, "Check company"),
        (
            unauthenticated(words="The sender ID 'x' is not authorized to make Web Services"),
            PermissionMissing,
            "Web Services authorizations",
        ),
        # the function
        (
            operation(failure(("PL03000006", "You do not have permission for API operation"))),
            PermissionMissing,
            "permission",
        ),
        # nothing at all
        (response(CONTROL), Retryable, "nothing in it"),
    ],
)
def test_each_level_of_failure_is_told_apart(given, error, sentence):
    connector, _ = by_xml([given], tokens=InMemory())

    with pytest.raises(ConnectorError, match=sentence) as failed:
        connector.check()

    assert type(failed.value) is error


@pytest.mark.parametrize(
    "given, error",
    [
        (httpx.Response(200, text="<html><body>Sign in</body></html>"), Unreachable),
        (httpx.Response(200, text="<html><br></html>"), Unreachable),
        (httpx.Response(200, text=""), Unreachable),
        (httpx.Response(200, text="<response><control>"), Unreachable),
        (httpx.Response(200, text=BOMB), Unreachable),
        (httpx.Response(200, text=ELSEWHERE), Unreachable),
        (httpx.Response(200, content=UTF_16), Unreachable),
        (httpx.Response(200, content=b"\xff\xfe\x00bad"), Unreachable),
        (httpx.Response(502, text="<html>cloudflare</html>"), Retryable),
        (httpx.Response(503, text="<html>cloudflare</html>"), Retryable),
        (httpx.Response(500, text="<html>error</html>"), Retryable),
        (httpx.Response(429, text="<html>slow down</html>"), Retryable),
        (operation(failure(("XL03000020", "API rate limit exceeded."))), Retryable),
        (
            operation(failure(("XL03000021", "API rate limit exceeded: quota used up."))),
            QuotaExceeded,
        ),
        (operation(failure(("DL02000001", "The record is locked."))), Retryable),
        (operation(), Unreachable),
    ],
)
def test_what_is_no_answer_is_told_apart(given, error):
    connector, _ = by_xml(lambda _request: given)

    with pytest.raises(ConnectorError) as failed:
        connector.count("CUSTOMER")

    assert type(failed.value) is error


@pytest.mark.parametrize(
    "words, field",
    [
        (
            "There was an error processing the request. Invalid field(s) in query for object(s):"
            "\n\tCUSTOMER: [GONE, OTHER]",
            "GONE",
        ),
        ("Object definition NOPE not found", "NOPE"),
    ],
)
def test_what_is_gone_is_named(words, field):
    connector, _ = by_xml([operation(failure(("DL02000001", words)))])

    with pytest.raises(ConfigBroken) as broken:
        connector.count("CUSTOMER")

    assert broken.value.field == field


def test_words_are_freed_of_tags_codes_and_support_ids():
    words = (
        "The &lt;b&gt;term&lt;/b&gt; &amp;#39;Net 30&amp;#39; is invalid%2E"
        " [Support ID: Kxi78%20EZ%3D0AAAAAo]"
    )
    connector, _ = by_xml([page(), operation(failure(("BL03002155", words)))])

    (told,) = connector.upsert("CUSTOMER", "CUSTOMERID", [{"CUSTOMERID": "C1", "NAME": "x"}])

    assert isinstance(told.error, RowRejected)
    assert told.error.remote == "The term 'Net 30' is invalid."


def test_failures_with_status_200_are_logged_as_what_they_are():
    log = []
    connector, _ = by_xml([operation(failure(("PL03000006", "not permitted")))], log=log.append)

    with pytest.raises(PermissionMissing):
        connector.count("CUSTOMER")

    assert [(each.status, each.error, each.detail) for each in log] == [
        (200, "PL03000006", "not permitted")
    ]


def test_results_of_a_request_belong_to_their_rows():
    made = "<data><customer><RECORDNO>77</RECORDNO><CUSTOMERID>C1</CUSTOMERID></customer></data>"
    updated = "<data><customer><RECORDNO>5</RECORDNO></customer></data>"
    there = page("<CUSTOMER><RECORDNO>5</RECORDNO><CUSTOMERID>C3</CUSTOMERID></CUSTOMER>")
    wrote = operation(
        f"<result><status>success</status>{made}</result>",
        failure(("BL03000018", "Required field NAME is missing"), ("BL01001973", "Could not.")),
        f"<result><status>success</status>{updated}</result>",
    )
    connector, script = by_xml([there, wrote])

    results = connector.upsert(
        "CUSTOMER",
        "CUSTOMERID",
        [
            {"CUSTOMERID": "C1", "NAME": "A & B <Co>", "MAIL.CITY": "Bern", "MAIL.ZIP": "3000"},
            {"CUSTOMERID": "C2"},
            {"CUSTOMERID": "C3", "NAME": None},
        ],
    )

    assert [(each.id, each.created) for each in results] == [
        ("77", True),
        (None, None),
        ("5", False),
    ]
    assert results[1].error.code == "BL03000018"
    create, _, update = functions(script.requests[1])
    assert (create.tag, update.tag) == ("create", "update")
    assert create.findtext("CUSTOMER/NAME") == "A & B <Co>"
    assert create.findtext("CUSTOMER/MAIL/CITY") == "Bern"
    assert len(create.findall("CUSTOMER/MAIL")) == 1
    assert create.findtext("CUSTOMER/DISPLAYCONTACT/PRINTAS") == "A & B <Co>"
    assert update.findtext("CUSTOMER/RECORDNO") == "5"
    assert update.find("CUSTOMER/NAME").text is None
    assert sent(script.requests[1]).find("operation").get("transaction") == "false"


def test_a_sign_in_is_not_needed_to_know_that_it_ran_out(clock):
    """The session says when it ends; then it is renewed before it is refused."""
    old = InMemory()
    connector, script = by_xml([session(), page(), session("session-3"), page()], tokens=old)
    connector.count("CUSTOMER")
    clock.move_to("2100-01-01T00:00:00+00:00")

    connector.count("CUSTOMER")

    assert functions(script.requests[2])[0].tag == "getAPISession"


def test_signed_in_says_who():
    connector, _ = by_xml([session(), page()], tokens=InMemory())

    found = connector.check()

    assert (found.organisation, found.user, found.version) == ("acme", "sync", "3.0")
    assert SIGNED_IN
