"""What went wrong, as a page or, for htmx, as a toast that leaves the page as it is."""

from __future__ import annotations

import secrets
from http import HTTPStatus

import structlog
from flask import Flask, Response, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.routing import IntegerConverter

from crmapp import origin
from crmapp.db.session import unavailable
from crmapp.domain.permissions import ROLE_LABELS, SENTENCES, Right, rights_of, roles_with
from crmapp.errors import CRMError, Forbidden, Invalid
from crmapp.i18n import N_
from crmapp.origin import Origin
from crmapp.services import users
from crmapp.web import problems
from crmapp.web.access import forget_person, is_public, person, signed_in
from crmapp.web.context import kept, this_request
from crmapp.web.ended import renewed, signed_out
from crmapp.web.htmx import targets_drawer, wants_fragment
from crmapp.web.texts import translated

LARGEST_ID = 2**31 - 1
MOST_NAMED = 3
TITLES = {
    400: N_("This request cannot be understood"),
    401: N_("Please sign in"),
    403: N_("You lack the right to do this"),
    404: N_("There is nothing here"),
    405: N_("This cannot be done here"),
    409: N_("Something changed in the meantime"),
    410: N_("This is not there any more"),
    412: N_("Something changed in the meantime"),
    413: N_("This is too large"),
    415: N_("This kind of content is not understood here"),
    422: N_("Some values need attention"),
    428: N_("The version is missing"),
    429: N_("Too many attempts"),
    500: N_("Something went wrong on our side"),
    503: N_("This is not possible right now"),
}
SENTENCES_BY_STATUS = {
    403: N_("Your role does not allow it. Ask for the right that is named below."),
    400: N_("The address or the form holds something that cannot be read. Go back and try again."),
    404: N_("The page does not exist, was removed, or is not open to you."),
    405: N_("This address does not answer this kind of request."),
    413: N_("Send at most %(size)s MB at a time."),
    429: N_("Wait a few minutes, then try again."),
    500: N_("It has been noted. Nothing you entered was half saved."),
}
REFUSALS = (401, 403, 405, 429)
"""What an attack would meet: each is told in the log."""
RESTRICTED = N_(
    "Your role allows it, but you are restricted to some accounts. Ask to see or change more."
)
log = structlog.get_logger(__name__)


class RecordId(IntegerConverter):
    """``<int:id>`` in addresses: a number no database column can hold is simply not found.

    A ``ValidationError`` would not do: where another method has the same address, it becomes a 405.
    """

    def to_python(self, value: str) -> int:
        if len(value) > 10 or int(value) > LARGEST_ID:
            raise NoSuchPage
        return int(value)


def init_app(app: Flask) -> None:
    """Answer every error with a styled, translated page or fragment."""
    app.url_map.converters["int"] = RecordId
    app.log_exception = _log  # type: ignore[method-assign]  # one line of JSON, not two entries
    app.before_request(_name_request)
    app.before_request(_refuse_unreadable)
    app.after_request(_tell_request_id)
    app.teardown_request(_forget_request)
    app.register_error_handler(CRMError, known)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(HTTPException, _http)


def _log(exc_info: object) -> None:
    log.error("unhandled", request_id=g.get("request_id"), path=request.path, exc_info=exc_info)


def known(error: CRMError) -> Response:
    """Say what went wrong, for whoever has found no better answer."""
    if error.status >= 500:
        forget_person()  # say so without asking the database anything
        log.warning("unavailable", error=repr(error.__cause__ or error), request_id=g.request_id)
    plain = error.message.text == Forbidden.default
    return _answer(error.status, "" if plain else translated(error.message), error)


def _tell_refusal(status: int, lacks: object) -> None:
    """Tell the log who was refused what, by numbers: the audit trail knows her name."""
    who = person().id if signed_in() else None
    told = {"method": request.method, "endpoint": request.endpoint, "person": who, "lacks": lacks}
    log.warning("refused", status=status, request_id=g.get("request_id"), **told)


