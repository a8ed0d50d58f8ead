"""What is kept beside a party and read as if it were its own: addresses, tax identifier."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crmapp.connectors.port import RemoteField, RemoteKind

PARTY = "party.party"
ADDRESS = "party.address"
BESIDE = ("addresses", "contact_mechanisms", "identifiers")
"""Where a change is a change of the party, though the party's own stamp stays as it was."""

_MARKED = {"address": "invoice", "delivery": "delivery"}
_CALLED = {"address": "Invoice address", "delivery": "Delivery address"}
_PARTS = {
    "street": "street",
    "postal_code": "postal_code",
    "city": "city",
    "subdivision": "subdivision.name",
    "country": "country.name",
}
_MECHANISMS = {
    "phone": RemoteKind.PHONE,
    "mobile": RemoteKind.PHONE,
    "fax": RemoteKind.PHONE,
    "email": RemoteKind.EMAIL,
    "website": RemoteKind.URL,
}
_TAX = "tax_identifier"

MARKS = frozenset(_MARKED.values())
_PART_OF = {f"{prefix}.{part}": (prefix, part) for prefix in _MARKED for part in _PARTS}
NAMES = (*_PART_OF, *_MECHANISMS, _TAX)
"""The fields of a party that :func:`fields` describes, in the order in which they are shown."""


def fields(own: Mapping[str, RemoteField], labels: Mapping[str, str]) -> dict[str, RemoteField]:
    """Return the fields that a party has by what is beside it.

    ``own`` are the party's, ``labels`` what the fields of an address are called. Tryton does not
    tell of fields behind which there is something that the user may not read.
    """
    parts = {
        name: RemoteField(
            name,
            f"{_CALLED[prefix]}: {labels[part]}",
            RemoteKind.LONG_TEXT if part == "street" else RemoteKind.TEXT,
            "char",
            creatable=False,
            updatable=False,
            part_of=prefix,
        )
        for name, (prefix, part) in _PART_OF.items()
        if part in labels
    }
    mechanisms = {
        name: replace(own[name], kind=kind) for name, kind in _MECHANISMS.items() if name in own
    }
    found = parts | mechanisms
    if tax := own.get(_TAX):
        found[_TAX] = replace(tax, kind=RemoteKind.TEXT, type="char", refers_to=(), name_path=None)
    return found


def paths(name: str, marks: Collection[str]) -> tuple[str, ...]:
    """Return what is asked of Tryton for a field of a party; ``marks`` are those of its addresses.

    It answers with the active addresses and identifiers only, in the order that it keeps them in.
    """
    if name == _TAX:
        return (f"{_TAX}.code",)
    if name not in _PART_OF:
        return (name,)
    prefix, part = _PART_OF[name]
    marked = (f"addresses.{_MARKED[prefix]}",) if _MARKED[prefix] in marks else ()
    return (f"addresses.{_PARTS[part]}", *marked)


def raw(row: Mapping[str, Any], name: str) -> Any:
    """Return what an answer has for a field, dotted or not."""
    if name == _TAX:
        return behind(row, f"{_TAX}.code")
    if name not in _PART_OF:
        return behind(row, name)
    prefix, part = _PART_OF[name]
    return behind(_address(row.get("addresses.") or (), _MARKED[prefix]), _PARTS[part])


def _address(addresses: Sequence[Mapping[str, Any]], mark: str) -> Mapping[str, Any]:
    """Return the first address with the mark, or else the first: so Tryton itself chooses."""
    return next((each for each in addresses if each.get(mark)), next(iter(addresses), {}))


def behind(row: Mapping[str, Any], path: str) -> Any:
    """Return what stands at ``path``: what lies behind a reference is in the key ``name.``."""
    name, dot, rest = path.partition(".")
    if not dot:
        return row.get(name)
    inner = row.get(f"{name}.")
    return behind(inner, rest) if isinstance(inner, Mapping) else None
