"""Changes the key that the secrets of connections, sources and people are encrypted with."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from crmapp.config import settings
from crmapp.db import session, unit_of_work
from crmapp.errors import ConfigurationError, Invalid, SecretsLost
from crmapp.i18n import N_, Text
from crmapp.models import Connection, FeedSource, User
from crmapp.services import audit, vault

_SEALED = (
    select(FeedSource)
    .where(FeedSource.secrets != "")
    .order_by(FeedSource.id)
    .with_for_update(of=FeedSource)
)
_WITH_A_SECOND_STEP = (
    select(User)
    .where(User.tf_totp_secret.is_not(None) | User.mf_recovery_codes.is_not(None))
    .order_by(User.id)
    .with_for_update()
)


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
    """Name the connections, sources and people whose secrets none of the keys opens."""
    sealed: list[tuple[str, str | None]] = []
    for row in session.scalars(select(Connection)):
        sealed += [(row.system, row.secrets), (row.system, row.tokens)]
    sealed += [(each.name, each.secrets) for each in session.scalars(select(FeedSource))]
    for person in session.scalars(select(User)):
        sealed += [(person.email, person.tf_totp_secret), (person.email, person.mf_recovery_codes)]
    session.rollback()
    return sorted({name for name, text in sealed if text and not _opens(text)})


def _opens(sealed: str) -> bool:
    try:
        vault.resealed(sealed)
    except SecretsLost:
        return False
    return True


def _reencrypt() -> Rotation:
    done, lost = [], []
    with unit_of_work():
        for row in session.scalars(select(Connection).order_by(Connection.id).with_for_update()):
            try:
                row.secrets, row.tokens = vault.resealed(row.secrets), vault.resealed(row.tokens)
            except SecretsLost:
                lost.append(row.system)
            else:
                done.append(row.system)
        for source in session.scalars(_SEALED):
            try:
                source.secrets = vault.resealed(source.secrets)
            except SecretsLost:
                lost.append(source.name)
            else:
                done.append(source.name)
        for person in session.scalars(_WITH_A_SECOND_STEP):
            try:
                person.tf_totp_secret = vault.resealed(person.tf_totp_secret or "") or None
                person.mf_recovery_codes = vault.resealed(person.mf_recovery_codes or "") or None
            except SecretsLost:
                lost.append(person.email)
            else:
                done.append(person.email)
        audit.note("keys_rotated", by=None, about="keys", secrets=len(done), lost=len(lost))
    return Rotation(tuple(done), tuple(lost))
