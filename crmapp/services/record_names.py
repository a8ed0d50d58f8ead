"""What records are called, for lists that know them by their numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import null, select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.models import Contact, User
from crmapp.models.contact import full_name
from crmapp.services.records import MODELS, NAMES


@dataclass(frozen=True)
class Named:
    """What a record is called, and its account; values of pick lists are of none."""

    name: str
    account_id: int | None


def of(
    wanted: Mapping[str, Collection[int]], *, seen_by: User | None = None
) -> dict[tuple[str, int], Named]:
    """Return kind and id → what the record is called, of ``wanted`` ids by kind.

    One statement for each kind. With ``seen_by``, deleted records and those that are not open to
    this person are left out; without, the caller answers for who reads the names.
    """
    found = {}
    for object_, ids in wanted.items():
        model: Any = MODELS[object_]
        columns = [model.id, getattr(model, NAMES.get(object_, "name"))]
        if object_ == "contact":
            columns.insert(1, Contact.first_name)
        home = model.id if object_ == "account" else getattr(model, "account_id", null())
        query = select(*columns, home).where(is_one_of(model.id, sorted(ids)))
        if seen_by is not None:
            query = query.where(model.visible_to(seen_by))
        for id_, *parts, account_id in session.execute(query):
            found[object_, id_] = Named(full_name(*parts), account_id)
    return found
