from __future__ import annotations

import threading

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
from crmapp.connectors.port import Tokens
from tests.connectors.salesforce.scripted import TOKENS, answer, refusal, salesforce
from tests.connectors.stores import InMemory

EXPIRED = refusal("INVALID_SESSION_ID", "Session expired or invalid", 401)
GRANTED = answer({"access_token": "access-2", "instance_url": "https://acme.my.salesforce.com"})
COUNTED = answer({"totalSize": 3, "done": True, "records": []})


@pytest.mark.parametrize("expired", [EXPIRED, answer("Bad_OAuth_Token", 403)])
def test_an_expired_session_is_renewed_once_and_the_request_sent_again(expired):
    connector, script = salesforce([expired, GRANTED, COUNTED])

    assert connector.count("Account") == 3

    sent = [request.headers.get("authorization") for request in script.requests]
    assert sent == ["Bearer access-1", None, "Bearer access-2"]


def test_a_session_that_is_refused_again_is_given_up():
    connector, script = salesforce([EXPIRED, GRANTED, EXPIRED])

    with pytest.raises(AuthFailed):
        connector.count("Account")

    assert len(script.requests) == 3


def test_a_session_that_another_has_renewed_is_taken_from_the_store():
    class Renewed(InMemory):
        def current(self):
            return TOKENS

    store = Renewed(Tokens("access-3", "refresh-3", "https://acme.my.salesforce.com"))
    connector, script = salesforce([EXPIRED, COUNTED], tokens=store)

    connector.count("Account")

    assert script.requests[1].headers["authorization"] == "Bearer access-3"
    assert store.sign_ins == 0


def test_many_threads_renew_a_session_once():
    grants = []
    lock = threading.Lock()

    def answering(request):
        if request.url.path.endswith("/token"):
            with lock:
                grants.append(request)
            return GRANTED
        return COUNTED if request.headers["authorization"] == "Bearer access-2" else EXPIRED

    store = InMemory(TOKENS)
    connector, _ = salesforce(answering, tokens=store)
    together = threading.Barrier(4)
    counts = []

    def count():
        together.wait()
        counts.append(connector.count("Account"))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counts == [3] * 4
    assert len(grants) == 1


@pytest.mark.parametrize(
    "given, error",
    [
        (refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403), QuotaExceeded),
        (
            refusal("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", 403),
            Retryable,
        ),
        (refusal("API_DISABLED_FOR_ORG", "API is not enabled", 403), PermissionMissing),
        (
            refusal("API_CURRENTLY_DISABLED", "API is disabled for this User", 403),
            PermissionMissing,
        ),
        (refusal("INSUFFICIENT_ACCESS", "insufficient access rights", 403), PermissionMissing),
        (refusal("QUERY_TIMEOUT", "Your query request was running for too long."), Retryable),
        (refusal("TXN_SECURITY_METERING_ERROR", "We cannot complete this"), Retryable),
        (refusal("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"), Retryable),
        (refusal("UNKNOWN_EXCEPTION", "An unexpected error occurred", 500), Retryable),
        (refusal("SERVER_UNAVAILABLE", "Too many requests", 503), Retryable),
        (answer("<html>Gateway</html>", 502), Retryable),
        (answer("<html>Maintenance</html>", 500), Retryable),
        (answer('{"totalSize": 1, "do', 200), Unreachable),
        (answer("<html>hello</html>", 200), Unreachable),
    ],
)
def test_refusals_mean_what_the_caller_must_do(given, error):
    connector, _ = salesforce(lambda _request: given)

    with pytest.raises(ConnectorError) as failed:
        connector.count("Account")

    assert type(failed.value) is error


@pytest.mark.parametrize(
    "words, field",
    [
        ("\nSELECT Id,Gone__c FROM\n ^\nNo such column 'Gone__c' on entity 'Account'.", "Gone__c"),
        ("Didn't understand relationship 'Owne' in field path.", "Owne"),
        ("something else", "Account"),
    ],
)
def test_a_field_that_is_gone_is_named(words, field):
    connector, _ = salesforce([refusal("INVALID_FIELD", words)])

    with pytest.raises(ConfigBroken) as broken:
        list(connector.read("Account", ["Name"]))

    assert broken.value.field == field


def test_an_ambiguous_external_id_is_told():
    connector, _ = salesforce([answer(["/a/1", "/a/2"], 300)])

    with pytest.raises(RowRejected, match="unique"):
        connector.count("Account")


def test_the_quota_is_read_from_every_answer():
    connector, _ = salesforce(
        [
            answer(
                {"totalSize": 1, "done": True, "records": []},
                Sforce_Limit_Info="api-usage=18/15000; per-app-api-usage=1/250(appName=x)",
            )
        ]
    )
    assert connector.usage() is None

    connector.count("Account")

    usage = connector.usage()
    assert (usage.used, usage.limit, usage.per) == (18, 15000, "day")


@pytest.mark.parametrize(
    "given",
    [
        answer("<html>A shop</html>"),
        answer({"hello": 1}),
        answer([{"name": "no version"}]),
        answer("<html>nothing here</html>", 404),
    ],
)
def test_a_check_tells_an_address_that_is_not_salesforce(given):
    connector, script = salesforce([given])

    with pytest.raises(WrongInstance, match="My Domain"):
        connector.check()

    assert "authorization" not in script.requests[0].headers


def test_a_check_signs_in_by_the_settings_and_not_by_a_session_that_still_works():
    versions = answer([{"version": "66.0", "label": "Spring", "url": "/services/data/v66.0"}])
    refused = answer({"error": "invalid_client", "error_description": "invalid"}, 400)
    connector, _ = salesforce([versions, refused])

    with pytest.raises(AuthFailed, match="consumer secret"):
        connector.check()


def test_a_check_says_that_the_lists_of_the_package_are_missing():
    connector, _ = salesforce(
        [
            answer([{"version": "66.0"}]),
            GRANTED,
            answer({"organization_id": "00D1", "preferred_username": "sync@acme.example"}),
            refusal("INSUFFICIENT_ACCESS", "no", 403),
            answer({"sobjects": [{"name": "Account"}]}),
        ]
    )

    found = connector.check()

    assert (found.organisation, found.user) == ("00D1", "sync@acme.example")
    assert found.notes == ("lists_missing",)
