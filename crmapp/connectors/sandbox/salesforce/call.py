"""One call of the REST API, and what is answered to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from crmapp.connectors.sandbox.faults import Due
from crmapp.connectors.sandbox.salesforce.database import USER_ID, Database
from crmapp.connectors.sandbox.salesforce.errors import ApiError, not_found
from crmapp.connectors.sandbox.salesforce.query import Reader
from crmapp.connectors.sandbox.salesforce.records import Writer
from crmapp.connectors.sandbox.salesforce.schema import SObject

OLDEST, NEWEST = 31, 68


@dataclass(frozen=True)
class Reply:
    """``value`` is sent as JSON; bytes are sent as they are, None as nothing."""

    status: int = 200
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """``parts`` is the path below ``/services/data/vXX.0``."""

    database: Database
    due: Due
    method: str
    version: str
    parts: tuple[str, ...]
    args: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    host: str
    user: str = USER_ID

    @property
    def reader(self) -> Reader:
        return Reader(self.database, self.due, self.version)

    @property
    def now(self) -> datetime:
        return self.due.now()

    @property
    def base(self) -> str:
        return f"/services/data/v{self.version}"

    def object(self, name: str) -> SObject:
        return self.database.object(name, self.due)

    def writer(self, connection: sqlite3.Connection, object: SObject) -> Writer:
        """Return what writes records of ``object`` as this call may."""
        options = self.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        rule = self.database.duplicate_rule
        if rule == "alert" and "allowsave=true" in options:
            rule = ""
        return Writer(self.database, connection, object, self.now, self.user, rule)

    def json(self) -> Any:
        """Return the body.

        Raises:
            ApiError: it is no JSON.
        """
        try:
            return orjson.loads(self.raw)
        except orjson.JSONDecodeError as error:
            raise ApiError("JSON_PARSER_ERROR", f"{error} at [line:1, column:1]") from error

    def mapping(self) -> dict[str, Any]:
        body = self.json()
        if not isinstance(body, dict):
            raise ApiError(
                "JSON_PARSER_ERROR", "The HTTP entity body is required, and must be an object"
            )
        return body

    def within(self, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Call:
        """Return a call that is a part of this one.

        Raises:
            ApiError: its address is not one of this API.
        """
        version, parts, args = split(url)
        return replace(
            self,
            method=method.upper(),
            version=version,
            parts=parts,
            args=args,
            headers={name.lower(): value for name, value in headers.items()},
            raw=b"" if body is None else orjson.dumps(body),
        )


def split(url: str) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """Split an address into the version, the path below it, and its arguments.

    Raises:
        ApiError: it is not below a version that is spoken.
    """
    address = urlsplit(url)
    match [part for part in address.path.split("/") if part]:
        case ["services", "data", version, *parts] if is_spoken(version[1:]):
            named = dict(parse_qsl(address.query, keep_blank_values=True))
            return version[1:], tuple(map(unquote, parts)), named
    raise not_found()


def is_spoken(version: str) -> bool:
    number, _, rest = version.partition(".")
    return rest == "0" and number.isdigit() and OLDEST <= int(number) <= NEWEST


def allowed(call: Call, *methods: str) -> None:
    """Raise if the call's method is none of ``methods``."""
    if call.method not in methods:
        raise ApiError(
            "METHOD_NOT_ALLOWED",
            f"HTTP Method '{call.method}' not allowed. Allowed are {','.join(methods)}",
            status=405,
        )
