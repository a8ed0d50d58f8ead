"""The sign-in that a request belongs to: begun, found by its session's word, seen, and ended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from flask import Flask, Request, Response, after_this_request, current_app, g, request, session
from flask_babel import gettext as _
from flask_login import user_logged_in, user_logged_out
from flask_security.utils import _view_commit, set_request_attr

from crmapp.db import db, while_unchanged
from crmapp.db import session as database
from crmapp.domain import browsers
from crmapp.models import SignIn
from crmapp.models.user import User
from crmapp.services import sign_ins
from crmapp.services.sign_ins import Seen

POLLS = "looked"
"""A page that looks again by itself says in its address how often it has: nobody is seen by it."""


@dataclass(frozen=True)
class Place:
    """A browser somebody is signed in with, in words, and whether it is the one that asks."""

    row: SignIn
    browser: str
    is_here: bool


def init_app(app: Flask) -> None:
    """Let the library find people by their sign-ins, and by nothing else."""
    app.login_manager.user_loader(_of_session)  # type: ignore[attr-defined]  # the library's
    app.login_manager.request_loader(_of_token)  # type: ignore[attr-defined]  # the library's
    app.after_request(_note)
    user_logged_in.connect(_begin, app)
    user_logged_out.connect(_end, app)


def here() -> int:
    """Return the id of the reader's own sign-in."""
    return _seen().id


def places(user_id: int, *, by: User) -> list[Place]:
    """Return where a person is signed in: here first, then where she was seen last.

    Raises:
        Forbidden: it is not herself, and ``by`` lacks the right.
    """
    rows = [Place(row, _words(row.agent), row.id == here()) for row in sign_ins.of(user_id, by=by)]
    return sorted(rows, key=lambda place: not place.is_here)


def _words(agent: str) -> str:
    browser = browsers.named(agent)
    if browser.name and browser.system:
        return _("%(browser)s on %(system)s", browser=browser.name, system=browser.system)
    if browser.system:
        return _("A browser on %(system)s", system=browser.system)
    return browser.name or _("A browser that does not say its name")


def _seen() -> Seen:
    seen: Seen = g.sign_in
    return seen


def _of_session(word: str) -> User | None:
    """Return the person of a session, as the database has her now."""
    known = while_unchanged(("session", word), lambda: _read(word))
    if known is None or not known[0].active or known[1].is_over():
        return None
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    g.sign_in = known[1]
    return database.merge(known[0], load=False)


def _of_token(_request: Request) -> None:
    """Let nobody in by a token of the library: it is no sign-in that she could see and end."""


def _read(word: str) -> tuple[User, Seen] | None:
    """Read the person, and let go of her: who asks for her gets a copy."""
    found = sign_ins.find(word)
    if found:
        database.expunge(found[0])
    return found


def _begin(_app: Flask, user: User, **_more: object) -> None:
    """Give the session, and the cookie that remembers it, a word of its own."""
    _forget()
    word, sign_in_id = sign_ins.begin(user.id, **_told())
    session["_user_id"] = word
    g.sign_in = Seen(sign_in_id)
    after_this_request(_view_commit)


def renew() -> None:
    """Give the session, and the cookie that remembers it, another word; the caller commits."""
    session["_user_id"] = sign_ins.renew(here())
    if current_app.config["REMEMBER_COOKIE_NAME"] in request.cookies:
        session["_remember"] = "set"


def _end(_app: Flask, **_more: object) -> None:
    _forget()
    after_this_request(_view_commit)


def _forget() -> None:
    seen: Seen | None = g.pop("sign_in", None)
    if seen:
        sign_ins.forget(seen.id)


def _told() -> dict[str, str]:
    return {"agent": request.user_agent.string, "address": request.remote_addr or ""}


def _note(response: Response) -> Response:
    """Note that somebody was seen, once she has her answer."""
    seen: Seen | None = g.get("sign_in")
    if seen and POLLS not in request.args and seen.is_to_be_noted():
        response.call_on_close(partial(sign_ins.note, db.engine, seen.id, **_told()))
    return response
