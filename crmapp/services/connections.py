"""The connections to other systems: set up, tested, opened, removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from crmapp.connectors import registry
from crmapp.connectors.addresses import at_most
from crmapp.connectors.errors import (
    AuthFailed,
    ConnectorError,
    PermissionMissing,
    Retryable,
    WrongInstance,
)
from crmapp.connectors.port import Description, TokenStore
from crmapp.connectors.registry import AnyConnector, Kind, Settings
from crmapp.connectors.salesforce.bulk import Jobs
from crmapp.db import beside, db, session, unit_of_work, utcnow, writing
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Invalid, NotConnected, SecretsLost
from crmapp.i18n import N_
from crmapp.models import Connection, RemoteDetail, RemoteObject, RequestLog, User
from crmapp.services import (
    account_sync_states,
    api_use,
    audit,
    connection_kinds,
    connection_problems,
    vault,
)
from crmapp.services.connection_kinds import SYSTEMS, System
from crmapp.services.connection_problems import Problem
from crmapp.services.connection_tokens import RowTokens
from crmapp.services.editing import unless_taken
from crmapp.services.request_log import Journal
from crmapp.services.rights import need

RIGHT = Right.INTEGRATION_MANAGE
CHECK_WITHIN = 25.0
"""Seconds that a test of a connection may take: a person waits for it."""
_LASTING = (AuthFailed, PermissionMissing, WrongInstance, SecretsLost)
"""What does not pass by itself, so that the connection's page must show it."""
_GONE = N_("Somebody else set this connection up meanwhile. Reload the page and try again.")


@dataclass(frozen=True)
class Wanted:
    """What a person set: ``secrets`` holds those that she typed, the others stay as they are."""

    kind: Kind
    flow: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    sandbox: bool = False
    budget: str = ""


@dataclass(frozen=True)
class State:
    """How it stands with a system; ``secrets`` are the names of those that are kept."""

    system: System
    row: Connection | None
    problem: Problem | None = None
    use: api_use.Use | None = None
    secrets: frozenset[str] = frozenset()
    lost: bool = False
    signed_in: bool = False

    @property
    def summary(self) -> str:
        """One of none, lost, problem, ok, untested."""
        if self.row is None:
            return "none"
        if self.lost:
            return "lost"
        if self.problem is not None:
            return "problem"
        return "ok" if self.row.found else "untested"


def of(system: str) -> Connection | None:
    """Return the connection to a system, if there is one."""
    return session.scalars(select(Connection).where(Connection.system == system)).one_or_none()


def connected() -> set[str]:
    """Return the systems that were reached with the settings they have now.

    Whether they answer at this moment is another question, which only asking them answers.
    """
    return {row.system for row in session.scalars(select(Connection)) if row.found}


