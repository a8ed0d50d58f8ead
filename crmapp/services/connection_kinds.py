"""Which systems there are, the ways to connect to each, and what each way is told."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from crmapp.connectors.errors import WrongInstance
from crmapp.connectors.registry import REGISTRY, Kind, Settings, reach
from crmapp.connectors.settings import SettingField
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text

LONGEST, LONGEST_KEY = 500, 20_000
LARGEST = 2**31 - 1
BY_A_PERSON = frozenset({"web", "authorization_code"})
"""The flows in which a person signs in at the other system."""
_NOT_CREDENTIALS = frozenset({"version", "monthly_limit"})
_VERSION = re.compile(r"\d{2,3}\.0")
_ADDRESS = {Kind.SALESFORCE: "instance_url", Kind.INTACCT_REST: "url", Kind.INTACCT_XML: "url"}


@dataclass(frozen=True)
class System:
    """One system: its code, its name, and the connectors that speak with it."""

    code: str
    label: str
    kinds: tuple[Kind, ...]


SYSTEMS: dict[str, System] = {
    each.code: each
    for each in (
        System("salesforce", "Salesforce", (Kind.SALESFORCE,)),
        System("intacct", "Sage Intacct", (Kind.INTACCT_REST, Kind.INTACCT_XML)),
    )
}


def system(code: str) -> System:
    """Return a system.

    Raises:
        NotFound: there is none with this code.
    """
    if code not in SYSTEMS:
        raise NotFound
    return SYSTEMS[code]


def kind_of(code: str, wanted: str | None) -> Kind:
    """Return the kind that is wanted, or the system's first if it is none of the system's."""
    kinds = system(code).kinds
    return next((kind for kind in kinds if kind == wanted), kinds[0])


def flow_of(kind: Kind, wanted: str | None) -> str:
    """Return the flow that is wanted, or the first; empty where there is nothing to choose."""
    flows = [value for field in _flow(kind) for value, _label in field.choices]
    return next((str(flow) for flow in flows if flow == wanted), str(flows[0]) if flows else "")


def asked(kind: Kind, flow: str) -> list[SettingField]:
    """Return the fields that are asked for, the flow itself apart."""
    return [
        field
        for field in REGISTRY[kind].fields
        if field.name != "flow" and (not field.only_for or flow in field.only_for)
    ]


def flows(kind: Kind) -> list[tuple[str, str]]:
    """Return the flows as (value, label)."""
    return [(str(value), label) for field in _flow(kind) for value, label in field.choices]


def _flow(kind: Kind) -> list[SettingField]:
    return [field for field in REGISTRY[kind].fields if field.name == "flow"]


def settings_of(kind: Kind, values: Mapping[str, Any], secrets: Mapping[str, str]) -> Settings:
    """Return what the connector is told; what is not set has the connector's default."""
    made: type[Any] = REGISTRY[kind].settings
    given: dict[str, Any] = {}
    for field in fields(made):
        value = secrets.get(field.name) or values.get(field.name)
        if field.name == "flow" and value:
            value = cast(type[StrEnum], type(field.default))(value)
        if value not in (None, ""):
            given[field.name] = value
        elif not _has_default(field.default):
            given[field.name] = ""
    settings: Settings = made(**given)
    return settings


def _has_default(default: object) -> bool:
    return isinstance(default, str | int)


def address_of(kind: Kind, values: Mapping[str, Any]) -> str:
    """Return the address that the secrets are sent to."""
    return settings_of(kind, values, {}).base


def organisation(kind: Kind, values: Mapping[str, Any], sandbox: bool) -> tuple[str, str, bool]:
    """Return what tells whose quota is used, whatever the way to sign in."""
    host = urlsplit(address_of(kind, values)).netloc
    return host.lower(), str(values.get("company", "")).casefold(), sandbox


def fingerprint(
    kind: str, values: Mapping[str, Any], secrets: Mapping[str, str], sandbox: bool
) -> str:
    """Return what tells whether two settings sign in as the same, at the same place.

    It is made of secrets: it is compared and never kept.
    """
    telling = {name: value for name, value in values.items() if name not in _NOT_CREDENTIALS}
    whole = orjson.dumps([kind, telling, dict(secrets), sandbox], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(whole).hexdigest()


def checked(
    kind: Kind, flow: str, typed: Mapping[str, str], kept: Mapping[str, str], sandbox: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values and the secrets of what was typed; ``kept`` stands where nothing was.

    Raises:
        Invalid: field → what is wrong with it.
    """
    values: dict[str, Any] = {"flow": flow} if flow else {}
    secrets: dict[str, str] = {}
    wrong: dict[str, Text | str] = {}
    for field in asked(kind, flow):
        text = (typed.get(field.name) or "").strip()
        value = text or kept.get(field.name, "") if field.secret else text
        if problem := _problem(field, value):
            wrong[field.name] = problem
        elif field.secret and value:
            secrets[field.name] = value
        elif value:
            values[field.name] = int(value) if field.name == "monthly_limit" else value
    name = _ADDRESS[kind]
    if name not in wrong and (problem := _address_problem(kind, values, sandbox)):
        wrong[name] = problem
    if wrong:
        raise Invalid(wrong)
    return values, secrets


def _problem(field: SettingField, value: str) -> Text | str | None:
    longest = LONGEST_KEY if field.long else LONGEST
    if not value:
        return N_("Enter a value; this field is required.") if field.required else None
    if len(value) > longest:
        return Text(N_("Enter at most %(count)s characters."), {"count": longest})
    if not field.long and not value.isprintable():
        return N_("Remove the invisible characters from this text.")
    if field.name == "monthly_limit" and not _is_count(value):
        return N_("Enter a whole number greater than zero.")
    if field.name == "version" and not _VERSION.fullmatch(value):
        return N_("Enter a version such as 66.0.")
    return None


def _address_problem(kind: Kind, values: Mapping[str, Any], sandbox: bool) -> Text | None:
    try:
        reach(kind, sandbox).checked(address_of(kind, values))
    except WrongInstance as error:
        return error.message
    return None


def budget_of(text: str) -> int | None:
    """Read a budget; empty is none.

    Raises:
        Invalid: it is no number of requests.
    """
    text = text.strip()
    if text and not _is_count(text):
        raise Invalid({"budget": N_("Enter a whole number greater than zero.")})
    return int(text) if text else None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= LARGEST
