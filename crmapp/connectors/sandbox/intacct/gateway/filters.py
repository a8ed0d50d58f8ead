"""What ``query`` asks for: its fields, filter, order and page, read from XML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

from crmapp.connectors.sandbox.intacct import errors
from crmapp.connectors.sandbox.intacct.catalogue import NUMBERS, Field, Object
from crmapp.connectors.sandbox.intacct.company import Session
from crmapp.connectors.sandbox.intacct.errors import Refused
from crmapp.connectors.sandbox.intacct.gateway.envelope import child, text_of
from crmapp.connectors.sandbox.intacct.objects import Target, find
from crmapp.connectors.sandbox.intacct.search import Condition, Group, Operator, Query
from crmapp.connectors.sandbox.intacct.values import operand_from_xml

_OPERATORS = {
    "equalto": (Operator.EQUAL, 1, 1),
    "notequalto": (Operator.NOT_EQUAL, 1, 1),
    "lessthan": (Operator.LESS, 1, 1),
    "lessthanorequalto": (Operator.LESS_OR_EQUAL, 1, 1),
    "greaterthan": (Operator.GREATER, 1, 1),
    "greaterthanorequalto": (Operator.GREATER_OR_EQUAL, 1, 1),
    "between": (Operator.BETWEEN, 2, 2),
    "in": (Operator.IN, 1, 1000),
    "notin": (Operator.NOT_IN, 1, 1000),
    "like": (Operator.LIKE, 1, 1),
    "notlike": (Operator.NOT_LIKE, 1, 1),
    "isnull": (Operator.NULL, 0, 0),
    "isnotnull": (Operator.NOT_NULL, 0, 0),
}
_TOTALS = ("count", "avg", "min", "max", "sum")
_LARGEST = 2000
_USUAL = 100


def read_query(
    element: Element, object: Object, session: Session, hidden: frozenset[str]
) -> tuple[Query, list[str]]:
    """Return the question, and the names of the fields as they were asked for.

    Raises:
        Refused: a field is not there, or the question is not of the schema.
    """
    names = [text_of(each) for each in element.iterfind("select/field")]
    asked = [(each.tag, text_of(each)) for each in element.find("select") or ()]
    totals = [(word, name) for word, name in asked if word in _TOTALS]
    _check_select(asked)
    paths = _Paths(object, hidden)
    select = tuple(paths.find(name) for name in names)
    counted = tuple((word, paths.find(name)) for word, name in totals)
    _check_totals(counted)
    where = _filter(element.find("filter"), paths)
    order = tuple(_order(each, paths) for each in element.iterfind("orderby/order"))
    paths.refuse_unknown()
    options = element.find("options")
    query = Query(
        object,
        tuple(each for each in select if each is not None),
        where,
        tuple((target, descends) for target, descends in order if target is not None),
        offset=_number(element, "offset", 0, 0, None),
        limit=_number(element, "pagesize", _USUAL, 1, _LARGEST),
        ignore_case=_option(options, "caseinsensitive"),
        scope=session.scope(private=_option(options, "showprivate")),
        totals=tuple((word.upper(), target) for word, target in counted if target is not None),
    )
    return query, names + [f"{word.upper()}.{name}" for word, name in totals]


class _Paths:
    """Finds fields, and remembers which are not there: Intacct names all of them at once."""

    def __init__(self, object: Object, hidden: frozenset[str]) -> None:
        self._object = object
        self._hidden = hidden
        self._unknown: list[str] = []

    def find(self, path: str) -> Target | None:
        found = find(self._object, path, self._hidden)
        if found is None and path not in self._unknown:
            self._unknown.append(path)
        return found

    def refuse_unknown(self) -> None:
        if self._unknown:
            raise Refused(errors.no_fields(self._object.name, self._unknown))


def _check_select(asked: list[tuple[str, str]]) -> None:
    unknown = [word for word, _name in asked if word not in ("field", *_TOTALS)]
    if unknown:
        raise Refused(errors.bad_query(f"Unknown in select: {', '.join(unknown)}."))
    if not asked:
        raise Refused(errors.bad_query("The select element is missing or has no fields."))


def _check_totals(counted: Sequence[tuple[str, Target | None]]) -> None:
    for word, target in counted:
        if word in ("sum", "avg") and target is not None and target.field.kind not in NUMBERS:
            raise Refused(errors.bad_query(f"The {word} of {target.field.id} is no number."))


def _filter(element: Element | None, paths: _Paths) -> Condition | Group | None:
    if element is None:
        return None
    if len(element) != 1:
        raise Refused(errors.bad_query("A filter holds one condition, or one and/or."))
    return _part(element[0], paths)


def _part(element: Element, paths: _Paths) -> Condition | Group | None:
    if element.tag in ("and", "or"):
        if len(element) < 2:
            raise Refused(errors.bad_query(f"{element.tag} needs at least two conditions."))
        parts = [_part(each, paths) for each in element]
        found = tuple(each for each in parts if each is not None)
        return Group(found, either=element.tag == "or")
    if element.tag not in _OPERATORS:
        raise Refused(errors.bad_query(f"Unknown operator {element.tag}."))
    operator, fewest, most = _OPERATORS[element.tag]
    values = [text_of(each) for each in element.iterfind("value")]
    if not fewest <= len(values) <= most:
        raise Refused(errors.bad_query(f"Wrong number of values for {element.tag}."))
    target = paths.find(child(element, "field"))
    if target is None:
        return None
    if operator in (Operator.LIKE, Operator.NOT_LIKE):
        return Condition(target, operator, tuple(each.replace("\\", "\\\\") for each in values))
    return Condition(target, operator, tuple(operand(target.field, each) for each in values))


def operand(field: Field, text: str) -> Any:
    """Read what a field is compared with.

    Raises:
        Refused: it is no such value; an ISO 8601 date is none.
    """
    try:
        return operand_from_xml(field, text)
    except Refused as refused:
        raise Refused(errors.bad_query(refused.problems[0].text)) from refused


def _order(element: Element, paths: _Paths) -> tuple[Target | None, bool]:
    return paths.find(child(element, "field")), element.find("descending") is not None


def _number(element: Element, name: str, usual: int, least: int, most: int | None) -> int:
    text = child(element, name)
    if not text:
        return usual
    if not text.isdigit() or int(text) < least or (most is not None and int(text) > most):
        limits = f"between {least} and {most}" if most else f"at least {least}"
        raise Refused(errors.bad_query(f"The value of {name} must be {limits}."))
    return int(text)


def _option(options: Element | None, name: str) -> bool:
    return options is not None and child(options, name).lower() == "true"
