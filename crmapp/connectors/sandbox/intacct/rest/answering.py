"""The REST API itself: who comes in, and which service answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson
from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.faults import Kind
from crmapp.connectors.sandbox.faulty import due_of
from crmapp.connectors.sandbox.intacct import errors, objects, refusals
from crmapp.connectors.sandbox.intacct.catalogue import Object
from crmapp.connectors.sandbox.intacct.company import Company, Session
from crmapp.connectors.sandbox.intacct.rest import answers, models
from crmapp.connectors.sandbox.intacct.rest.answers import Failed
from crmapp.connectors.sandbox.intacct.rest.oauth import OAuth
from crmapp.connectors.sandbox.intacct.rest.querying import query
from crmapp.connectors.sandbox.intacct.rest.resources import Resource, RolledBack
from crmapp.connectors.sandbox.intacct.rest.tokens import Tokens

PREFIX = "/ia/api/v1"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answered (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL
);
"""
_WRITES = frozenset({"POST", "PATCH", "DELETE"})


class Rest:
    """Answers requests below :data:`PREFIX`."""

    def __init__(self, company: Company) -> None:
        company.store.create(_SCHEMA)
        self._company = company
        self.tokens = Tokens(company.store)
        self._oauth = OAuth(company, self.tokens)

    def answer(self, request: Request) -> Response:
        path = request.path.removeprefix(PREFIX).rstrip("/")
        match request.method, path:
            case "GET" | "POST", "/oauth2/authorize":
                return self._oauth.authorize(request)
            case "POST", "/oauth2/token":
                return self._oauth.token(request)
            case "POST", "/oauth2/revoke":
                return self._oauth.revoke(request)
        who = self._who(request)
        if who is None:
            return refusals.invalid_token()
        try:
            return self._service(request, path, self._in_entity(request, who))
        except Failed as failed:
            return answers.failure(failed)

    def _who(self, request: Request) -> Session | None:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return self.tokens.session(token, due_of(request).now())

    def _in_entity(self, request: Request, who: Session) -> Session:
        entity = request.headers.get("X-IA-API-Param-Entity")
        if not entity:
            return who
        if not self._company.has_entity(entity):
            raise answers.invalid(f"The entity {entity} does not exist", "REST-1040")
        return replace(who, entity=entity)

    def _service(self, request: Request, path: str, who: Session) -> Response:
        match request.method, path.split("/"):
            case "POST", ["", "services", "core", "query"]:
                return self._query(request, who)
            case "GET", ["", "services", "core", "model"]:
                return self._model(request)
            case "GET", ["", "services", "company-config", "dimensions", "list"]:
                return answers.result(models.dimensions())
            case "GET", ["", "services", "core", "session", "id"]:
                return self._session(who)
            case _, ["", "objects", application, name]:
                return self._object(request, who, f"{application}/{name}", "")
            case _, ["", "objects", application, name, key]:
                return self._object(request, who, f"{application}/{name}", key)
        raise answers.no_object(path)

    def _query(self, request: Request, who: Session) -> Response:
        payload = _payload(request)
        if not isinstance(payload, dict):
            raise answers.invalid("A query is an object", "REST-1060")
        object, hidden = self._known(request, str(payload.get("object", "")))
        self._company.meter(1, due_of(request).now())
        with self._company.store.snapshot() as connection:
            return query(connection, payload, who, object, hidden)

    def _model(self, request: Request) -> Response:
        name = request.args.get("name", "")
        if not name:
            return answers.result(models.listed())
        object, _hidden = self._known(request, name)
        return answers.result(models.described(object))

    def _session(self, who: Session) -> Response:
        """Open a session of the XML gateway for who came in by a token."""
        with self._company.store.writing() as connection:
            opened = self._company.open(who, connection, who.entity)
        return answers.result({"sessionId": opened.id})

    def _object(self, request: Request, who: Session, path: str, key: str) -> Response:
        object, _hidden = self._known(request, path)
        if request.method == "GET":
            self._company.meter(1, due_of(request).now())
            with self._company.store.snapshot() as connection:
                resource = Resource(object, who, connection, due_of(request).now(), "GET")
                return resource.one(key) if key else resource.listed()
        if request.method not in _WRITES:
            return Response(status=405, headers={"Allow": "GET, POST, PATCH, DELETE"})
        self._check_may_write(request, who, object)
        try:
            with self._company.store.writing() as connection:
                return _once(
                    request, connection, lambda: self._write(request, who, object, key, connection)
                )
        except RolledBack as rolled_back:
            return rolled_back.response

    def _check_may_write(self, request: Request, who: Session, object: Object) -> None:
        if not who.user.may_write:
            problem = errors.not_permitted(request.method, object.rest)
            raise answers.refused([problem], request.method, object)
        if due_of(request).first([Kind.LOCK_ROW]):
            raise answers.refused([errors.LOCKED], request.method, object)

    def _write(
        self, request: Request, who: Session, object: Object, key: str,
        connection: sqlite3.Connection,
    ) -> Response:  # fmt: skip
        atomic = request.headers.get("X-IA-API-Param-Transaction", "").lower() == "true"
        now = due_of(request).now()
        resource = Resource(object, who, connection, now, request.method, atomic)
        match request.method, bool(key):
            case "POST", False:
                return resource.create(_payload(request))
            case "PATCH", True:
                return resource.change(key, _payload(request))
            case "PATCH", False:
                return resource.change_many(_payload(request))
            case "DELETE", True:
                return resource.delete(key)
        raise answers.invalid(f"{request.method} is not supported here", "REST-1012")

    def _known(self, request: Request, path: str) -> tuple[Object, frozenset[str]]:
        """Return an object as it is now, with the fields that are gone just now."""
        found = objects.by_rest(path)
        if found is None:
            raise answers.no_object(path)
        vanished = due_of(request).vanished
        names = {"", found.rest.lower(), found.name.lower()}
        gone = {field for object, field in vanished if object in names}
        hidden = frozenset(
            each.id for each in found.fields if {each.id.lower(), each.rest.lower()} & gone
        )
        return found.without(hidden), hidden


def _once(
    request: Request, connection: sqlite3.Connection, write: Callable[[], Response]
) -> Response:
    """Answer a request that was answered before, by its ``Idempotency-Key``, as before.

    The key is kept in the transaction of what was done, so that both are there or neither.
    """
    key = request.headers.get("Idempotency-Key")
    if not key:
        return write()
    what = sha256(f"{request.method} {request.path}\n".encode() + request.get_data()).hexdigest()
    row = connection.execute("SELECT * FROM answered WHERE key = ?", [key]).fetchone()
    if row is not None and row["request"] != what:
        raise answers.invalid("The Idempotency-Key was used with another request", "REST-1095")
    if row is not None:
        return Response(row["body"], row["status"], content_type=answers.JSON)
    response = write()
    connection.execute(
        "INSERT INTO answered (key, request, status, body) VALUES (?, ?, ?, ?)",
        [key, what, response.status_code, response.get_data()],
    )
    return response


def _payload(request: Request) -> Any:
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        message = f"A {request.method} request requires a payload"
        raise answers.invalid(
            message, "REST-1028", "IA.REQUEST_REQUIRES_A_PAYLOAD", OPERATION=request.method
        ) from error
