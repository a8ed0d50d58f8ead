"""Columns of a record that follow from its fields: by them it is searched, sorted and found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from crmapp.domain.duplicate_keys import KEYED
from crmapp.domain.search import fold, near_key, search_text

SEARCHED: dict[str, tuple[str, ...]] = {
    "account": (
        "name",
        "number",
        "phone",
        "email",
        "website",
        "location",
        "billing_city",
        "billing_postal_code",
        "billing_country",
        "tax_id",
    ),
    "contact": ("first_name", "last_name", "phone", "mobile", "email"),
    "activity": ("subject",),
    "attachment": ("name",),
    "pick_list": (),
    "pick_list_value": (),
}
_PHONES = {"account": ("phone",), "contact": ("phone", "mobile")}
NAMED = {"account": ("name",), "contact": ("last_name", "first_name")}


def searchable(
    object_: str, values: Mapping[str, Any], custom: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the column that the search looks at."""
    names = (*SEARCHED[object_], *custom) if custom else SEARCHED[object_]
    return {"search_text": search_text(values, names, _PHONES.get(object_, ()))}


def key_columns(
    object_: str, values: Mapping[str, Any], changed: Collection[str]
) -> dict[str, Any]:
    """Return the columns that follow from the fields ``changed``, and from no others.

    By them names are sorted (see :data:`NAMED`) and accounts are found. Whoever writes only these
    spares the database the others: many indexes begin with them.
    """
    found: dict[str, Any] = {}
    if not set(NAMED.get(object_, ())).isdisjoint(changed):
        found["name_key"] = fold(" ".join([values.get(name) or "" for name in NAMED[object_]]))
        if object_ == "account":
            found["near_key"] = near_key(values.get("name") or "")
    if object_ == "account":
        for name, (column, word) in KEYED.items():
            if name in changed:
                found[column] = word(value) if (value := values.get(name)) else None
    return found
