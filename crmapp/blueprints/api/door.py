"""Who asks, with which token, how often; and what each operation says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, g, request

from crmapp import origin
from crmapp.domain.scopes import Scope, opens
from crmapp.errors import (
    Conflict,
    Invalid,
    KeyReused,
    ScopeMissing,
    TokenRefused,
    VersionStale,
)
from crmapp.i18n import N_
from crmapp.services import api_tokens
from crmapp.web.access import public
from crmapp.web.extensions import GUESS_LIMIT, limiter

RATE = "600 per minute"
DESCRIPTION = "api.openapi"
View = Callable[..., Any]
REUSED = N_("This Idempotency-Key was sent before with another body. Send a new one.")


@dataclass(frozen=True)
class Operation:
    """One method of one address. ``sends`` and ``answers`` name schemas of the document.

    ``gives_away``: by it, a person may give a record to somebody else, and not see it any more.
    ``may_exist``: where there are records like the one that is sent, it is not saved at once.
    What is not ``keyed`` does no harm when it is sent twice, and looks at no Idempotency-Key.
    """

    method: str
    path: str
    scope: Scope
    summary: str
    sends: str = ""
    answers: str = ""
    status: int = 200
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    versioned: bool = False
    gives_away: bool = False
    may_exist: bool = False
    keyed: bool = True


OPERATIONS: dict[str, Operation] = {}
"""Endpoint → what it does, for the document."""
_VIEWS: dict[str, View] = {}


def operation(known: Operation) -> Callable[[View], View]:
    """Serve a view under ``/api/v1`` to tokens that have its scope."""

    def decorate(view: View) -> View:
        OPERATIONS[view.__name__] = known
        _VIEWS[view.__name__] = view
        return view

    return decorate


def serve(bp: Blueprint) -> None:
    """Give each operation its address, behind this door."""
    for name, known in OPERATIONS.items():
        # The guard of the pages knows cookies; this one knows tokens and nothing else.
        view = public(_in_our_words(_VIEWS[name], known))
        bp.add_url_rule(known.path, name, view, methods=[known.method])
    bp.before_request(_enter)
    bp.after_request(_leave)


def _in_our_words(view: View, known: Operation) -> View:
    """Speak of the key and the version that a program sent, where services speak of a form."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except KeyReused as error:
            raise Invalid({"Idempotency-Key": REUSED}, REUSED) from error
        except Conflict as conflict:
            if not known.versioned:
                raise
            raise VersionStale from conflict

    return answer


def _enter() -> None:
    """Let in who brings a good token with the scope; cookies are not looked at.

    The description is open to visitors and to who is signed in as well, without a token.
    """
    kind, _, word = request.headers.get("Authorization", "").partition(" ")
    brought, described = kind.lower() == "bearer", request.endpoint == DESCRIPTION
    if described and not brought:
        return
    token = api_tokens.found(word.strip()) if brought else None
    if token is None:
        _count_guess()
        raise TokenRefused
    g.api_token, g.api_scopes = token.id, list(token.scopes)
    _count()
    api_tokens.note_use(token)
    origin.enter_program(token.name)
    g._login_user = token.user
    if described:
        return
    needed = OPERATIONS[(request.endpoint or "").removeprefix("api.")].scope
    if not opened(needed):
        raise ScopeMissing(needed.value)


def opened(scope: Scope) -> bool:
    """Whether the token has a scope; who may write may read."""
    return opens(g.api_scopes, scope)


def _leave(response: Response) -> Response:
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers["Retry-After"] = "60"
    cookie = ", Cookie" if request.endpoint == DESCRIPTION else ""
    response.headers["Vary"] = f"Authorization, Accept-Language{cookie}"
    return response


@limiter.shared_limit(RATE, "api", key_func=lambda: f"token:{g.api_token}")
def _count() -> None:
    """Refuse a token that asks too often, whatever it asks."""


@limiter.shared_limit(GUESS_LIMIT, "api")
def _count_guess() -> None:
    """Refuse whoever has tried too many tokens."""