def states(*, by: User) -> list[State]:
    """Return how it stands with every system.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    rows = {row.system: row for row in session.scalars(select(Connection))}
    return [_state(system, rows.get(system.code)) for system in SYSTEMS.values()]


def state(system: str, *, by: User) -> State:
    """Return how it stands with a system.

    Raises:
        Forbidden, NotFound
    """
    need(RIGHT, by=by)
    return _state(connection_kinds.system(system), of(system))


def _state(system: System, row: Connection | None) -> State:
    if row is None:
        return State(system, None)
    use = api_use.of(system.code, row.usage, row.budget, utcnow())
    problem = connection_problems.of(row.problem)
    try:
        secrets = frozenset(vault.unseal(row.secrets))
    except SecretsLost:
        return State(system, row, problem, use, lost=True)
    return State(system, row, problem, use, secrets, signed_in=bool(row.tokens))


def save(system: str, wanted: Wanted, *, version: int, by: User) -> None:
    """Set a connection up, or change it; ``version`` is the one that she saw, 0 for none.

    Secrets stay when nothing is typed, unless they would be sent to another address than before:
    who may not read a secret must not have it sent to a place of her choice either.

    Raises:
        Forbidden, NotFound
        Invalid: field → what is wrong with it.
        Conflict: somebody else changed it since.
    """
    need(RIGHT, by=by)
    connection_kinds.system(system)
    person = by.id
    budget = connection_kinds.budget_of(wanted.budget)
    taken = {"": _GONE}
    unique = {"index": "uq_connection_system", "column": "connection.system"}
    with unless_taken(taken, **unique), unit_of_work():
        query = select(Connection).where(Connection.system == system).with_for_update()
        row = session.scalars(query).one_or_none()
        _refuse_old(row, version)
        kept, lost = _kept(row)
        before = row and connection_kinds.fingerprint(row.kind, row.settings, kept, row.sandbox)
        whose = row and connection_kinds.organisation(Kind(row.kind), row.settings, row.sandbox)
        kept = {} if row is None or _is_elsewhere(row, wanted) else kept
        values, secrets = connection_kinds.checked(
            wanted.kind, wanted.flow, {**wanted.values, **wanted.secrets}, kept, wanted.sandbox
        )
        if row is None:
            row = Connection(system=system, version=0)
            session.add(row)
        after = connection_kinds.fingerprint(wanted.kind, values, secrets, wanted.sandbox)
        if lost or before != after:  # what is known of the old credentials says nothing
            row.tokens, row.found, row.problem, row.checked_at = "", {}, {}, None
            row.renewing_until = None
        if whose and whose != connection_kinds.organisation(wanted.kind, values, wanted.sandbox):
            row.usage = {}
            account_sync_states.forget_cursor(system)
        row.kind, row.settings, row.sandbox = wanted.kind.value, values, wanted.sandbox
        row.secrets, row.budget = vault.seal(secrets), budget
        row.version, row.by_id, row.updated_at = row.version + 1, person, utcnow()
        audit.note(
            "connection_saved", by=person, about="connection", about_id=system, version=row.version
        )


def _refuse_old(row: Connection | None, version: int) -> None:
    if (row.version if row else 0) == version:
        return
    if row is None:
        raise Invalid({"": N_("Somebody else removed this connection meanwhile.")})
    theirs = {**row.settings, "budget": row.budget, "sandbox": row.sandbox}
    raise Conflict(theirs, version=row.version)


def _kept(row: Connection | None) -> tuple[dict[str, str], bool]:
    """Return the secrets of a row, and whether they are lost."""
    try:
        return vault.unseal(row.secrets) if row else {}, False
    except SecretsLost:
        return {}, True


def _is_elsewhere(row: Connection, wanted: Wanted) -> bool:
    """Say whether secrets that are kept would be sent to another place, or by other ways."""
    if row.kind != wanted.kind or row.sandbox != wanted.sandbox:
        return True
    there = connection_kinds.address_of(wanted.kind, wanted.values)
    return connection_kinds.address_of(wanted.kind, row.settings) != there


def remove(system: str, *, version: int, by: User) -> None:
    """Forget a connection, its log, and what was read over it; links of accounts stay.

    Raises:
        Forbidden, NotFound, NotConnected
        Conflict: somebody else changed it since.
    """
    need(RIGHT, by=by)
    connection_kinds.system(system)
    with unit_of_work():
        query = select(Connection).where(Connection.system == system).with_for_update()
        row = session.scalars(query).one_or_none()
        if row is None:
            raise NotConnected(system)
        if row.version != version:
            raise Conflict({}, version=row.version)
        for model in (RequestLog, RemoteObject, RemoteDetail):
            session.execute(delete(model).where(model.connection_id == row.id))
        session.delete(row)
        account_sync_states.forget_cursor(system)
        audit.note("connection_removed", by=by, about="connection", about_id=system)


def check(system: str, *, by: User) -> Problem | None:
    """Sign in anew and look who we are; keep what was found, or what is wrong, and return that.

    It may exceed our own budget: who repairs a connection must be able to test it.

    Raises:
        Forbidden, NotFound, NotConnected
    """
    need(RIGHT, by=by)
    row = of(connection_kinds.system(system).code)
    if row is None:
        raise NotConnected(system)
    version, values = row.version, dict[str, Any]()
    session.rollback()
    try:
        with opened(system, CHECK_WITHIN, budgeted=False) as connector:
            values = {"found": asdict(connector.check()), "problem": {}}
    except (ConnectorError, SecretsLost) as error:
        values = {"problem": connection_problems.kept(error)}
    with unit_of_work():  # what was found with older settings says nothing of the new ones
        own = (Connection.system == system, Connection.version == version)
        session.execute(update(Connection).where(*own).values(**values, checked_at=utcnow()))
    return connection_problems.of(values["problem"])


@contextmanager
def opened(
    system: str,
    within: float | None = None,
    *,
    known: Iterable[Description] = (),
    jobs: Jobs | None = None,
    budgeted: bool = True,
) -> Iterator[AnyConnector]:
    """Open the connection to a system; ``within`` are the seconds for all that is done inside.

    Whatever is asked is logged and counted when it ends, also by an error. Not for the inside of a
    unit of work: nothing that another system may hold up belongs into a transaction. ``known`` and
    ``jobs`` are those of :func:`crmapp.connectors.registry.connect`.

    Raises:
        NotConnected: there is no connection.
        SecretsLost: its secrets cannot be read.
        QuotaExceeded: our own budget is used up; also by any request made inside.
    """
    if writing():
        raise RuntimeError("a connection is opened outside unit_of_work()")
    row = _read(system)
    secrets = vault.unseal(row.secrets)
    told = connection_kinds.settings_of(Kind(row.kind), row.settings, secrets)
    credentials = connection_kinds.fingerprint(row.kind, row.settings, secrets, row.sandbox)
    journal = Journal(db.engine, row, budgeted=budgeted)
    journal.allow()
    tokens = RowTokens(db.engine, system, row.id, credentials, journal.allow)
    connector = _connect(row, told, tokens, journal, jobs, known)
    journal.connector = connector
    identity, version, ailing = row.id, row.version, bool(row.problem)
    try:
        with at_most(within):
            yield connector
        if ailing and journal.answered:
            _note(identity, version, {})
    except _LASTING as error:
        _note(identity, version, connection_problems.kept(error))
        raise
    except Retryable as error:
        connection_problems.name_busy(error, system)
        raise
    finally:
        connector.close()
        journal.write()


def _read(system: str) -> Any:
    """Return the row, read beside the session: no transaction stays open while others answer."""
    with db.engine.connect() as connection:
        query = select(Connection.__table__).where(Connection.system == system)
        row = connection.execute(query).one_or_none()
    if row is None:
        raise NotConnected(system)
    return row


def _connect(
    row: Any,
    told: Settings,
    tokens: TokenStore,
    journal: Journal,
    jobs: Jobs | None,
    known: Iterable[Description],
) -> AnyConnector:
    return registry.connect(
        row.kind, told, tokens, journal.note, row.sandbox, jobs=jobs, known=known
    )


def _note(identity: int, version: int, problem: Mapping[str, Any]) -> None:
    """Keep what is wrong, or that all is well again, beside whatever the caller's session does."""
    own = (Connection.id == identity, Connection.version == version)
    with suppress(SQLAlchemyError), beside(db.engine) as connection:  # the cause tells more
        connection.execute(update(Connection).where(*own).values(problem=problem))
