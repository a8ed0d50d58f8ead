"""A form that is sent twice within a day does its work once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from crmapp.db import session, unit_of_work, utcnow
from crmapp.db.bulk import insert_into, is_one_of
from crmapp.errors import KeyReused
from crmapp.models import IdempotencyKey

KEPT = timedelta(hours=24)
_BATCH = 1000


def once(key: str | None, sent: Mapping[str, Any], make: Callable[[], str]) -> str:
    """Return what ``make`` made for this ``key``, calling it only the first time.

    Expects a unit of work around it: the key and what was made are committed together. Without a
    key (no form) it just makes.

    Raises:
        KeyReused: the key came before with other values.
    """
    if not key:
        return make()
    digest = _digest(sent)
    if not _is_new(key, digest):
        return _result(key, digest)
    result = make()
    session.execute(update(IdempotencyKey).where(IdempotencyKey.key == key).values(result=result))
    return result


def spend(word: str) -> bool:
    """Say whether what may be used once is used for the first time; the caller commits."""
    return _is_new(f"once-{hashlib.sha256(word.encode()).hexdigest()}", "")


def _is_new(key: str, digest: str) -> bool:
    query = (
        insert_into(IdempotencyKey)
        .values(key=key, digest=digest, at=utcnow())
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(IdempotencyKey.key)
    )
    return session.scalar(query) is not None


def forget_old() -> None:
    """Delete keys that were sent more than a day ago, some at a time."""
    old = select(IdempotencyKey.key).where(IdempotencyKey.at < utcnow() - KEPT).limit(_BATCH)
    if session.scalar(old.limit(1)) is None:
        session.rollback()
        return
    with unit_of_work():
        gone = list(session.scalars(old))
        session.execute(delete(IdempotencyKey).where(is_one_of(IdempotencyKey.key, gone)))


def _result(key: str, digest: str) -> str:
    known = session.execute(
        select(IdempotencyKey.digest, IdempotencyKey.result).where(IdempotencyKey.key == key)
    ).one()
    if known.digest != digest or known.result is None:
        raise KeyReused
    return str(known.result)


def _digest(sent: Mapping[str, Any]) -> str:
    text = json.dumps(dict(sent), sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
