"""The accounts that a person sees, read with what a mapping fills: by id, or by a source's keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.fields import Field, is_custom, thaw
from crmapp.domain.plan import Held
from crmapp.models import Account, ExternalIdentity, User

_ACCOUNT = Account.__table__.c


def linked(
    keys: Sequence[str],
    identity: Sequence[str] | None,
    names: Sequence[str],
    specs: Mapping[str, Field],
    by: User,
) -> dict[str, Held]:
    """Return key → the living account that it means by the ledger of identities.

    Those that ``by`` may not see are among them.
    """
    if identity is None:
        return {}
    ledger = ExternalIdentity.__table__.c
    query = (
        select(ledger.external_id, Account.visible_to(by), *_columns(names))
        .where(_ACCOUNT.id == ledger.account_id, _ACCOUNT.deleted_at.is_(None))
        .where(ledger.system == identity[0], ledger.object == identity[1])
        .where(is_one_of(ledger.external_id, keys))
    )
    found = session.connection().execute(query).all()
    values = _values([row[4:] for row in found], names, specs)
    return {
        row[0]: Held(row[2], row[3], each, bool(row[1]))  # by name it takes half as long again
        for row, each in zip(found, values, strict=True)
    }


def read(
    ids: Sequence[int], names: Sequence[str], specs: Mapping[str, Field], by: User
) -> list[Held]:
    """Return those of the living accounts ``ids`` that ``by`` may see."""
    if not ids:
        return []
    seen = Account.visible_to(by)
    query = select(*_columns(names)).where(is_one_of(_ACCOUNT.id, ids), seen)
    found = session.connection().execute(query).all()
    values = _values([row[2:] for row in found], names, specs)
    return [Held(row[0], row[1], each) for row, each in zip(found, values, strict=True)]


def _columns(names: Sequence[str]) -> list[ColumnElement[Any]]:
    own = ["custom"] if any(map(is_custom, names)) else []
    return [_ACCOUNT[name] for name in ("id", "version", *own, *_plain(names))]


def _plain(names: Sequence[str]) -> list[str]:
    return [name for name in names if not is_custom(name)]


def _values(
    rows: Sequence[tuple[Any, ...]], names: Sequence[str], specs: Mapping[str, Field]
) -> Sequence[tuple[Any, ...]]:
    """Return the values of the fields ``names``, custom ones as well, in their order."""
    plain = _plain(names)
    if len(plain) == len(names):
        return rows
    columns = dict(zip(plain, zip(*(row[1:] for row in rows), strict=True), strict=False))
    for name in names:
        if is_custom(name):
            columns[name] = tuple(thaw(specs[name], own.get(name)) for own, *_ in rows)
    return list(zip(*(columns[name] for name in names), strict=True)) if rows else []
