"""The refusals that come before anything is done: faults in each interface's own shape.

A server error has several shapes; the fault names one as its ``object``: ``bad_gateway`` (502 and
a page), ``no_operation`` and ``invalid_xml`` (both 200, as the real gateway was seen to answer).
Else it is 500 with a page, or with JSON in REST. XL03000020 and XL03000021 are numbers of ours.
"""

from __future__ import annotations

import orjson
from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.faults import Fault, Kind
from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.intacct.errors import Problem
from crmapp.connectors.sandbox.intacct.gateway import answering, envelope
from crmapp.connectors.sandbox.intacct.rest import answers

REST = "/ia/api/"
_BUSY = (
    "API rate limit exceeded. There are too many operations running for this company. "
    "Try again later."
)
_METERED = "API rate limit exceeded. The company has used up its API transactions of the month."
_HTML = """<!DOCTYPE html>
<html><head><title>{title}</title></head>
<body><h1>{title}</h1><p>The service is temporarily unavailable.</p><hr>cloudflare</body></html>
"""


def busy(request: Request) -> Response:
    """Refuse a request beyond those that a company may have at a time."""
    if request.path.startswith(REST):
        return _json(429, "tooManyRequests", _BUSY, "REST-4029")
    return _xml(429, Problem("XL03000020", _BUSY))


def dress(fault: Fault, request: Request) -> Response | None:
    """Make the answer of a fault; a locked row is left to what writes."""
    if fault.kind is Kind.LOCK_ROW:
        return None
    if fault.kind is Kind.UNAVAILABLE:
        return _html(503, "503 Service Temporarily Unavailable")
    if fault.kind is Kind.SERVER_ERROR and fault.object == "bad_gateway":
        return _html(502, "502 Bad Gateway")
    if request.path.startswith(REST):
        return _rest(fault)
    return _gateway(fault, request)


def _gateway(fault: Fault, request: Request) -> Response:
    match fault.kind:
        case Kind.UNAUTHORIZED:
            expired = envelope.authentication_failed(
                _control(request), "", company.COMPANY, answering.EXPIRED
            )
            return Response(expired, content_type=answering.XML)
        case Kind.QUOTA:
            return _xml(200, Problem("XL03000021", _METERED))
        case Kind.THROTTLED:
            response = _xml(429, Problem("XL03000020", _BUSY))
            response.headers["Retry-After"] = str(int(fault.seconds))
            return response
    match fault.object:
        case "no_operation":
            answer = envelope.no_operation(_control(request))
            return Response(answer, content_type=answering.XML)
        case "invalid_xml":
            broken = envelope.no_operation(_control(request)).replace("</control>", "<&>")
            return Response(broken, content_type=answering.XML)
    return _html(500, "500 Internal Server Error")


def _rest(fault: Fault) -> Response:
    match fault.kind:
        case Kind.UNAUTHORIZED:
            return invalid_token()
        case Kind.QUOTA:
            return _json(403, "quotaExceeded", _METERED, "REST-4030")
        case Kind.THROTTLED:
            response = _json(429, "tooManyRequests", _BUSY, "REST-4029")
            response.headers["Retry-After"] = str(int(fault.seconds))
            return response
    return _json(500, "internalError", "An internal error occurred.", "REST-5000")


def invalid_token(status: int = 401) -> Response:
    """Refuse a token, in the shape that Sage gives this one error."""
    error = answers.error("tokenInvalid", "Token is not valid", "REST-2102", "IA.TOKEN_IS_INVALID")
    return Response(
        orjson.dumps({"error": error}), status, content_type="application/json; charset=utf-8"
    )


def _json(status: int, code: str, message: str, number: str) -> Response:
    body = orjson.dumps({"ia::error": answers.error(code, message, number)})
    return Response(body, status, content_type="application/json; charset=utf-8")


def _xml(status: int, *problems: Problem) -> Response:
    text = envelope.control_failed({}, *problems)
    return Response(text, status, content_type=answering.XML)


def _html(status: int, title: str) -> Response:
    return Response(_HTML.format(title=title), status, content_type="text/html; charset=UTF-8")


def _control(request: Request) -> dict[str, str]:
    try:
        return envelope.parse(request.get_data()).control
    except envelope.Malformed:
        return {}
