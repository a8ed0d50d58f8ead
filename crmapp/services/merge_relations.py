"""What refers to an account, and what becomes of that when the account is merged into another."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, MetaData, Table, func, select, union

from crmapp.db import Base, session
from crmapp.db.bulk import is_one_of
from crmapp.db.json_values import number_at
from crmapp.domain.changes import Link
from crmapp.domain.fields import Field, Kind
from crmapp.domain.plan import Planned, PlanRow
from crmapp.errors import Conflict
from crmapp.i18n import N_, Text
from crmapp.models import Account, ExternalIdentity
from crmapp.services import fields, records
from crmapp.services.account_sync_rows import IDENTITY


class Way(StrEnum):
    """What becomes of a reference to an account that is merged into another."""

    LOGGED = "logged"  # a field of a record: changed through the door, so history has it
    LEDGER = "ledger"  # what external ids mean: changed with the survivor, so history has it
    FOLLOWED = "followed"  # whoever reads it goes on to the survivor
    STAYS = "stays"  # it is about the merged account itself, and counts again after an undo


RELATIONS: Mapping[str, Way] = {
    "contact.account_id": Way.LOGGED,
    "activity.account_id": Way.LOGGED,
    "attachment.account_id": Way.LOGGED,
    "account.parent_id": Way.LOGGED,
    "account.bill_to_id": Way.LOGGED,
    "account.ship_to_id": Way.LOGGED,
    "external_identity.account_id": Way.LEDGER,
    "account.replaced_by": Way.FOLLOWED,
    "mail_drop.account_id": Way.FOLLOWED,
    # A deleted account takes no part in the synchronization; what was accepted of it is its past.
    "account_sync.account_id": Way.STAYS,
    # The mail that was filed with it came to its own address.
    "filed_mail.account_id": Way.STAYS,
    # What another system held of it; the survivor's is read anew under the links that moved.
    "remote_detail.account_id": Way.STAYS,
    # An answer that names a deleted account is void, a question about one is asked anew.
    "match_answer.account_id": Way.STAYS,
    "match_candidate.account_id": Way.STAYS,
    # Pairs of which one account is deleted are not shown.
    "account_pair.first_id": Way.STAYS,
    "account_pair.second_id": Way.STAYS,
    # What happened happened to it.
    "change.record_id": Way.STAYS,
    "run_exception.record_id": Way.STAYS,
    "plan_decision.record_id": Way.STAYS,
    "webhook_delivery.record_id": Way.STAYS,
}
"""Column → what becomes of it. Custom fields that name an account are logged as well."""
_LIKE_ONE = re.compile(r"(.*_)?(account|account_id|account_ids|accounts|record_id)")
_UNKNOWN = N_(
    "Accounts cannot be merged: crmapp does not know what becomes of %(relations)s. Tell an"
    " administrator."
)
_ONE_EACH = frozenset(IDENTITY.values())
"""Systems in which an account is one record: a second one would be written to by turns."""


def unknown(metadata: MetaData) -> list[str]:
    """Return the columns that refer to accounts, or are named as if, and are no known relation."""
    return sorted(
        name
        for table in metadata.tables.values()
        for column in table.columns
        if (name := f"{table.name}.{column.name}") not in RELATIONS
        and (
            any(key.target_fullname.startswith("account.") for key in column.foreign_keys)
            or _LIKE_ONE.fullmatch(column.name)
        )
    )


def need_known(metadata: MetaData = Base.metadata) -> None:
    """Refuse to merge where something would be left behind.

    Raises:
        Conflict: it names the relations that are not known.
    """
    if found := unknown(metadata):
        raise Conflict({}, message=Text(_UNKNOWN, {"relations": ", ".join(found)}))


def links(into: int, others: Sequence[int]) -> list[Link]:
    """Return what moves in the ledger of identities.

    Where an account is one record in a system and the survivor is one already, the other record
    stays with the merged account: nobody writes to it any more.
    """
    known = ExternalIdentity.__table__.c
    query = select(known.system, known.object, known.external_id, known.account_id).where(
        is_one_of(known.account_id, [into, *others])
    )
    rows = session.execute(query.order_by(known.id)).all()
    taken = {row[:2] for row in rows if row[3] == into and row[:2] in _ONE_EACH}
    found = []
    for system, object_, external_id, account in rows:
        if account == into or (system, object_) in taken:
            continue
        taken |= {(system, object_)} & _ONE_EACH
        found.append(Link(system, object_, external_id, account, into))
    return found


def naming(into: int, others: Sequence[int]) -> dict[int, PlanRow]:
    """Return account → what changes of the living accounts that name one of ``others``.

    They name it as their parent, as the one that is billed or supplied, or in a custom field.
    """
    account, own = Account.__table__.c, account_fields()
    places: dict[str, ColumnElement[Any]] = {
        spec.name: number_at(account.custom, spec.name) if spec.custom else account[spec.name]
        for spec in own
    }
    plain = [spec.name for spec in own if not spec.custom]
    alive = select(account.id).where(account.deleted_at.is_(None)).correlate(None)
    each = [alive.where(place.is_not(None), place.in_(others)) for place in places.values()]
    query = select(
        *(account[name] for name in ("id", "version", "name", "custom", *plain)),
    ).where(account.id.in_(union(*each)), account.id.not_in([into, *others]))  # by index
    found = {}
    for id_, version, name, custom, *named in session.execute(query.order_by(account.id)):
        held = {**dict(zip(plain, named, strict=True)), **custom}
        changed = {name: [held[name], into] for name in places if held.get(name) in others}
        found[id_] = PlanRow(0, Planned.UPDATE, "account", id_, version, "", name, fields=changed)
    return found


def account_fields() -> list[Field]:
    """Return the fields that name another account, retired ones too."""
    return [spec for spec in fields.every("account").values() if spec.kind is Kind.ACCOUNT]


def attached(into: int, others: Sequence[int]) -> Iterator[PlanRow]:
    """Give out what changes of the living records that belong to ``others``, kind by kind."""
    for object_, table in _attached():
        name = table.c[records.NAMES.get(object_, "name")]
        query = select(table.c.id, table.c.version, name, table.c.account_id).where(
            is_one_of(table.c.account_id, list(others)), table.c.deleted_at.is_(None)
        )
        for id_, version, called, owner in session.execute(query.order_by(table.c.id)):
            changed = {"account_id": [owner, into]}
            yield PlanRow(0, Planned.UPDATE, object_, id_, version, "", called, fields=changed)


def _attached() -> list[tuple[str, Table]]:
    """Return the kinds of records that belong to an account, and their tables."""
    tables = [(object_, records.table_of(model)) for object_, model in records.MODELS.items()]
    return [(object_, table) for object_, table in tables if "account_id" in table.c]


def counts(ids: Collection[int]) -> dict[str, int]:
    """Return how many records of each kind, other accounts and links hang on these accounts."""
    account, identity = Account.__table__.c, ExternalIdentity.__table__.c
    queries: dict[str, tuple[ColumnElement[Any], ColumnElement[bool]]] = {
        name: (table.c.account_id, table.c.deleted_at.is_(None)) for name, table in _attached()
    }
    for name, place in (
        ("child", account.parent_id),
        ("payer", account.bill_to_id),
        ("receiver", account.ship_to_id),
    ):
        queries[name] = (place, account.deleted_at.is_(None))
    asked: dict[str, Any] = {
        name: select(func.count()).where(is_one_of(column, sorted(ids)), alive)
        for name, (column, alive) in queries.items()
    }
    asked["identity"] = select(func.count()).where(is_one_of(identity.account_id, sorted(ids)))
    row = session.execute(select(*(each.scalar_subquery() for each in asked.values()))).one()
    return dict(zip(asked, row, strict=True))
