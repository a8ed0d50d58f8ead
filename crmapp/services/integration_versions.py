"""What is set for a subscription, in versions that never change; the newest is in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from crmapp.db import LARGEST_ID, session, unit_of_work
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, NotFound
from crmapp.i18n import N_
from crmapp.models import IntegrationVersion, User
from crmapp.services import audit
from crmapp.services.rights import need

RIGHT = Right.INTEGRATION_MANAGE
CHANGED_SINCE = N_("Somebody else has changed these settings. Look at them again.")


def options(code: str) -> Mapping[str, Any]:
    """Return what is in force; nothing before anything was set."""
    newest = _newest(code)
    return newest.options if newest else {}


def number(code: str) -> int:
    """Return the number of the version in force; 0 before anything was set."""
    newest = _newest(code)
    return newest.version if newest else 0


def last(code: str, most: int, *, by: User) -> list[IntegrationVersion]:
    """Return the last versions, newest first.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    query = _newest_first(code).options(joinedload(IntegrationVersion.by)).limit(most)
    return list(session.scalars(query))


def get(code: str, wanted: int, *, by: User) -> IntegrationVersion:
    """Return one version.

    Raises:
        Forbidden
        NotFound: there is no such version.
    """
    need(RIGHT, by=by)
    if wanted > LARGEST_ID:
        raise NotFound
    query = _newest_first(code).where(IntegrationVersion.version == wanted)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def put_in_force(
    code: str,
    chosen: dict[str, Any],
    *,
    seen: int,
    by: User,
    kind: str = "options_saved",
    follow: Callable[[], object] = lambda: None,
) -> int:
    """Make ``chosen`` the next version and return its number; ``seen`` is the one ``by`` saw.

    ``follow`` writes what follows from it, in the same transaction.

    Raises:
        Forbidden
        Conflict: somebody saved another version since.
    """
    need(RIGHT, by=by)
    person = by.id
    try:
        with unit_of_work():
            if number(code) != seen:
                raise Conflict({}, message=CHANGED_SINCE)
            made = IntegrationVersion(code=code, version=seen + 1, options=chosen, by_id=person)
            session.add(made)
            audit.note(kind, by=person, about="options", about_id=code, version=seen + 1)
            follow()
    except IntegrityError as error:  # two at once, on PostgreSQL
        raise Conflict({}, message=CHANGED_SINCE) from error
    return seen + 1


def _newest(code: str) -> IntegrationVersion | None:
    return session.scalars(_newest_first(code).limit(1)).one_or_none()


def _newest_first(code: str) -> Select[IntegrationVersion]:
    query = select(IntegrationVersion).where(IntegrationVersion.code == code)
    return query.order_by(IntegrationVersion.version.desc())
