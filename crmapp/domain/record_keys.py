"""What a file says beside the fields of a record: which one a row is, and whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crmapp.domain.fields import Field, Kind
from crmapp.domain.records import ACCOUNT_FIELDS, GROUP_MAIN
from crmapp.i18n import N_

RECORD = "record_id"
"""The id of the record itself, as our exports have it."""
ACCOUNT = "account_id"
NUMBER = "account_number"
COMPANY = "erp_company"
BETWEEN = "\x1f"
"""Stands in the word of a row between its account and what the row is known by there."""
NAMES = frozenset({RECORD, ACCOUNT, NUMBER, COMPANY})
"""None of them is written: they only find."""
IMPORTED = ("account", "contact", "activity")
"""The kinds of record that a file may hold."""
ACTIVITY_KINDS = "activity_kind"
"""What stands for the list of the kinds of activities, which is no pick list."""

ACCOUNT_ID = N_("Account ID")
CONTACT_ID = N_("Contact ID")
ACTIVITY_ID = N_("Activity ID")
ACCOUNT_NUMBER = N_("Account number")
NO_SUCH_ID = N_(
    "Nothing that you see has this id; it may have been deleted. Correct it, or drop the row."
)

_FOUND_BY = N_("What finds it")
_GROUPS = {"contact": N_("Contact"), "activity": N_("Activity")}


def _key(name: str, label: str, **more: Any) -> Field:
    """Return a field that pages about a mapping show, and nobody fills in on a form."""
    return Field(name=name, label=label, help="", **{"group": _FOUND_BY, **more})


_ACCOUNT_KEYS = (
    _key(ACCOUNT, ACCOUNT_ID, kind=Kind.RECORD),
    _key(NUMBER, ACCOUNT_NUMBER, max_length=60, aliases=ACCOUNT_FIELDS["number"].aliases),
    _key(COMPANY, N_("ERP company"), max_length=60),
)
_KEYS: dict[str, tuple[Field, ...]] = {
    "account": (_key(RECORD, ACCOUNT_ID, kind=Kind.RECORD, group=GROUP_MAIN),),
    "contact": (_key(RECORD, CONTACT_ID, kind=Kind.RECORD), *_ACCOUNT_KEYS),
    "activity": (_key(RECORD, ACTIVITY_ID, kind=Kind.RECORD), *_ACCOUNT_KEYS),
}


def with_keys(object_: str, fields: Mapping[str, Field]) -> dict[str, Field]:
    """Return what a file of such records may fill: the keys, then the fields.

    A kind of activity is chosen from few, and its contact is named by an id.
    """
    found = {**{spec.name: spec for spec in _KEYS.get(object_, ())}, **fields}
    if object_ in _GROUPS:
        group = _GROUPS[object_]
        found |= {name: replace(spec, group=group) for name, spec in fields.items()}
    if object_ == "activity":
        kind = found["kind"]
        found["kind"] = replace(kind, kind=Kind.PICK_LIST, pick_list=ACTIVITY_KINDS)
        found["contact_id"] = replace(found["contact_id"], kind=Kind.RECORD)
    return found
