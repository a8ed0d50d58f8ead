"""What a file says beside the fields of a record: which one a row is, and whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

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


def _record_id(label: str, help_: str, group: str = _FOUND_BY) -> Field:
    return Field(name=RECORD, label=label, help=help_, kind=Kind.RECORD, group=group)


_ACCOUNT_KEYS = (
    Field(
        name=ACCOUNT,
        label=ACCOUNT_ID,
        help=N_("Of the account that it belongs to, as our exports have it."),
        kind=Kind.RECORD,
        group=_FOUND_BY,
    ),
    Field(
        name=NUMBER,
        label=ACCOUNT_NUMBER,
        help=N_("Of the account that it belongs to: the customer's code in the ERP."),
        group=_FOUND_BY,
        max_length=60,
        aliases=ACCOUNT_FIELDS["number"].aliases,
    ),
    Field(
        name=COMPANY,
        label=N_("ERP company"),
        help=N_("Of the account, where several companies have the same numbers."),
        group=_FOUND_BY,
        max_length=60,
    ),
)
_KEYS: dict[str, tuple[Field, ...]] = {
    "account": (
        _record_id(
            ACCOUNT_ID, N_("As our exports have it. Leave it empty for a new account."), GROUP_MAIN
        ),
    ),
    "contact": (
        _record_id(CONTACT_ID, N_("As our exports have it. Leave it empty for a new contact.")),
        *_ACCOUNT_KEYS,
    ),
    "activity": (
        _record_id(ACTIVITY_ID, N_("As our exports have it. Leave it empty for a new activity.")),
        *_ACCOUNT_KEYS,
    ),
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
