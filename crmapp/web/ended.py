"""Forms that are sent after their session has ended: nothing that was typed is lost.

Where htmx sent one, the page stays as it is; otherwise a page keeps what was sent. Nothing is
written before a person who has signed in has seen her form again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from flask import Response, current_app, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crmapp.web.htmx import is_htmx, trigger
from crmapp.web.tokens import csrf_token

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
_BOOKKEEPING = {"csrf_token"}


def keeps_typed(view: View) -> View:
    """Mark a view that writes only what a :class:`Form` finds valid, and shows it again if not."""
    view.crmapp_keeps_typed = True  # type: ignore[attr-defined]  # a mark read below
    return view


def _kept() -> Callable[..., ResponseReturnValue] | None:
    view = current_app.view_functions.get(request.endpoint or "")
    kept = view if getattr(view, "crmapp_keeps_typed", False) else None
    return cast("Callable[..., ResponseReturnValue] | None", kept)


def signed_out(login: str) -> Response:
    """Answer a form that a visitor sent: she signs in aside, and sends it again."""
    if is_htmx():
        text = gettext(
            "You have been signed out. Sign in, then come back to this tab and send it again: "
            "what you have typed is still here."
        )
        told = {"text": text, "href": login, "link": gettext("Sign in in a new tab"), "aside": True}
        return _told(told, 401)
    if _kept() is None or not request.form:
        return cast("Response", redirect(login))
    sent = [pair for pair in request.form.items(multi=True) if pair[0] not in _BOOKKEEPING]
    page = render_template("errors/ended.html", login=login, sent=sent, files=bool(request.files))
    return make_response(page, 401)


def renewed() -> ResponseReturnValue | None:
    """Answer a form with the token of another session; ``None`` if its view cannot show it."""
    if is_htmx():
        text = gettext(
            "You have signed in or out since this page was opened. What you have typed is still "
            "here: please send it again."
        )
        return trigger(_told(text, 400), {"csrf:renewed": {"token": csrf_token()}})
    view = _kept()
    if view is None:
        return None
    g.is_forged = True
    return view(**(request.view_args or {}))


def _told(text: object, status: int) -> Response:
    page = render_template("errors/error.swaps.html", sentence=text, lack=None)
    response = make_response(page, status)
    response.headers["HX-Reswap"] = "none"
    response.headers["HX-Push-Url"] = "false"
    return response
