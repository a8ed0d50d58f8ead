"""What went wrong, for programs: ``application/problem+json`` as RFC 9457 has it."""

from __future__ import annotations

from typing import Any

from flask import Response, g, json, request
from flask_babel import gettext, ngettext

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
        return _may_exist(error)
    return {}


def _may_exist(error: MayExist) -> dict[str, Any]:
    """Say which accounts are alike, of those that she may see, and what saves it all the same."""
    alike = [
        {
            "id": each.id,
            "name": each.name,
            "number": each.number,
            "reasons": [translated(reason) for reason in each.reasons],
        }
        for each in error.matches
        if each.open
    ]
    hidden = len(error.matches) - len(alike)
    detail = gettext(
        "Nothing is saved yet. If it is another account than the ones that may be the same, send it"
        " again with the “duplicate_seal” of this answer and, as “duplicate_reason”, a few words"
        " that say why."
    )
    if hidden:
        unseen = ngettext(
            "%(count)s account that may be the same is not open to you. Ask a manager.",
            "%(count)s accounts that may be the same are not open to you. Ask a manager.",
            hidden,
            count=hidden,
        )
        detail = f"{detail} {unseen}"
    wrong = [{"field": "duplicate_reason", "detail": translated(error.wrong)}]
    return {
        "title": gettext("This account may exist already"),
        "detail": detail,
        "matches": alike,
        "hidden": hidden,
        "duplicate_seal": error.seal,
        "errors": wrong if error.wrong else [],
    }
