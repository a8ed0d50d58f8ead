"""The pretend Salesforce as one application: who asks, whether she may, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.control import Control
from crmapp.connectors.sandbox.faults import Fault, Kind
from crmapp.connectors.sandbox.faulty import Faulty, due_of
from crmapp.connectors.sandbox.salesforce import (
    bulk,
    bulk_v1,
    extras,
    identity,
    limits,
    many,
    pages,
    query,
    sobjects,
)
from crmapp.connectors.sandbox.salesforce.apps import Apps
from crmapp.connectors.sandbox.salesforce.call import NEWEST, OLDEST, Call, Reply, is_spoken
from crmapp.connectors.sandbox.salesforce.database import Database
from crmapp.connectors.sandbox.salesforce.errors import ApiError, not_found
from crmapp.connectors.sandbox.salesforce.jobs import Jobs
from crmapp.connectors.sandbox.salesforce.oauth import OAuth
from crmapp.connectors.sandbox.salesforce.query import LARGEST_BATCH, SMALLEST_BATCH
from crmapp.connectors.sandbox.salesforce.reply import json_response
from crmapp.connectors.sandbox.salesforce.seeded import seed
from crmapp.connectors.sandbox.salesforce.soap import login

_RESOURCES = (
    "sobjects", "query", "queryAll", "search", "composite", "jobs", "ui-api", "recent", "limits",
)  # fmt: skip
_INPUTS = {
    "expire_tokens": ("refresh",),
    "app": ("client_id", "secret", "run_as", "public_key"),
    "quota": ("limit", "used"),
    "hide_field": ("object", "field"),
    "show_field": ("object", "field"),
    "duplicate_rule": ("rule",),
    "add_field": ("object", "name", "type", "label"),
}
_SEASONS = ("Spring", "Summer", "Winter")
_BATCH = "batchSize="
_LONGEST = 16_384  # bytes


class Salesforce:
    """One org; ``answer`` is what the middleware with the faults asks."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "salesforce.db")
        query.prepare(self.database)
        bulk_v1.prepare(self.database.store)
        self.apps = Apps(self.database)
        self.oauth = OAuth(self.database, self.apps)
        self.quota = limits.Quota(self.database)
        seed(self.database)
        control = Control("The pretend Salesforce", self._controls(), _INPUTS)
        self.app = Faulty(self.answer, self.database.store, dress=self.dress, control=control)
        self.jobs = Jobs(self.database, self.app.faults)

    def answer(self, request: Request) -> Response:
        too_long = _too_long(request)
        if too_long is not None:
            return too_long
        path = request.path
        if path.startswith("/services/oauth2/"):
            return self.oauth.answer(request)
        if path == identity.CONFIGURATION:
            return json_response(identity.configuration(request.host_url.rstrip("/")))
        if path.startswith("/lightning/"):
            return pages.record(request, self.database, f"{NEWEST}.0")
        if path.startswith("/id/"):
            return self.oauth.identity(request)
        if path.startswith("/services/Soap/"):
            return login(request, self.oauth, self.apps)
        if path.rstrip("/") == "/services/data":
            return json_response([_version(number) for number in range(OLDEST, NEWEST + 1)])
        try:
            return self._called(request)
        except ApiError as error:
            headers = {limits.HEADER: self.quota.header(due_of(request).now())}
            return json_response(error.body(), error.status, headers)

    def _called(self, request: Request) -> Response:
        """Answer a call of the REST API.

        Raises:
            ApiError: it is refused.
        """
        parts = [part for part in request.path.split("/") if part]
        if parts[:2] not in (["services", "data"], ["services", "async"]):
            raise not_found()
        if len(parts) < 3 or not is_spoken(parts[2].removeprefix("v")):
            raise not_found()
        user = self.apps.holder(_token(request))
        if user is None:
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        due = due_of(request)
        usage = self.quota.spend(due.now())
        call = Call(
            self.database,
            due,
            request.args.get("_HttpMethod", request.method).upper(),
            parts[2].removeprefix("v"),
            tuple(parts[3:]),
            request.args,
            {name.lower(): value for name, value in request.headers.items()},
            request.get_data(),
            request.host_url.rstrip("/"),
            user,
        )
        if parts[1] != "async":
            reply = self.dispatch(call)
        else:  # whose JSON comes without a word on its letters; clients compare
            reply = bulk_v1.answer(call)
            reply = replace(reply, headers={"Content-Type": "application/json", **reply.headers})
        return json_response(reply.value, reply.status, {**reply.headers, limits.HEADER: usage})

    def dispatch(self, call: Call) -> Reply:
        """Lead a call to who answers it.

        Raises:
            ApiError: it is refused.
        """
        match call.parts:
            case ():
                return Reply(200, {name: f"{call.base}/{name}" for name in _RESOURCES})
            case ("sobjects", *_):
                return sobjects.answer(call)
            case ("composite", *_):
                return many.answer(call, self.dispatch)
            case ("query" | "queryAll" as name,):
                return Reply(200, _first_page(call, deleted=name == "queryAll"))
            case ("query" | "queryAll", locator):
                return Reply(200, call.reader.more(locator))
            case ("jobs", *_):
                return bulk.answer(call, self.jobs)
            case ("search",):
                return extras.search(call)
            case ("ui-api", *_):
                return extras.user_interface(call)
            case ("recent",):
                return Reply(200, [])
            case ("limits", "recordCount"):
                return extras.counts(call)
            case ("limits",):
                return Reply(200, self.quota.shown(call.now))
        raise not_found()

    def dress(self, fault: Fault, request: Request) -> Response | None:
        """Return a fault as Salesforce words it; a locked row is left to who writes the rows."""
        status, code, message = {
            Kind.UNAUTHORIZED: (401, "INVALID_SESSION_ID", "Session expired or invalid"),
            Kind.QUOTA: (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
            Kind.THROTTLED: (429, "TOO_MANY_REQUESTS", "Too many requests."),
            Kind.SERVER_ERROR: (
                500,
                "UNKNOWN_EXCEPTION",
                "An unexpected error occurred. Please include this ErrorId if you contact support:"
                " 1700000000-100001 (-1500000000)",
            ),
            Kind.UNAVAILABLE: (503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable."),
        }.get(fault.kind, (0, "", ""))
        if not status:
            return None
        headers = {limits.HEADER: self.quota.header(datetime.now(UTC))}
        if fault.kind is Kind.THROTTLED or (fault.kind is Kind.UNAVAILABLE and fault.seconds):
            headers["Retry-After"] = f"{fault.seconds:.0f}"
        if request.path.startswith("/services/oauth2/"):
            said = {"error": code.lower(), "error_description": message}
            if fault.kind is Kind.UNAUTHORIZED:
                said = {
                    "error": "invalid_client",
                    "error_description": "invalid client credentials",
                }
            return json_response(said, status, headers)
        return json_response(ApiError(code, message).body(), status, headers)

    def _controls(self) -> Mapping[str, Any]:
        return {
            "expire_tokens": lambda given: self.apps.expire(refresh=bool(given.get("refresh"))),
            "app": lambda given: _without_secret(self.apps.change(given)),
            "quota": lambda given: self.quota.change(
                _optional(given, "limit"), _optional(given, "used"), datetime.now(UTC)
            ),
            "hide_field": lambda given: self.database.hide(
                given["object"], given["field"], datetime.now(UTC)
            ),
            "show_field": lambda given: self.database.hide(
                given["object"], given["field"], datetime.now(UTC), hidden=False
            ),
            "duplicate_rule": lambda given: self.database.set_duplicate_rule(given["rule"]),
            "add_field": lambda given: self.database.add_field(
                given["object"],
                {name: value for name, value in given.items() if name != "object"},
                datetime.now(UTC),
            ),
        }


def _too_long(request: Request) -> Response | None:
    """Refuse an address that is too long, alone or with its headers, as the server in front does.

    The lengths are those of the status codes 414 and 431 in Salesforce's REST API guide.
    """
    address = len(request.path) + len(request.query_string)
    if address + sum(len(name) + len(value) for name, value in request.headers) <= _LONGEST:
        return None
    status, reason = (
        (414, "URI Too Long") if address > _LONGEST else (431, "Request Header Fields Too Large")
    )
    page = f"<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>"
    return Response(page, status, content_type="text/html;charset=iso-8859-1")


def _first_page(call: Call, *, deleted: bool) -> dict[str, Any]:
    text = call.args.get("q")
    if not text:
        raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
    if call.args.get("columns", "").lower() == "true":
        return extras.columns(call, text)
    options = call.headers.get("sforce-query-options", "").replace(" ", "")
    batch = LARGEST_BATCH
    for option in options.split(","):
        if option.startswith(_BATCH) and option.removeprefix(_BATCH).isdigit():
            batch = int(option.removeprefix(_BATCH))
    batch = max(SMALLEST_BATCH, min(LARGEST_BATCH, batch))
    return call.reader.query(text, deleted=deleted, batch=batch)


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() in ("bearer", "oauth"):
        return token.strip()
    return request.headers.get("X-SFDC-Session", "")


def _version(number: int) -> dict[str, str]:
    """Return a version with its release: 66 is Spring '26."""
    season = _SEASONS[number % 3]
    year = 26 + (number - 66 + (number % 3 == 2)) // 3
    return {
        "label": f"{season} '{year:02}",
        "url": f"/services/data/v{number}.0",
        "version": f"{number}.0",
    }


def _optional(given: Mapping[str, Any], name: str) -> int | None:
    return int(given[name]) if given.get(name) not in (None, "") else None


def _without_secret(app: Any) -> dict[str, Any]:
    return {"client_id": app.client_id, "run_as": app.run_as, "rotates": app.rotates}
