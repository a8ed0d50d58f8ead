"""The gateway itself: who may come in, and what each function answers."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.faults import Kind
from crmapp.connectors.sandbox.faulty import due_of
from crmapp.connectors.sandbox.intacct import company, errors
from crmapp.connectors.sandbox.intacct.company import Company, Session
from crmapp.connectors.sandbox.intacct.errors import Problem, Refused
from crmapp.connectors.sandbox.intacct.gateway import describing, envelope, reading, writing
from crmapp.connectors.sandbox.intacct.gateway.envelope import Envelope, Function, Result, tag
from crmapp.connectors.sandbox.intacct.gateway.reading import Asked, Formatted

PATH = "/ia/xml/xmlgw.phtml"
XML = "text/xml; charset=UTF-8"
_READS = {
    "query": reading.query,
    "readByQuery": reading.read_by_query,
    "readMore": reading.read_more,
    "read": reading.read,
    "readByName": reading.read,
}
_DESCRIBES = {
    "lookup": describing.lookup,
    "inspect": describing.inspect,
    "getDimensions": describing.dimensions,
}
_WRITES = {
    "create": writing.create,
    "update": writing.update,
    "delete": writing.delete,
    **dict.fromkeys(writing.DELETES, writing.delete_named),
}
_KEEPS = frozenset({"readByQuery", "readMore", "getAPISession", *_WRITES})
_SIGN_IN = Problem("XL03000006", "Sign-in information is incorrect")
EXPIRED = Problem(
    "XL03000006", "Session authentication failed. The session is invalid or has expired."
)
_ROLLED_BACK = Problem(
    "XL03000009",
    "The entire transaction in this operation has been rolled back due to an error.",
)
_BAD_REQUEST = Problem(
    "GW-0011", "", "One or more authentication values are incorrect", description="Invalid Request"
)


class _Undone(Exception):
    """A function of a transaction failed; what the others did goes back with it."""

    def __init__(self, results: list[Result]) -> None:
        self.results = results
        super().__init__()


class Gateway:
    """Answers requests to :data:`PATH`."""

    def __init__(self, company: Company) -> None:
        company.store.create(reading.SCHEMA)
        self._company = company

    def answer(self, request: Request) -> Response:
        if request.method != "POST":
            return Response("Use POST.", 405, {"Allow": "POST"})
        try:
            asked = envelope.parse(_body(request))
        except envelope.Malformed as error:
            problem = Problem("XL03000003", f"The XML could not be read: {error}")
            return _xml(envelope.control_failed({}, problem))
        return _Conversation(self._company, request, asked).answer()


@dataclass(frozen=True)
class _Conversation:
    company: Company
    request: Request
    asked: Envelope

    @property
    def now(self) -> datetime:
        return due_of(self.request).now()

    def answer(self) -> Response:
        control = self.asked.control
        if control.get("senderid") not in _SENDERS:
            return _xml(envelope.control_failed(control, _BAD_REQUEST), 400)
        if not compare_digest(
            control.get("password", "").encode(), _SENDERS[control["senderid"]].encode()
        ):
            wrong = Problem("XL03000006", "Incorrect Intacct XML Partner ID or password.")
            return _xml(envelope.control_failed(control, wrong))
        if self.asked.authentication is None:
            return _xml(envelope.no_operation(control))
        user, who = self._signed_in()
        if isinstance(who, Problem):
            answer = envelope.authentication_failed(control, user, company.COMPANY, who)
            return _xml(answer)
        self.company.meter(sum(each.name in _READS for each in self.asked.functions), self.now)
        try:
            results = self._results(who)
        except Formatted as formatted:
            return Response(formatted.body, content_type=formatted.content_type)
        return _xml(envelope.answered(control, who, company.COMPANY, results))

    def _signed_in(self) -> tuple[str, Session | Problem]:
        authentication = self.asked.authentication
        login = authentication.find("login") if authentication is not None else None
        if login is None:
            session = envelope.text_of(
                authentication.find("sessionid") if authentication is not None else None
            )
            return "", self.company.session(session, self.now) or EXPIRED
        user = envelope.child(login, "userid")
        if envelope.child(login, "companyid") != company.COMPANY:
            return user, _SIGN_IN
        if self.asked.control["senderid"] == company.STRANGER:
            return user, Problem(
                "XL03000006",
                f"Invalid Web Services Authorization: The sender ID '{company.STRANGER}' is not "
                f"authorized to make Web Services requests to company ID '{company.COMPANY}'.",
            )
        password, place = (envelope.child(login, name) for name in ("password", "locationid"))
        return user, self.company.sign_in(user, password, place, self.now) or _SIGN_IN

    def _results(self, who: Session) -> list[Result]:
        if self.asked.transaction:
            return self._all_or_none(who)
        results = []
        for function in self.asked.functions:
            try:
                with self._connection(function) as connection:
                    data = self._do(function, who, connection)
                results.append(Result(function, data))
            except Refused as refused:
                results.append(Result(function, _nothing(function), refused.problems))
        return results

    def _all_or_none(self, who: Session) -> list[Result]:
        try:
            with self.company.store.writing() as connection:
                return self._together(who, connection)
        except _Undone as undone:
            return undone.results

    def _together(self, who: Session, connection: sqlite3.Connection) -> list[Result]:
        results: list[Result] = []
        for function in self.asked.functions:
            try:
                results.append(Result(function, self._do(function, who, connection)))
            except Refused as refused:
                failed = Result(function, _nothing(function), refused.problems)
                aborted = [
                    Result(each, "", [_ROLLED_BACK], aborted=True)
                    for each in self.asked.functions
                    if each is not function
                ]
                place = len(results)
                raise _Undone([*aborted[:place], failed, *aborted[place:]]) from refused
        return results

    def _connection(self, function: Function) -> AbstractContextManager[sqlite3.Connection]:
        store = self.company.store
        return store.writing() if function.name in _KEEPS else store.snapshot()

    def _do(self, function: Function, who: Session, connection: sqlite3.Connection) -> str:
        """Do one function.

        Raises:
            Refused: it cannot be done.
        """
        due = due_of(self.request)
        asked = Asked(function, who, connection, due.vanished)
        if function.name == "getAPISession":
            return self._session(function, who, connection)
        if function.name in _WRITES:
            if not who.user.may_write:
                object = _object_of(function)
                raise Refused(errors.not_permitted(function.name.upper(), object))
            if due.first([Kind.LOCK_ROW]):
                raise Refused(errors.LOCKED)
            return _WRITES[function.name](asked, self.now)
        found = _READS.get(function.name) or _DESCRIBES.get(function.name)
        if found is None:
            text = f"The function {function.name} is not supported by the sandbox."
            raise Refused(Problem("XL03000003", text))
        try:
            return found(asked)
        except Formatted:
            if len(self.asked.functions) > 1:
                text = "A returnformat needs a request of its own."
                raise Refused(errors.bad_query(text)) from None
            raise

    def _session(self, function: Function, who: Session, connection: sqlite3.Connection) -> str:
        place = function.element.find("locationid")
        entity = who.entity if place is None else envelope.text_of(place)
        if entity and not self.company.has_entity(entity):
            raise Refused(errors.unknown_reference("location", entity, "locationid"))
        opened = self.company.open(who, connection, entity)
        endpoint = f"{self.request.host_url.rstrip('/')}{PATH}"
        inner = tag("sessionid", opened.id) + tag("endpoint", endpoint) + tag("locationid", entity)
        return f"<data><api>{inner}</api></data>"


_SENDERS = {
    company.SENDER: company.SENDER_PASSWORD,
    company.STRANGER: company.STRANGER_PASSWORD,
}


def _nothing(function: Function) -> str:
    return '<data listtype="objects" count="0"/>' if function.name in _WRITES else ""


def _object_of(function: Function) -> str:
    named = envelope.child(function.element, "object")
    return (named or next((each.tag for each in function.element), "")).lower()


def _body(request: Request) -> bytes:
    """Return the XML, which old clients send as the field of a form."""
    if request.mimetype == "application/x-www-form-urlencoded":
        return str(request.form.get("xmlrequest", "")).encode()
    return request.get_data()


def _xml(text: str, status: int = 200) -> Response:
    return Response(text, status, content_type=XML)
