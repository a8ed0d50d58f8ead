"""Tryton's description of a model, in our words; a party also has its address and identifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crmapp.connectors.port import Description, RemoteField, RemoteKind, RemoteValue
from crmapp.connectors.tryton import parties
from crmapp.connectors.tryton.session import Session

KINDS = {
    "integer": RemoteKind.INTEGER,
    "biginteger": RemoteKind.INTEGER,
    "char": RemoteKind.TEXT,
    "text": RemoteKind.LONG_TEXT,
    "fulltext": RemoteKind.LONG_TEXT,
    "boolean": RemoteKind.YES_NO,
    "float": RemoteKind.NUMBER,
    "numeric": RemoteKind.NUMBER,
    "date": RemoteKind.DATE,
    "datetime": RemoteKind.DATE_TIME,
    "timestamp": RemoteKind.DATE_TIME,
    "time": RemoteKind.TIME,
    "selection": RemoteKind.PICK_LIST,
    "multiselection": RemoteKind.MULTI_PICK_LIST,
    "many2one": RemoteKind.REFERENCE,
    "one2one": RemoteKind.REFERENCE,
}
LEFT_OUT = frozenset({"one2many", "many2many", "binary", "dict"})
"""What is no single value."""
FIRST = ("id", "code", "name", "active", "replaced_by")


@dataclass(frozen=True)
class Model:
    """A model as it can be read: ``own`` are all fields that Tryton itself has of it.

    ``marks`` are those that its addresses have: which of them is for invoices depends on the
    modules that are activated.
    """

    description: Description
    own: frozenset[str]
    marks: frozenset[str] = frozenset()


def model(session: Session, object: str) -> Model:
    """Return what ``object`` consists of, read anew."""
    told = _fields(session, object)
    own = frozenset(told)
    described = {name: _field(name, each) for name, each in told.items() if _is_value(each)}
    described["id"] = replace(described["id"], kind=RemoteKind.ID, unique=True)
    marks = frozenset[str]()
    if object == parties.PARTY:
        of_addresses = _fields(session, parties.ADDRESS) if "addresses" in own else {}
        marks = parties.MARKS & frozenset(of_addresses)
        described |= parties.fields(described, {n: e["string"] for n, e in of_addresses.items()})
    ordered = sorted(described, key=_first)
    label = _labels(session, [object]).get(object, object)
    return Model(Description(object, label, tuple(described[name] for name in ordered)), own, marks)


def labels(session: Session) -> dict[str, str]:
    """Return what each model is called."""
    return _labels(session, None)


def _labels(session: Session, names: list[str] | None) -> dict[str, str]:
    domain = [["name", "in", names]] if names else []
    params = [domain, 0, None, None, ["name", "string"]]
    rows = session.ask("model.ir.model.search_read", *params, about="ir.model")
    return {str(row["name"]): str(row["string"] or row["name"]) for row in rows}


def _fields(session: Session, object: str) -> Mapping[str, Mapping[str, Any]]:
    told: Mapping[str, Mapping[str, Any]]
    told = session.ask(f"model.{object}.fields_get", [], about=object)
    return told


def _is_value(each: Mapping[str, Any]) -> bool:
    return each["type"] not in LEFT_OUT


def _first(name: str) -> int:
    """Return where a field stands: what matters, then the parts of a party, then the others."""
    if name in FIRST:
        return FIRST.index(name)
    return len(FIRST) + (name not in parties.NAMES)


def _field(name: str, each: Mapping[str, Any]) -> RemoteField:
    kind = _kind(each)
    is_reference = kind is RemoteKind.REFERENCE
    return RemoteField(
        name=name,
        label=str(each["string"]),
        kind=kind,
        type=str(each["type"]),
        required=bool(each.get("required")),
        creatable=not each.get("readonly"),
        updatable=not each.get("readonly"),
        length=each.get("size") if isinstance(each.get("size"), int) else None,
        values=tuple(_values(each)),
        refers_to=(str(each["relation"]),) if is_reference else (),
        name_path=f"{name}.rec_name" if is_reference else None,
        help=str(each.get("help") or ""),
    )


def _kind(each: Mapping[str, Any]) -> RemoteKind:
    if each["type"] == "numeric" and "currency" in str(each.get("digits")):
        return RemoteKind.MONEY
    return KINDS.get(str(each["type"]), RemoteKind.OTHER)


def _values(each: Mapping[str, Any]) -> Iterator[RemoteValue]:
    """Give out the values of a selection; where a method tells them, they are not known."""
    listed = each.get("selection")
    for value, label in listed if isinstance(listed, list) else ():
        if value not in (None, ""):
            yield RemoteValue(str(value), str(label))
