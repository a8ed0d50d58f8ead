from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from crmapp.connectors.errors import (
    AuthFailed,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    QuotaExceeded,
    Retryable,
    Unreachable,
    WrongInstance,
)
from crmapp.connectors.intacct.model import description
from crmapp.connectors.intacct.settings import Flow
from crmapp.connectors.intacct.signing import authorize_url, exchange
from crmapp.connectors.port import RemoteKind
from crmapp.connectors.registry import open_door
from tests.connectors.intacct.scripted import REST, TOKEN, by_rest
from tests.connectors.stores import InMemory
from tests.connectors.wire import Script

OBJECT = "accounts-receivable/customer"
EMPTY = httpx.Response(
    200, json={"ia::result": [], "ia::meta": {"totalCount": 3, "start": 1, "pageSize": 1}}
)
CODE = replace(REST, flow=Flow.CODE)
GRANTED = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 43200}


def error(code, message, status=400, *details):
    told = {"code": code, "message": message, "errorId": "REST-1", "details": list(details)}
    return httpx.Response(status, json={"ia::result": {"ia::error": told}, "ia::meta": {}})


def body_of(request):
    return json.loads(request.content)


def test_client_credentials_name_user_company_and_entity():
    settings = replace(REST, entity="100")
    connector, script = by_rest(
        [httpx.Response(200, json=GRANTED), EMPTY], tokens=InMemory(), settings=settings
    )

    connector.count(OBJECT)

    form = {name: each[0] for name, each in parse_qs(script.requests[0].content.decode()).items()}
    assert form == {
        "grant_type": "client_credentials",
        "username": "sync@acme|100",
        "client_id": "client-1",
        "client_secret": "client-secret",
    }
    assert script.requests[1].headers["authorization"] == "Bearer access-2"
    assert script.requests[1].headers["x-ia-api-param-entity"] == "100"


def test_a_person_lets_us_in_and_her_code_is_exchanged():
    url = urlsplit(authorize_url(CODE, "https://crm.example/back", "state-1", "challenge-1"))
    assert url.path == "/ia/api/v1/oauth2/authorize"
    assert parse_qs(url.query)["code_challenge"] == ["challenge-1"]
    script = Script([httpx.Response(200, json=GRANTED)])
    door = open_door("intacct_rest", CODE, lambda _exchange: None, transport=script.transport)

    tokens = exchange(CODE, door, "code-1", "verifier-1", "https://crm.example/back")

    assert (tokens.access, tokens.refresh) == ("access-2", "refresh-2")
    assert b"code_verifier=verifier-1" in script.requests[0].content


def test_a_token_is_renewed_before_its_end(clock):
    tokens = InMemory(replace(TOKEN, expires_at=datetime(2026, 6, 15, 9, 29, tzinfo=UTC)))
    connector, script = by_rest(
        [httpx.Response(200, json=GRANTED), EMPTY], tokens=tokens, settings=CODE
    )

    connector.count(OBJECT)

    assert b"refresh_token=refresh-1" in script.requests[0].content
    assert tokens.kept.refresh == "refresh-2"
    assert tokens.kept.expires_at == datetime(2026, 6, 15, 21, 29, tzinfo=UTC)


INVALID = {
    "error": {"code": "tokenInvalid", "message": "Token is not valid", "errorId": "REST-2102"}
}


def test_a_refresh_token_that_another_grant_has_ended_is_told():
    ended = httpx.Response(401, json=INVALID)
    connector, _ = by_rest([ended, ended], settings=CODE)

    with pytest.raises(AuthFailed, match="same user and company"):
        connector.count(OBJECT)


@pytest.mark.parametrize(
    "given, kind",
    [
        (httpx.Response(400, json={"error": "invalid_client"}), AuthFailed),
        (
            httpx.Response(401, json={"code": "x", "message": "Credentials are invalid."}),
            AuthFailed,
        ),
        (httpx.Response(401, json=INVALID), AuthFailed),
        (httpx.Response(404, text="<html>not here</html>"), WrongInstance),
        (httpx.Response(500, text="<html>down</html>"), Retryable),
        (httpx.Response(200, json={"hello": 1}), WrongInstance),
    ],
)
def test_a_refused_sign_in_is_told_apart(given, kind):
    connector, _ = by_rest([given], tokens=InMemory())

    with pytest.raises(ConnectorError) as failed:
        connector.check()

    assert type(failed.value) is kind


