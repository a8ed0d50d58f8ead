"""What an object of another system consists of: kept from its last description, and read anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from crmapp.connectors.port import Description, RemoteField, RemoteKind, RemoteValue
from crmapp.db import session, unit_of_work, utcnow, while_unchanged
from crmapp.models import Connection, RemoteObject
from crmapp.services import connections

SALESFORCE, ACCOUNT = "salesforce", "Account"
WITHIN = 25.0
"""Seconds that somebody waits for a description; it has some hundred kilobytes."""


@dataclass(frozen=True)
class Difference:
    """What is otherwise than when the object was described before."""

    added: tuple[RemoteField, ...] = ()
    gone: tuple[RemoteField, ...] = ()
    changed: tuple[tuple[RemoteField, RemoteField], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.gone or self.changed)


def known(system: str = SALESFORCE, object: str = ACCOUNT) -> Description | None:
    """Return the last description; None if there is none yet."""
    return while_unchanged(("described", system, object), lambda: _read(system, object))


def _read(system: str, object: str) -> Description | None:
    kept = session.scalar(_of(system, object))
    return from_json(kept.description) if kept else None


def _of(system: str, object: str) -> Any:
    return (
        select(RemoteObject)
        .join(Connection, Connection.id == RemoteObject.connection_id)
        .where(Connection.system == system, RemoteObject.object == object)
    )


def read_anew(system: str = SALESFORCE, object: str = ACCOUNT) -> Difference:
    """Read the description again, keep it, and return what is otherwise; at first, nothing.

    Raises:
        ConnectorError: the other system could not be asked.
        NotConnected: there is no connection.
    """
    session.rollback()  # no transaction stays open while the other side answers
    with connections.opened(system, WITHIN) as connector:
        now = connector.describe(object)
    before = known(system, object)
    with unit_of_work():
        connection_id = session.scalars(
            select(Connection.id).where(Connection.system == system)
        ).one()
        kept = session.scalar(_of(system, object))
        if kept is None:
            kept = RemoteObject(connection_id=connection_id, object=object)
            session.add(kept)
        kept.description, kept.fetched_at = as_json(now), utcnow()
    return difference(before, now) if before else Difference()


def difference(before: Description, now: Description) -> Difference:
    """Say what ``now`` has otherwise than ``before``, by name, label and type."""
    old = {each.name: each for each in before.fields}
    new = {each.name: each for each in now.fields}
    return Difference(
        tuple(each for name, each in new.items() if name not in old),
        tuple(each for name, each in old.items() if name not in new),
        tuple(
            (old[name], each)
            for name, each in new.items()
            if name in old and (old[name].label, old[name].type) != (each.label, each.type)
        ),
    )


def as_json(description: Description) -> dict[str, Any]:
    """Return what is kept of a description."""
    return asdict(description)


def from_json(kept: Mapping[str, Any]) -> Description:
    """Return a description from what was kept of it."""
    return Description(
        kept["object"], kept["label"], tuple(_field(each) for each in kept["fields"])
    )


def _field(kept: Mapping[str, Any]) -> RemoteField:
    values = tuple(RemoteValue(**each) for each in kept["values"])
    return RemoteField(
        **{
            **kept,
            "kind": RemoteKind(kept["kind"]),
            "values": values,
            "refers_to": tuple(kept["refers_to"]),
        }
    )
