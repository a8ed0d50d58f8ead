"""The envelope of the gateway: control, authentication and functions in, results out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape, quoteattr

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from crmapp.connectors.sandbox.intacct.company import Session
from crmapp.connectors.sandbox.intacct.errors import Problem

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ECHOED = ("senderid", "controlid", "uniqueid", "dtdversion")


class Malformed(Exception):
    """What came in is no request of the gateway."""


@dataclass(frozen=True)
class Function:
    """One function to do: its name, its element and the id by which its result is known."""

    name: str
    element: Element
    controlid: str


@dataclass(frozen=True)
class Envelope:
    """A request that could be read."""

    control: dict[str, str]
    authentication: Element | None
    functions: tuple[Function, ...] = ()
    transaction: bool = False


@dataclass(frozen=True)
class Result:
    """What became of one function; ``data`` is XML already."""

    function: Function
    data: str = ""
    problems: Sequence[Problem] = field(default_factory=tuple)
    aborted: bool = False


def parse(body: bytes) -> Envelope:
    """Read a request; documents with a DTD, entities or references elsewhere are not read.

    Raises:
        Malformed: it is none.
    """
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Malformed(str(error)) from error
    if root.tag != "request":
        raise Malformed(f"No matching declaration for the element {root.tag}.")
    control = {each.tag: text_of(each) for each in root.find("control") or ()}
    operation = root.find("operation")
    if operation is None:
        return Envelope(control, None)
    functions = tuple(_functions(operation))
    transaction = operation.get("transaction", "false") == "true"
    return Envelope(control, operation.find("authentication"), functions, transaction)


def _functions(operation: Element) -> list[Function]:
    found = []
    for each in operation.iterfind("content/function"):
        if len(each) != 1:
            raise Malformed("A function element holds one function.")
        found.append(Function(each[0].tag, each[0], each.get("controlid", "")))
    return found


def text_of(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def child(element: Element, name: str) -> str:
    return text_of(element.find(name))


def tag(name: str, text: str = "") -> str:
    return f"<{name}>{escape(text)}</{name}>"


def attributes(**values: object) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in values.items())


def control_failed(control: dict[str, str], *problems: Problem) -> str:
    """Write the answer to a request that is refused as a whole, before anybody signs in."""
    return _response(_control(control, "failure") + _errors(problems))


def authentication_failed(
    control: dict[str, str], user: str, company: str, problem: Problem
) -> str:
    status = tag("status", "failure") + tag("userid", user) + tag("companyid", company)
    authentication = f"<authentication>{status}</authentication>"
    operation = f"<operation>{authentication}{_errors([problem])}</operation>"
    return _response(_control(control, "success") + operation)


def answered(
    control: dict[str, str], session: Session, company: str, results: Sequence[Result]
) -> str:
    """Write the answer to functions, each with a result of its own."""
    who = (
        tag("status", "success")
        + tag("userid", session.user.id)
        + tag("companyid", company)
        + tag("locationid", session.entity)
        + tag("sessiontimestamp", _offset(session.since))
        + tag("sessiontimeout", _offset(session.until))
    )
    inner = "".join(_result(each) for each in results)
    operation = f"<operation><authentication>{who}</authentication>{inner}</operation>"
    return _response(_control(control, "success") + operation)


def no_operation(control: dict[str, str]) -> str:
    """Write an answer that lacks the operation, as the real one has been seen to do."""
    return _response(_control(control, "success"))


def _result(result: Result) -> str:
    function = tag("function", result.function.name)
    head = function + tag("controlid", result.function.controlid)
    if not result.problems:
        return f"<result>{tag('status', 'success')}{head}{result.data}</result>"
    status = tag("status", "aborted" if result.aborted else "failure")
    told = [replace(each, text=f"{each.text}{_support_id(each)}") for each in result.problems]
    return f"<result>{status}{head}{result.data}{_errors(told)}</result>"


def _errors(problems: Sequence[Problem]) -> str:
    return f"<errormessage>{''.join(_error(each) for each in problems)}</errormessage>"


def _error(problem: Problem) -> str:
    return (
        "<error>"
        + tag("errorno", problem.number)
        + tag("description", problem.description)
        + tag("description2", problem.text)
        + tag("correction", problem.correction)
        + "</error>"
    )


def _support_id(problem: Problem) -> str:
    """Return an id like Intacct's, which it encodes as in an address."""
    made = uuid5(NAMESPACE_OID, f"{problem.number} {problem.text}").hex[:16]
    return f" [Support ID: {quote(f'Kxi78 EZ{made}=0AAAAAo', safe='')}]"


def _control(control: dict[str, str], status: str) -> str:
    echoed = "".join(tag(name, control.get(name, "")) for name in _ECHOED)
    return f"<control>{tag('status', status)}{echoed}</control>"


def _response(inner: str) -> str:
    return f"{HEAD}<response>{inner}</response>"


def _offset(kept: str) -> str:
    return datetime.fromisoformat(kept).isoformat()