@pytest.mark.parametrize(
    "given, kind",
    [
        (error("invalidRequest", "Field does not exist: gone"), ConfigBroken),
        (error("notFound", f"Object {OBJECT} does not exist", 404), ConfigBroken),
        (error("permissionDenied", "no", 403), PermissionMissing),
        (error("x", "x", 403, {"code": "permissionDenied", "message": "no"}), PermissionMissing),
        (error("quotaExceeded", "used up the API transactions of the month", 403), QuotaExceeded),
        (error("tooManyRequests", "too many operations", 429), Retryable),
        (error("internalError", "boom", 500), Retryable),
        (httpx.Response(200, text="<html>hello</html>"), Unreachable),
        (httpx.Response(200, text='{"ia::result": ['), Unreachable),
        (httpx.Response(200, json={"ia::result": {}}), Unreachable),
        (httpx.Response(503, text="<html>cloudflare</html>"), Retryable),
    ],
)
def test_refusals_mean_what_the_caller_must_do(given, kind):
    connector, _ = by_rest(lambda _request: given)

    with pytest.raises(ConnectorError) as failed:
        connector.count(OBJECT)

    assert type(failed.value) is kind


def found(*rows):
    meta = {"totalCount": len(rows), "start": 1, "pageSize": 2000, "next": None}
    return httpx.Response(200, json={"ia::result": list(rows), "ia::meta": meta})


def paged(*keys, **meta):
    rows = [{"key": key, "audit.modifiedDateTime": "2026-06-14T08:00:00Z"} for key in keys]
    return httpx.Response(200, json={"ia::result": rows, "ia::meta": {"totalCount": 9, **meta}})


@pytest.mark.parametrize("ends", [{"next": None}, {}])
def test_pages_follow_the_last_key_and_end_without_asking_once_more(ends):
    more = {"next": 3} if ends else {}
    connector, script = by_rest(
        [paged("9", "10", **more), paged("12", **ends)],
        known=[description(OBJECT, MODEL)],
        page=2,
    )

    pages = list(connector.read(OBJECT, ["id"]))

    assert [len(page.records) for page in pages] == [2, 1]
    first, second = map(body_of, script.requests)
    assert "filters" not in first
    assert "start" not in second
    assert second["filters"] == [{"$gt": {"key": "10"}}]
    assert second["orderBy"] == [{"key": "asc"}]


def test_changes_follow_the_stamp_then_the_key(clock):
    connector, script = by_rest(
        [paged(next=None), paged("9", next=2), paged("12", next=None)],
        known=[description(OBJECT, MODEL)],
    )
    (done,) = connector.read(OBJECT, ["id"])

    list(connector.read(OBJECT, ["id"], done.cursor))

    _, first, second = map(body_of, script.requests)
    stamp = "audit.modifiedDateTime"
    assert first["filters"] == [{"$gte": {stamp: "2026-06-15T09:20:00Z"}}]
    assert second["filters"] == [
        {"$gt": {stamp: "2026-06-14T08:00:00Z"}},
        {"$eq": {stamp: "2026-06-14T08:00:00Z"}},
        {"$gt": {"key": "9"}},
    ]
    assert second["filterExpression"] == "1 or (2 and 3)"
    assert second["orderBy"] == [{stamp: "asc"}, {"key": "asc"}]


