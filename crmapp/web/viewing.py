"""An administrator sees every page as somebody else does, and changes nothing meanwhile.

It is told in the session, and ends with it. What signs a person in is hers alone: those pages
are closed meanwhile. Nothing is written by any request of that time: not by
its method, and not by a page that is only asked for (:data:`crmapp.db.session.READ_ONLY`); but
the audit trail is told, under her own name, of a file that she takes away.
"""

from __future__ import annotations

from flask import Flask, flash, g, request, session
from flask_login import user_logged_in, user_logged_out

from crmapp import origin
from crmapp.db import read_only
from crmapp.errors import ReadOnly
from crmapp.i18n import N_
from crmapp.models.user import User
from crmapp.services import users, view_as
from crmapp.web.access import person, signed_in
from crmapp.web.texts import translated

KEY = "viewing_as"
ENDING = frozenset({"settings.stop_viewing", "security.logout"})
"""What an administrator does as herself, whoever she looks at it as."""
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_ENDED = N_(
    "You see crmapp with your own eyes again: as this person it cannot be looked at any more."
    " Nothing was changed."
)


def init_app(app: Flask) -> None:
    """Show each page as the person whom its reader has chosen; after who asks is known."""
    app.before_request(_look_through_her_eyes)
    app.teardown_request(_look_away)
    app.add_template_global(viewer)
    user_logged_in.connect(_forget, app)
    user_logged_out.connect(_forget, app)


def begin(user_id: int) -> None:
    """From the next request on, show each page as a person sees it.

    Raises:
        Forbidden, NotFound, Invalid: as for :func:`crmapp.services.view_as.begin`.
    """
    view_as.begin(user_id, by=person())
    session[KEY] = [person().id, user_id]


def end() -> None:
    """Show pages as the reader sees them again."""
    found = session.pop(KEY, None)
    if found:
        view_as.end(found[1], by_id=found[0])


def viewer() -> User | None:
    """Return who looks at pages as somebody else, if she does."""
    known: User | None = g.get("viewer")
    return known


def _look_through_her_eyes() -> None:
    read_only(False)
    if KEY not in session or not signed_in() or request.endpoint in ENDING:
        return
    who, by = _seen(), person()
    writes = request.method not in _READING
    if who is None:
        end()
        if writes:
            raise ReadOnly(_ENDED)
        flash(translated(_ENDED), "info")
        return
    g.viewer, g._login_user = by, who
    origin.enter_viewer(by.id)
    refused = writes or request.blueprint == "security"
    if refused:
        view_as.refuse(who.id, by_id=by.id)
    read_only(True)
    if refused:
        raise ReadOnly


def _look_away(_error: BaseException | None) -> None:
    read_only(False)


def _seen() -> User | None:
    """Return as whom the reader looks, if she may still do so and that person is still here."""
    by, (begun_by, user_id) = person(), session[KEY]
    if begun_by != by.id or not by.can(view_as.RIGHT):
        return None
    user = users.get(user_id, by=by)
    return user if user.active else None


def _forget(_app: Flask, **_said: object) -> None:
    session.pop(KEY, None)
