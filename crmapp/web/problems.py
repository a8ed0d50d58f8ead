"""What went wrong, for programs: ``application/problem+json`` as RFC 9457 has it."""

from __future__ import annotations

from typing import Any

from flask import Response, g, json, request

from crmapp.errors import CRMError, Forbidden, Invalid, MayExist, ScopeMissing, TokenRefused
from crmapp.web.texts import translated

API = "/api/"
TYPE = "application/problem+json"


def wanted() -> bool:
    """Whether a program is asking, which reads no pages."""
    return request.path.startswith(API)


def answer(status: int, title: str, detail: str, error: CRMError | None) -> Response:
    """Say in the reader's language what is wrong, and with which member of what was sent."""
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": g.get("request_id"),
        **_more(error),
    }
    response = Response(json.dumps(problem), status, content_type=TYPE)
    if isinstance(error, TokenRefused):
        response.headers["WWW-Authenticate"] = 'Bearer realm="crmapp"'
    if isinstance(error, ScopeMissing):
        asked = f'Bearer realm="crmapp", error="insufficient_scope", scope="{error.scope}"'
        response.headers["WWW-Authenticate"] = asked
    return response


def _more(error: CRMError | None) -> dict[str, Any]:
    if isinstance(error, Invalid):
        return {
            "errors": [
                {"field": name, "detail": translated(text)} for name, text in error.fields.items()
            ]
        }
    if isinstance(error, Forbidden):
        return {"right": error.right}
    if isinstance(error, ScopeMissing):
        return {"scope": error.scope}
    if isinstance(error, MayExist):
        alike = [{"id": each.id, "name": each.name} for each in error.matches if each.open]
        return {"matches": alike, "duplicate_seal": error.seal, "wrong": error.wrong}
    return {}
