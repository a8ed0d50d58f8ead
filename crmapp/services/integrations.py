"""What is set for the Advanced CRM Integration, in versions that can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from crmapp.db import session, unit_of_work, while_unchanged
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import IntegrationVersion, User
from crmapp.services.editing import need

ADVANCED = "advanced_crm"
RIGHT = Right.INTEGRATION_MANAGE
CHANGED_SINCE = N_("Somebody else has changed these settings. Look at them again.")
MOST_FIELDS = 200
"""So many fields are shown at most: each is read of each account."""


@dataclass(frozen=True)
class Options:
    """Which fields of Salesforce's accounts are shown on ours, and whether they are at all."""

    show_details: bool = False
    detail_fields: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Options:
        return cls(bool(kept.get("show_details")), tuple(kept.get("detail_fields", ())))

    def as_json(self) -> dict[str, Any]:
        return {"show_details": self.show_details, "detail_fields": list(self.detail_fields)}


@dataclass(frozen=True)
class Step:
    """A version with what it does otherwise than the one before it."""

    version: IntegrationVersion
    options: Options
    shown: bool | None
    """Whether it began (True) or ended (False) to show details; None for neither."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    reordered: bool


def options() -> Options:
    """Return what is in force."""
    return while_unchanged("integration options", _read)


def _read() -> Options:
    newest = _newest()
    return Options.from_json(newest.options) if newest else Options()


def version() -> int:
    """Return the number of the version in force; 0 before anything was set."""
    newest = _newest()
    return newest.version if newest else 0


def _newest() -> IntegrationVersion | None:
    return session.scalar(
        select(IntegrationVersion)
        .where(IntegrationVersion.code == ADVANCED)
        .order_by(IntegrationVersion.version.desc())
        .limit(1)
    )


def history(*, by: User, most: int = 20) -> list[Step]:
    """Return the last versions, newest first.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    versions = list(
        session.scalars(
            select(IntegrationVersion)
            .where(IntegrationVersion.code == ADVANCED)
            .options(joinedload(IntegrationVersion.by))
            .order_by(IntegrationVersion.version.desc())
            .limit(most + 1)
        )
    )
    found = [Options.from_json(each.options) for each in versions]
    before = [*found[1:], Options()][: len(found)]
    steps = [_step(*each) for each in zip(versions, found, before, strict=True)]
    return steps[:most]


def _step(made: IntegrationVersion, now: Options, before: Options) -> Step:
    stayed = [name for name in now.detail_fields if name in before.detail_fields]
    order = [name for name in before.detail_fields if name in now.detail_fields]
    return Step(
        made,
        now,
        None if now.show_details is before.show_details else now.show_details,
        tuple(name for name in now.detail_fields if name not in before.detail_fields),
        tuple(name for name in before.detail_fields if name not in now.detail_fields),
        stayed != order,
    )


def save(chosen: Options, *, seen: int, by: User) -> int:
    """Put ``chosen`` in force for everybody, and return its version.

    ``seen`` is the version that ``by`` looked at. What is in force already makes no new one.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        Conflict: somebody saved another version since.
        Invalid: there are too many fields, or one of them is there twice.
    """
    need(RIGHT, by=by)
    names = chosen.detail_fields
    if len(names) > MOST_FIELDS:
        raise Invalid(
            {"fields": Text(N_("Choose at most %(most)s fields."), {"most": MOST_FIELDS})}
        )
    if len(set(names)) < len(names):
        raise Invalid({"fields": N_("A field is chosen twice. Reload the page and try again.")})
    person = by.id
    try:
        with unit_of_work():
            newest = _newest()
            number = newest.version if newest else 0
            if chosen == (Options.from_json(newest.options) if newest else Options()):
                return number
            if number != seen:
                raise Conflict({}, message=CHANGED_SINCE)
            made = IntegrationVersion(code=ADVANCED, version=number + 1, by_id=person)
            made.options = chosen.as_json()
            session.add(made)
    except IntegrityError as error:  # two at once, on PostgreSQL
        raise Conflict({}, message=CHANGED_SINCE) from error
    return number + 1


def take_back(number: int, *, seen: int, by: User) -> int:
    """Put what version ``number`` held in force again, as a new version.

    Raises:
        Forbidden, Conflict
        NotFound: there is no such version.
    """
    need(RIGHT, by=by)
    found = session.scalar(
        select(IntegrationVersion).where(
            IntegrationVersion.code == ADVANCED, IntegrationVersion.version == number
        )
    )
    if found is None:
        raise NotFound
    return save(Options.from_json(found.options), seen=seen, by=by)


def chosen_names(typed: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the names of ``typed`` that are ``known``, once each, in their order."""
    return tuple(dict.fromkeys(name for name in typed if name in set(known)))
