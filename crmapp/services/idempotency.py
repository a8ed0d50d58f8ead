"""A form that is sent twice does its work once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select, update

from crmapp.db import session, utcnow
from crmapp.db.bulk import insert_into
from crmapp.errors import KeyReused
from crmapp.models import IdempotencyKey


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
