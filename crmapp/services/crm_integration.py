"""What is set for the CRM Integration: whether fields are mapped, in versions."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from crmapp.db import session, unit_of_work, while_unchanged
from crmapp.errors import Conflict, NotFound
from crmapp.models import IntegrationVersion, User
from crmapp.services.editing import need
from crmapp.services.integrations import CHANGED_SINCE, RIGHT

CRM = "crm"


@dataclass(frozen=True)
class Step:
    """A version, and whether the field map was enabled by it."""

    version: IntegrationVersion
    maps_fields: bool


def maps_fields() -> bool:
    """Say whether the field map is enabled; without it only standard fields are synchronised."""
    return while_unchanged("crm options", _maps_fields)


def _maps_fields() -> bool:
    newest = _newest()
    return bool(newest and newest.options.get("field_map"))


def version() -> int:
    """Return the number of the version in force; 0 before anything was set."""
    newest = _newest()
    return newest.version if newest else 0


def _newest() -> IntegrationVersion | None:
    return session.scalar(
        select(IntegrationVersion)
        .where(IntegrationVersion.code == CRM)
        .order_by(IntegrationVersion.version.desc())
        .limit(1)
    )


def history(*, by: User, most: int = 20) -> list[Step]:
    """Return the last versions, newest first.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    found = session.scalars(
        select(IntegrationVersion)
        .where(IntegrationVersion.code == CRM)
        .options(joinedload(IntegrationVersion.by))
        .order_by(IntegrationVersion.version.desc())
        .limit(most)
    )
    return [Step(each, bool(each.options.get("field_map"))) for each in found]


def save(enabled: bool, *, seen: int, by: User) -> int:
    """Enable the field map or rest it, and return the version; the map itself stays as it is.

    ``seen`` is the version that ``by`` looked at. What is in force already makes no new one.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        Conflict: somebody saved another version since.
    """
    need(RIGHT, by=by)
    person = by.id
    try:
        with unit_of_work():
            newest = _newest()
            number = newest.version if newest else 0
            if _maps_fields() is enabled:
                return number
            if number != seen:
                raise Conflict({}, message=CHANGED_SINCE)
            made = IntegrationVersion(code=CRM, version=number + 1, by_id=person)
            made.options = {"field_map": enabled}
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
            IntegrationVersion.code == CRM, IntegrationVersion.version == number
        )
    )
    if found is None:
        raise NotFound
    return save(bool(found.options.get("field_map")), seen=seen, by=by)