def _forged(_error: CSRFError) -> ResponseReturnValue:
    _tell_refusal(400, "csrf_token")
    if not signed_in() and not is_public(request.endpoint or ""):
        return signed_out(url_for("security.login"))
    try:
        answer = renewed()
    except CRMError as error:
        return known(error)
    if answer is not None:
        return answer
    text = gettext(
        "You have signed in or out since this page was opened, or it was open for too long. "
        "Copy what you have typed, reload the page and try again."
    )
    return _answer(400, text)


def _database(error: DBAPIError) -> Response:
    if isinstance(error, DataError):
        return _answer(400)
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return known(unavailable(error))
    raise error


def _http(error: HTTPException) -> Response:
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, OperationalError):
        return _database(cause)
    if error.response is not None or (error.code or 500) < HTTPStatus.BAD_REQUEST:
        return error.get_response()  # type: ignore[return-value]  # a redirect by the router
    if (error.code or 500) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        forget_person()  # the database may be the cause
    answer = _answer(error.code or 500)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def _answer(status: int, sentence: str = "", error: CRMError | None = None) -> Response:
    if status in REFUSALS:
        _tell_refusal(status, getattr(error, "right", None))
    lack = _lack(error) if isinstance(error, Forbidden) else None
    if lack and lack["restricted"]:
        sentence = sentence or gettext(RESTRICTED)
    own = error.title if error else ""
    title = gettext(own or TITLES.get(status, TITLES[400 if status < 500 else 500]))
    sentence = sentence or _sentence(status)
    if problems.wanted():
        return problems.answer(status, title, sentence, error)
    if isinstance(error, Invalid) and error.message.text == Invalid.default:
        sentence = _wrong(error) or sentence
    context = {
        "status": status,
        "title": title,
        "sentence": sentence,
        "lack": lack,
        "request_id": g.get("request_id"),
    }
    if not wants_fragment():
        template = "errors/error.html" if status < 500 else "errors/failure.html"
        return make_response(render_template(template, **context), status)
    if targets_drawer() and status < 500:
        return make_response(render_template("errors/_error.html", **context), status)
    response = make_response(render_template("errors/error.swaps.html", **context), status)
    response.headers["HX-Reswap"] = "none"
    response.headers["HX-Push-Url"] = "false"
    return response


def _sentence(status: int) -> str:
    size = (request.max_content_length or 0) // 1024 // 1024
    text = gettext(
        SENTENCES_BY_STATUS.get(status, SENTENCES_BY_STATUS[400 if status < 500 else 500])
    )
    return text % {"size": size} if status == 413 else text


def _wrong(error: Invalid) -> str:
    """Name each argument or field that is wrong, and what is wrong with it."""
    return " ".join(
        gettext("%(field)s: %(problem)s", field=name, problem=translated(text))
        if name
        else translated(text)
        for name, text in error.fields.items()
    )


def _lack(error: Forbidden) -> dict[str, object]:
    """Name the right that is missing, what it allows, who holds it, and who can grant it.

    It may be one of her role that she lacks since she is restricted to some accounts.
    """
    right = Right(error.right)
    return {
        "right": right.value,
        "allows": gettext(SENTENCES[right]),
        "roles": [gettext(ROLE_LABELS[role]) for role in roles_with(right)],
        "restricted": right in rights_of(person().role) if signed_in() else False,
        "grantors": ", ".join(users.administrators()[:MOST_NAMED]),
    }


def _name_request() -> None:
    asked = this_request()
    headers = asked.headers
    given = headers.get("X-Request-ID", "")
    id_ = given if given.isalnum() and len(given) <= 64 else secrets.token_hex(8)
    kept()["request_id"] = id_
    origin.enter(Origin(asked.remote_addr or "", headers.get("User-Agent", ""), id_))
    structlog.contextvars.bind_contextvars(request_id=id_)


def _forget_request(_error: BaseException | None) -> None:
    origin.enter(None)
    structlog.contextvars.unbind_contextvars("request_id")


def _tell_request_id(response: Response) -> Response:
    response.headers.add("X-Request-ID", kept().get("request_id") or "-")
    return response


def _refuse_unreadable() -> Response | None:
    """Refuse NUL bytes in addresses: no database keeps them and no person types them."""
    asked = this_request()
    shown = (asked.path, *asked.args, *(v for vs in asked.args.listvalues() for v in vs))
    return _answer(400) if any("\x00" in text for text in shown) else None
