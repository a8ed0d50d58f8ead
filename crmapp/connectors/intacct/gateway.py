"""The XML gateway's envelope: functions in, one result of each out, and the session between."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring
from xml.parsers.expat import ExpatError, ParserCreate

from crmapp.connectors.answers import Answer, Explained, not_whole
from crmapp.connectors.cursors import now_there
from crmapp.connectors.door import Door, Request
from crmapp.connectors.errors import AuthFailed, ConnectorError, Retryable, Unreachable
from crmapp.connectors.intacct.refusals import Problem, plain, refused
from crmapp.connectors.intacct.settings import IntacctXmlSettings
from crmapp.connectors.port import Tokens, TokenStore
from crmapp.connectors.redaction import redacted, shortened
from crmapp.i18n import N_

LONG = 65_536
"""Bytes of an answer above which it is not looked through for errors to log: it holds records."""


@dataclass(frozen=True)
class Result:
    """What became of one function: its ``data``, or what is wrong."""

    data: Element | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _Said:
    """An answer whose control part is fine."""

    results: tuple[Result, ...]
    sign_in: tuple[Problem, ...] = ()  # why nobody is signed in
    company: str = ""
    user: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Who:
    """Who is signed in, as the gateway says it."""

    company: str
    user: str


class Gateway:
    """Asks functions over a session that is opened, and renewed, when it must be."""

    def __init__(self, settings: IntacctXmlSettings, door: Door, tokens: TokenStore) -> None:
        self._settings = settings
        self._door = door
        self._tokens = tokens
        self._last: Tokens | None = None
        self.requests = 0
        self.now_there = datetime.now(UTC)  # as of the last answer

    @property
    def secrets(self) -> tuple[str, ...]:
        session = (self._last.access,) if self._last else ()
        return (*self._settings.secrets, *session)

    def ask(self, functions: Sequence[Element], *, idempotent: bool = True) -> list[Result]:
        """Return one result per function, in their order.

        Raises:
            ConnectorError: the request as a whole is refused.
        """
        tokens = self._signed_in()
        said = self._said(functions, tokens, idempotent)
        if said.sign_in:
            refused_session = tokens.access
            tokens = self._last = self._tokens.renew(refused_session, self._sign_in)
            said = self._said(functions, tokens, idempotent)
            if said.sign_in:
                raise AuthFailed(remote=said.sign_in[0].words)
        if len(said.results) != len(functions):
            raise not_whole(f"{len(said.results)} results for {len(functions)} functions")
        return list(said.results)

    def ask_one(self, function: Element, object: str = "") -> Element:
        """Return the data of one function that reads.

        Raises:
            ConnectorError: it is refused.
        """
        (result,) = self.ask([function])
        if result.problems or result.data is None:
            raise refused(result.problems, object)
        return result.data

    def sign_in_anew(self) -> Who:
        """Sign in by what the settings say now, and return who we are."""
        tokens = self._tokens.current()
        renewed = self._tokens.renew(tokens.access if tokens else None, self._sign_in)
        self._last = renewed
        return Who(
            renewed.extra.get("company") or self._settings.company,
            renewed.extra.get("user") or self._settings.user,
        )

    def _signed_in(self) -> Tokens:
        tokens = self._tokens.current()
        if tokens is None:
            tokens = self._tokens.renew(None, self._sign_in)
        elif tokens.expires_at and tokens.expires_at <= datetime.now(UTC):
            tokens = self._tokens.renew(tokens.access, self._sign_in)
        self._last = tokens
        return tokens

    def _sign_in(self, _kept: Tokens | None) -> Tokens:
        login = Element("login")
        _text(login, "userid", self._settings.user)
        _text(login, "companyid", self._settings.company)
        _text(login, "password", self._settings.password)
        if self._settings.entity:
            _text(login, "locationid", self._settings.entity)
        said = self._sent([Element("getAPISession")], login, self._settings.base, idempotent=True)
        if said.sign_in:
            raise _not_signed_in(said.sign_in)
        (result,) = said.results or (Result(None),)
        if result.problems:
            raise refused(result.problems)
        session = _inner(result.data, "api/sessionid")
        endpoint = _inner(result.data, "api/endpoint")
        if not session or not endpoint:
            raise not_whole("no session in the answer")
        return Tokens(
            access=session,
            instance_url=self._door.checked(endpoint),  # our session goes there from now on
            expires_at=said.until,
            extra={"company": said.company, "user": said.user},
        )

    def _said(self, functions: Sequence[Element], tokens: Tokens, idempotent: bool) -> _Said:
        session = Element("sessionid")
        session.text = tokens.access
        url = tokens.instance_url or self._settings.base
        return self._sent(functions, session, url, idempotent=idempotent)

    def _sent(
        self, functions: Sequence[Element], authentication: Element, url: str, *, idempotent: bool
    ) -> _Said:
        self.requests += 1
        answer = self._door.send(
            Request(
                "POST",
                url,
                headers={"Content-Type": "application/xml"},
                content=self._envelope(functions, authentication),
                idempotent=idempotent,
            )
        )
        self.now_there = now_there(answer.headers)
        return _read(answer)

    def _envelope(self, functions: Sequence[Element], authentication: Element) -> bytes:
        request = Element("request")
        control = SubElement(request, "control")
        _text(control, "senderid", self._settings.sender_id)
        _text(control, "password", self._settings.sender_password)
        _text(control, "controlid", str(uuid.uuid4()))
        _text(control, "uniqueid", "false")
        _text(control, "dtdversion", "3.0")
        _text(control, "includewhitespace", "false")
        operation = SubElement(request, "operation", {"transaction": "false"})
        SubElement(operation, "authentication").append(authentication)
        content = SubElement(operation, "content")
        for number, each in enumerate(functions):
            SubElement(content, "function", {"controlid": str(number)}).append(each)
        encoded: bytes = tostring(request, encoding="utf-8", xml_declaration=True)
        return encoded


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _inner(element: Element | None, path: str) -> str:
    return (element.findtext(path) or "").strip() if element is not None else ""


def _parsed(answer: Answer) -> Element:
    """Return the root of an answer; one with a document type is not read.

    Whatever is dangerous in XML, entities and references elsewhere, needs a document type, which
    stands before the root. defusedxml refuses it, too, but builds the elements in Python, which
    takes five times as long as all that is done with them.
    """
    try:
        if _has_type(answer.body):
            raise not_whole(answer.text)
        root: Element = fromstring(answer.body)  # noqa: S314  (no entity can be in it)
    except (ParseError, ExpatError, ValueError, LookupError) as error:
        raise not_whole(answer.text) from error
    if root.tag != "response":  # a page of whatever stands before the gateway
        raise not_whole(answer.text)
    return root


class _Begun(Exception):
    """The root of a document was reached."""


def _has_type(body: bytes) -> bool:
    """Say whether a document type is declared: the parser is asked that reads it then, too."""
    found: list[str] = []

    def begin(_name: str, _attributes: object) -> None:
        raise _Begun

    def declare(name: str, *_more: object) -> None:
        found.append(name)
        raise _Begun

    parser = ParserCreate()
    parser.StartElementHandler, parser.StartDoctypeDeclHandler = begin, declare
    with suppress(_Begun):
        parser.Parse(body, True)
    return bool(found)


def _read(answer: Answer) -> _Said:
    """Return what the gateway says, past the levels that concern the request as a whole."""
    try:
        root = _parsed(answer)
    except Unreachable:
        if answer.status >= 500:
            raise Retryable(remote=_page(answer)) from None
        raise
    operation = root.find("operation")
    if root.findtext("control/status") != "success":
        raise _control_refused(answer, _problems(root.find("errormessage")))
    if operation is None:
        raise Retryable(
            N_("Intacct's answer has nothing in it. It is asked again in a while."),
            remote=_page(answer),
        )
    if operation.findtext("authentication/status") != "success":
        problems = _problems(operation.find("errormessage"))
        error = refused(problems) if problems else None
        if isinstance(error, Retryable):
            raise error
        return _Said((), problems or (Problem("", "authentication failed"),))
    return _Said(
        tuple(map(_result, operation.findall("result"))),
        company=operation.findtext("authentication/companyid") or "",
        user=operation.findtext("authentication/userid") or "",
        until=_moment(operation.findtext("authentication/sessiontimeout")),
    )


def _control_refused(answer: Answer, problems: tuple[Problem, ...]) -> ConnectorError:
    if answer.status >= 500 or not problems:
        return Retryable(remote=_page(answer))
    error = refused(problems)
    if isinstance(error, AuthFailed):
        return AuthFailed(
            N_("Intacct refuses the sender ID or its password. Enter them again."),
            remote=error.remote,
        )
    return error


def _not_signed_in(problems: tuple[Problem, ...]) -> ConnectorError:
    error = refused(problems)
    if isinstance(error, AuthFailed):
        return AuthFailed(
            N_(
                "Intacct refuses the sign-in. Check company, user and password, and that the user"
                " is an active Web Services user."
            ),
            remote=error.remote,
        )
    return error


def _result(element: Element) -> Result:
    if element.findtext("status") == "success":
        return Result(element.find("data"))
    problems = _problems(element.find("errormessage"))
    return Result(None, problems or (Problem("", element.findtext("status") or ""),))


def _problems(message: Element | None) -> tuple[Problem, ...]:
    return tuple(map(_problem, message.findall("error"))) if message is not None else ()


def _problem(error: Element) -> Problem:
    """Return one error: the second description is what people can use."""
    parts = [
        plain(error.findtext(name) or "") for name in ("description2", "description", "correction")
    ]
    words = " ".join(dict.fromkeys(filter(None, (parts[0] or parts[1], parts[2]))))
    return Problem((error.findtext("errorno") or "").strip(), words)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _page(answer: Answer) -> str:
    return shortened(redacted(plain(answer.text[:2000])), 200)


def explain(answer: Answer) -> Explained:
    """Say for the log what went wrong: most failures come with status 200."""
    if len(answer.body) > LONG:
        return Explained()
    try:
        root = _parsed(answer)
    except Unreachable:
        return Explained(str(answer.status), plain(answer.text[:2000]))
    for message in root.iter("errormessage"):
        if found := _problems(message):
            return Explained(found[0].code, " ".join(each.words for each in found))
    return Explained(str(answer.status)) if answer.status >= 400 else Explained()
