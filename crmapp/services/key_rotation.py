"""Changes the key that secrets are encrypted with, whatever they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, inspect, or_, select

from crmapp.config import settings
from crmapp.db import Base, session, unit_of_work
from crmapp.errors import ConfigurationError, Invalid, SecretsLost
from crmapp.i18n import N_, Text
from crmapp.models import Connection, FeedSource, IdentityProvider, User, Webhook
from crmapp.services import audit, vault

_SEALED: Sequence[tuple[type[Base], str, Sequence[str]]] = (
    (Connection, "system", ("secrets", "tokens")),
    (IdentityProvider, "label", ("secret",)),
    (FeedSource, "name", ("secrets",)),
    (Webhook, "name", ("secrets",)),
    (User, "email", ("tf_totp_secret", "mf_recovery_codes")),
)
"""What is encrypted: the table, the column that names a row of it, and the columns themselves."""


@dataclass(frozen=True)
class Rotation:
    """What became of the secrets of each: encrypted anew, or not to be read by any key."""

    done: tuple[str, ...]
    lost: tuple[str, ...]


def rotate() -> Rotation:
    """Put a new key in front of those of the file, and encrypt everything with it.

    Where the keys are given by the environment, the first of them takes the place of the new one.
    The older keys stay: a process that read them a moment ago may still write with them.
    """
    if not settings().encryption_keys:
        vault.put([vault.new_key(), *vault.keys()])
    return _reencrypt()


def drop_old() -> Rotation:
    """Let all keys of the file go but the newest, once that one opens everything.

    Raises:
        ConfigurationError: the keys are given by the environment.
        Invalid: something would be lost with the old keys, or there is no key.
    """
    if settings().encryption_keys:
        raise ConfigurationError(
            "The keys are given by CRMAPP_ENCRYPTION_KEYS: leave the older ones away there."
        )
    newest = vault.keys()[:1]
    if not newest:
        raise Invalid({"": N_("There is no key yet.")})
    rotation = _reencrypt()
    if rotation.lost:
        text = N_("No key opens the secrets of %(systems)s. Enter them again, or remove it, first.")
        raise Invalid({"": Text(text, {"systems": ", ".join(rotation.lost)})})
    vault.put(newest)
    return rotation


def unreadable() -> list[str]:
    """Name everything whose secrets none of the keys opens."""
    lost = {name for row, name, held in _sealed(lock=False) if _resealed(held) is None}
    session.rollback()
    return sorted(lost)


def _sealed(*, lock: bool) -> Iterator[tuple[Base, str, dict[str, str]]]:
    """Go through the rows that hold something encrypted: row, name, column → what it holds."""
    for model, name, columns in _SEALED:
        held = or_(*(func.coalesce(getattr(model, column), "") != "" for column in columns))
        rows = select(model).where(held).order_by(*inspect(model).primary_key)
        for row in session.scalars(rows.with_for_update(of=model) if lock else rows):
            texts = {column: getattr(row, column) for column in columns}
            yield row, getattr(row, name), {key: text for key, text in texts.items() if text}


def _resealed(held: Mapping[str, str]) -> dict[str, str] | None:
    """Return the same, encrypted with the newest key; nothing if a part of it is lost."""
    try:
        return {column: vault.resealed(text) for column, text in held.items()}
    except SecretsLost:
        return None


def _reencrypt() -> Rotation:
    done: list[str] = []
    lost: list[str] = []
    with unit_of_work():
        for row, name, held in _sealed(lock=True):
            fresh = _resealed(held)
            (lost if fresh is None else done).append(name)
            for column, text in (fresh or {}).items():
                setattr(row, column, text)
        audit.note("keys_rotated", by=None, about="keys", secrets=len(done), lost=len(lost))
    return Rotation(tuple(done), tuple(lost))