def test_partial_results_belong_to_their_rows():
    there = found({"key": "5", "id": "C3"})
    created = httpx.Response(
        207,
        json={
            "ia::result": [
                {"key": "77", "id": "C1", "href": "/x/77", "ia::status": 201},
                {
                    "ia::error": {
                        "code": "operationFailed",
                        "message": "POST request failed",
                        "details": [
                            {"code": "invalidValue", "message": "Bad", "target": "term.id"}
                        ],
                    },
                    "ia::status": 400,
                },
            ],
            "ia::meta": {"totalCount": 2, "totalSuccess": 1, "totalError": 1},
        },
    )
    changed = httpx.Response(
        200, json={"ia::result": [{"key": "5", "id": "C3", "ia::status": 200}], "ia::meta": {}}
    )
    connector, script = by_rest([there, created, changed], known=[description(OBJECT, MODEL)])

    results = connector.upsert(
        OBJECT,
        "id",
        [
            {"id": "C1", "name": "A", "term.id": "Net 30", "notes": None},
            {"id": "C2", "name": "B", "term.id": "Nope"},
            {"id": "C3", "name": None},
        ],
    )

    ids = [(each.id, each.created) for each in results]
    assert ids == [("77", True), (None, None), ("5", False)]
    assert (results[1].error.code, results[1].error.fields) == ("invalidValue", ("term.id",))
    assert body_of(script.requests[1])[0] == {
        "id": "C1",
        "name": "A",
        "term": {"id": "Net 30"},
        "contacts": {"default": {"printAs": "A"}},
    }
    assert script.requests[1].headers["idempotency-key"]
    assert body_of(script.requests[2]) == [{"key": "5", "name": None}]
    assert script.requests[2].method == "PATCH"


def test_a_creation_that_was_cut_is_sent_again_under_the_same_key():
    keys = []

    def answering(request):
        if request.url.path.endswith("/query"):
            return found()
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            raise httpx.ReadError("cut")
        row = {"key": "77", "id": "C1", "ia::status": 201}
        return httpx.Response(201, json={"ia::result": [row], "ia::meta": {}})

    connector, _ = by_rest(answering, known=[description(OBJECT, MODEL)])

    (result,) = connector.upsert(OBJECT, "id", [{"id": "C1", "name": "A"}])

    assert result.id == "77"
    assert len(keys) == 2
    assert keys[0] == keys[1]


STRING = {"type": "string", "readOnly": False, "required": False, "mutable": True}
MODEL = {
    "fields": {
        "key": {**STRING, "readOnly": True},
        "id": {**STRING, "mutable": False},
        "name": {**STRING, "required": True, "maxLength": 100},
        "status": {**STRING, "enum": ["active", "inactive", None]},
        "creditLimit": {**STRING, "format": "decimal-precision-2"},
        "discount": {**STRING, "type": "number"},
        "nsp::PRIORITY": {**STRING, "label": "Priority"},
        "href": STRING,
    },
    "groups": {
        "audit": {"fields": {"modifiedDateTime": {**STRING, "format": "date-time"}}},
        "contacts": {
            "fields": {},
            "refs": {"default": {"apiObject": "company-config/contact", "fields": {
                "id": STRING, "key": STRING, "href": STRING, "printAs": STRING}}},
        },
    },
    "refs": {"term": {"apiObject": "accounts-receivable/term", "fields": {
        "id": STRING, "key": STRING, "name": {**STRING, "readOnly": True}}}},
    "lists": [],
}  # fmt: skip


def test_a_model_becomes_a_description_with_dotted_names():
    described = description(OBJECT, MODEL)

    kinds = {field.name: field.kind for field in described.fields}
    assert kinds == {
        "key": RemoteKind.ID,
        "id": RemoteKind.TEXT,
        "name": RemoteKind.TEXT,
        "status": RemoteKind.PICK_LIST,
        "creditLimit": RemoteKind.MONEY,
        "discount": RemoteKind.NUMBER,
        "nsp::PRIORITY": RemoteKind.TEXT,
        "audit.modifiedDateTime": RemoteKind.DATE_TIME,
        "contacts.default.id": RemoteKind.REFERENCE,
        "contacts.default.printAs": RemoteKind.TEXT,
        "term.id": RemoteKind.REFERENCE,
    }
    term = described.field("term.id")
    assert (term.refers_to, term.name_path) == (("accounts-receivable/term",), "term.name")
    assert described.field("contacts.default.printAs").label == "Contacts: default: print as"
    assert described.field("nsp::PRIORITY").label == "Priority"
    assert described.field("nsp::PRIORITY").custom
    assert [value.value for value in described.field("status").values] == ["active", "inactive"]
    assert [field.name for field in described.fields if field.required] == ["name"]
