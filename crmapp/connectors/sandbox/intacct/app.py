"""Puts the pretend Sage Intacct together: its file, both interfaces, faults and control page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.control import PREFIX, Control
from crmapp.connectors.sandbox.faulty import Faulty
from crmapp.connectors.sandbox.intacct import records, refusals, seed
from crmapp.connectors.sandbox.intacct.company import Company, Full, credentials_of
from crmapp.connectors.sandbox.intacct.gateway import answering
from crmapp.connectors.sandbox.intacct.gateway.answering import Gateway
from crmapp.connectors.sandbox.intacct.objects import by_name
from crmapp.connectors.sandbox.intacct.rest.answering import PREFIX as PREFIX_OF_REST
from crmapp.connectors.sandbox.intacct.rest.answering import Rest
from crmapp.connectors.sandbox.intacct.values import moment
from crmapp.connectors.sandbox.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_FUNCTION = re.compile(rb"<function\b[^>]*>\s*<(\w+)[^>]*>(?:\s*<([\w.]+)/?>)?")
_OBJECT = re.compile(rb"<object>\s*([^<\s]+)")
_REST_OBJECT = re.compile(rb'"object"\s*:\s*"([^"]+)"')


class Intacct(Faulty):
    """The application; a request beyond the company's places is refused before it meets faults."""

    def __init__(self, store: Store, company: Company) -> None:
        self.rest = Rest(company)
        self._gateway = Gateway(company)
        super().__init__(
            self._route,
            store,
            dress=refusals.dress,
            operation=operation_of,
            control=Control("Sage Intacct (sandbox)", _extras(company, self.rest)),
        )
        self.company = company

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(PREFIX):
            return super().__call__(environ, start_response)
        try:
            with self.company.place():
                return super().__call__(environ, start_response)
        except Full:
            return refusals.busy(Request(environ))(environ, start_response)

    def _route(self, request: Request) -> Response:
        if request.path == answering.PATH:
            return self._gateway.answer(request)
        if request.path.startswith(f"{PREFIX_OF_REST}/"):
            return self.rest.answer(request)
        return Response("Not found", 404)


def create_app(folder: Path) -> Intacct:
    """Make the sandbox whose file lies in ``folder``; an empty one is filled."""
    store = Store(folder / "intacct.sqlite", records.SCHEMA)
    company = Company(store)
    with store.writing() as connection:
        seed.plant(connection)
    return Intacct(store, company)


def operation_of(request: Request) -> str:
    """Name what a request asks for: ``query CUSTOMER``, ``create CUSTOMER``, ``getAPISession``."""
    body = request.get_data(cache=True, parse_form_data=False)
    if request.path != answering.PATH:
        named = _REST_OBJECT.search(body) if request.path.endswith("/query") else None
        return f"query {named[1].decode(errors='replace')}" if named else ""
    function = _FUNCTION.search(body)
    if function is None:
        return ""
    object = _OBJECT.search(body, function.start())
    named_by = object[1] if object else function[2] or b""
    return f"{function[1].decode()} {named_by.decode(errors='replace')}".strip()


def _extras(company: Company, rest: Rest) -> dict[str, Any]:
    def expire_sessions(_given: Mapping[str, Any]) -> dict[str, int]:
        return {"expired": company.expire_sessions()}

    def usage(_given: Mapping[str, Any]) -> dict[str, int]:
        return company.usage()

    def expire_tokens(_given: Mapping[str, Any]) -> dict[str, int]:
        return {"expired": rest.tokens.expire()}

    def credentials(_given: Mapping[str, Any]) -> dict[str, Any]:
        return credentials_of()

    def grow(given: Mapping[str, Any]) -> dict[str, int]:
        object = by_name(str(given.get("object", "CUSTOMER")))
        if object is None:
            return {"added": 0}
        count = int(given.get("count") or 1000)
        with company.store.writing() as connection:
            at = moment(datetime.now(UTC))
            return {"added": seed.grow(connection, object, count, at)}

    return {
        "credentials": credentials,
        "expire-sessions": expire_sessions,
        "expire-tokens": expire_tokens,
        "grow": grow,
        "usage": usage,
    }
