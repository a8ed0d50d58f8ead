"""The columns of the list of accounts: which there are, and which an address asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmapp.domain.fields import Field
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.services import account_fields, fields
from crmapp.services.account_conditions import LAST_ACTIVITY, MOMENTS

NAME = "name"
"""The column that always comes first."""
STANDARD = (NAME, "number", "location", "phone", "primary_contact", "owner", "team")
MOST = 30
"""So many columns a list may have."""
TOO_MANY = N_("A list has up to %(most)s columns. Take some away.")
_CALLED = {
    "owner_id": "owner",
    "team_id": "team",
    "primary_contact_id": "primary_contact",
    "parent_id": "parent",
}
"""What columns are called that show the name of what a field refers to."""


def known() -> Mapping[str, Field]:
    """Return column → field of all that there are, in the order in which people meet fields."""
    return _called({**fields.of("account"), **MOMENTS})


def ever() -> Mapping[str, Field]:
    """Return what :func:`known` does, with the fields that were retired since."""
    return _called({**fields.every("account"), **MOMENTS})


def _called(specs: Mapping[str, Field]) -> Mapping[str, Field]:
    return {_CALLED.get(name, name): specs[name] for name in specs if name != LAST_ACTIVITY}


def standard() -> tuple[str, ...]:
    """Return the columns that a list has if nobody chose others."""
    return (*STANDARD, *(spec.name for spec in account_fields.listed()))


def asked(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the columns of an address: those that there are, and those that are gone.

    There are none of either where it asks for the standard ones.

    Raises:
        Invalid: they are too many.
    """
    names, gone = _read(text), lost(text)
    if names:
        check(names)
    living = [name for name in names if name not in gone]
    return first(living) if living else (), gone


def lost(text: str) -> tuple[str, ...]:
    """Return the columns of an address that are none, or not any more."""
    names = _read(text)
    there = known() if names else ()
    return tuple(name for name in names if name not in there)


def _read(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))


def check(names: Sequence[str]) -> None:
    """Refuse more columns than a list may have.

    Raises:
        Invalid: they are too many.
    """
    if len(first(names)) > MOST:
        problem = Text(TOO_MANY, {"most": MOST})
        raise Invalid({"columns": problem}, problem)


def first(names: Sequence[str]) -> tuple[str, ...]:
    """Return ``names`` with the column before them that always comes first."""
    return (NAME, *(name for name in names if name != NAME))


def written(names: Sequence[str]) -> str:
    """Write columns as an address has them; nothing for the standard ones."""
    chosen = first(names)
    return "" if not names or chosen == standard() else ",".join(chosen)


def shown(names: Sequence[str]) -> Mapping[str, Field]:
    """Return column → field of a list that asks for ``names``, or for none in particular."""
    there = known()
    return {name: there[name] for name in names or standard()}
