"""The middleware of every sandbox: makes a request meet its faults, and shows the control page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.control import PREFIX, Control
from crmapp.connectors.sandbox.faults import Due, Fault, Faults, Kind
from crmapp.connectors.sandbox.serving import Cut
from crmapp.connectors.sandbox.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Answer = Callable[[Request], Response]
Dress = Callable[[Fault, Request], Response | None]
_DUE = "crmapp.sandbox.due"
_ERRORS = (
    Kind.UNAUTHORIZED,
    Kind.QUOTA,
    Kind.THROTTLED,
    Kind.SERVER_ERROR,
    Kind.UNAVAILABLE,
    Kind.LOCK_ROW,
)


def due_of(request: Request) -> Due:
    """Return what goes wrong with ``request``."""
    due: Due = request.environ.get(_DUE, Due())
    return due


class Faulty:
    """A sandbox as a WSGI application.

    ``answer`` is the sandbox proper. ``dress`` makes the answer of a fault that is an error of
    the protocol; None leaves it to ``answer``, which finds it by :func:`due_of` (a locked row
    among others). ``operation`` names what a request asks for where its path does not.
    """

    def __init__(
        self,
        answer: Answer,
        store: Store,
        *,
        dress: Dress,
        operation: Callable[[Request], str] = lambda request: "",
        control: Control | None = None,
    ) -> None:
        self.store = store
        self.faults = Faults(store)
        self._answer = answer
        self._dress = dress
        self._operation = operation
        self._control = control or Control("Sandbox")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
            return self._control.answer(request, self.faults)(environ, start_response)
        body = request.get_data(cache=True, parse_form_data=False)
        due = self.faults.due(request.method, request.path, self._operation(request))
        response = self._meet(due, environ, body)
        if due.first([Kind.WRONG_CLOCK]):
            response.headers["Date"] = http_date(due.now())
        if due.first([Kind.HALF]):
            whole = response.get_data()
            response.direct_passthrough = False
            raise Cut(response.status, list(response.headers), whole, keep=len(whole) // 2)
        return response(environ, start_response)

    def _meet(self, due: Due, environ: WSGIEnvironment, body: bytes) -> Response:
        slow = due.first([Kind.SLOW])
        if slow is not None:
            time.sleep(slow.seconds)
        if due.first([Kind.CUT]):
            raise Cut
        error = due.first(_ERRORS)
        dressed = self._dress(error, _again(environ, body, due)) if error is not None else None
        if dressed is not None:
            return dressed
        response = self._answer(_again(environ, body, due))
        if due.first([Kind.TWICE]):
            response = self._answer(_again(environ, body, due))
        if due.first([Kind.CUT_AFTER]):
            raise Cut
        return response


def _again(environ: WSGIEnvironment, body: bytes, due: Due) -> Request:
    """Return the request as if it had just come in."""
    fresh = {key: value for key, value in environ.items() if not key.startswith("werkzeug.")}
    fresh |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), _DUE: due}
    return Request(fresh)
