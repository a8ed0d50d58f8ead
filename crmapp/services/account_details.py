"""What Salesforce holds of an account: its last known values, read-only, and read anew.

The caller has made sure that the reader may see the account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

from sqlalchemy import delete, select

from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import Connector, Description, RemoteField, RemoteKind
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.changes import Action, Link, Write
from crmapp.errors import CRMError, Forbidden, Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import Account, Connection, ExternalIdentity, RemoteDetail, User
from crmapp.services import accounts, connections, integrations, records, remote_fields
from crmapp.services.frozen_values import frozen, thawed
from crmapp.services.remote_fields import ACCOUNT, SALESFORCE
from crmapp.services.waiting import Busy, Turns

WITHIN = 10.0
"""Seconds that somebody waits for Salesforce while she looks at a record."""
FRESH = 15 * 60
"""Seconds for which values count as fresh: a record that is opened again does not ask again."""
AGAIN = 60
"""Seconds after an attempt that failed before the next one is made without being asked for."""
turns = Turns()
"""Who waits for Salesforce in this process."""


@dataclass(frozen=True)
class Detail:
    """One chosen field and its last known value; ``name`` is what the reference ``value`` means.

    ``gone`` is one that Salesforce does not have any more, or hides; its ``field`` is None.
    """

    key: str
    field: RemoteField | None
    value: Any = None
    name: str | None = None
    gone: bool = False

    @property
    def label(self) -> str:
        return self.field.called if self.field else self.key

    @property
    def kind(self) -> RemoteKind:
        return self.field.kind if self.field else RemoteKind.OTHER


@dataclass(frozen=True)
class Details:
    """What the tab shows of one account.

    ``external_id`` is None if no record in Salesforce is linked. ``problem`` is what the last
    attempt to read it met; the values are then those of ``fetched_at``. ``hidden`` counts those
    that the reader does not want to see.
    """

    external_id: str | None
    link: str | None = None
    details: tuple[Detail, ...] = ()
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    problem: Text | None = None
    connected: bool = True
    hidden: int = 0

    @property
    def stale(self) -> bool:
        """Whether the values should be read before anybody relies on them."""
        if self.external_id is None or not self.connected or _age(self.tried_at) < AGAIN:
            return False
        return _age(self.fetched_at) > FRESH

    @property
    def partial(self) -> bool:
        """Whether the last attempt read some of the fields and not others."""
        return self.fetched_at is not None and self.fetched_at == self.tried_at


def _age(moment: datetime | None) -> float:
    """Return how many seconds ago a moment was; endless for none."""
    return (utcnow() - moment).total_seconds() if moment else inf


@dataclass(frozen=True)
class Candidate:
    """A record in Salesforce that may be this account, and why."""

    external_id: str
    name: str
    number: str | None
    place: str
    reason: str


def shown() -> bool:
    """Say whether the tab is there at all."""
    return integrations.options().show_details


def of(account: Account) -> Details:
    """Return the last known values of an account, without asking Salesforce.

    Raises:
        NotFound: the tab is not shown.
    """
    if not shown():
        raise NotFound
    external_id = linked(account.id)
    if external_id is None:
        return Details(None)
    connection = connections.of(SALESFORCE)
    kept = session.get(RemoteDetail, (account.id, connection.id)) if connection else None
    if kept is not None and kept.external_id != external_id:
        kept = None
    return Details(
        external_id,
        _link(connection, external_id),
        tuple(_details(kept.values if kept else {})),
        kept.fetched_at if kept else None,
        kept.tried_at if kept else None,
        _problem(kept) if connection else Text(N_("Salesforce is not connected any more.")),
        connection is not None,
    )


def linked(account_id: int) -> str | None:
    """Return the id of the record in Salesforce that is this account; the latest of several."""
    return next(iter(_links(account_id)), None)


def _links(account_id: int) -> Sequence[str]:
    """Return all records in Salesforce that are said to be this account, the latest first."""
    known = ExternalIdentity.__table__.c
    return session.scalars(
        select(known.external_id)
        .where(known.account_id == account_id)
        .where(known.system == SALESFORCE, known.object == ACCOUNT)
        .order_by(known.id.desc())
    ).all()


def _details(values: Mapping[str, Any]) -> Iterator[Detail]:
    described = remote_fields.known()
    for name in integrations.options().detail_fields:
        field = described.field(name) if described else None
        path = field.name_path if field else None
        value = thawed(field.kind if field else None, values.get(name))
        gone = described is not None and field is None
        yield Detail(name, field, value, values.get(path or ""), gone)


def _link(connection: Connection | None, external_id: str) -> str | None:
    if connection is None:
        return None
    address = str(connection.settings.get("instance_url", ""))
    if not address.startswith(("https://", "http://") if connection.sandbox else "https://"):
        return None
    return f"{address.rstrip('/')}/lightning/r/{ACCOUNT}/{external_id}/view"


def _problem(kept: RemoteDetail | None) -> Text | None:
    said = kept.problem if kept else {}
    return Text(said["text"], said.get("params", {})) if said else None


def refresh(account: Account) -> None:
    """Read the values of an account from Salesforce, and keep them, if it is linked.

    What goes wrong is kept beside the last known values, and shown with them.

    Raises:
        NotFound: the tab is not shown.
        Busy: it is being read already, or too many others wait; nothing was asked.
    """
    if not shown():
        raise NotFound
    external_id, connection = linked(account.id), connections.of(SALESFORCE)
    if external_id is None or connection is None:
        return
    account_id, connection_id = account.id, connection.id
    described, wanted = remote_fields.known(), integrations.options().detail_fields
    session.rollback()  # no transaction stays open while Salesforce answers
    found: Mapping[str, Any] | None = None
    problem: Text | None = None
    try:
        with turns.turn(account_id), _salesforce(described) as connector:
            found, problem = _read(connector, external_id, described, wanted)
        if found is None and problem is None:
            problem = Text(N_("The linked record is not in Salesforce any more."))
    except Busy:
        raise
    except CRMError as error:
        problem = error.message
    _keep(account_id, connection_id, external_id, found, problem)


def _read(
    connector: Connector, external_id: str, described: Description | None, wanted: Sequence[str]
) -> tuple[Mapping[str, Any] | None, Text | None]:
    """Read what is still there: a field that is gone takes none of the others with it."""
    asked = [name for name in wanted if described is None or described.field(name)]
    gone: list[str] = []
    while True:
        paths = [
            field.name_path
            for name in asked
            if described and (field := described.field(name)) and field.name_path
        ]
        try:
            found = connector.read_one(ACCOUNT, external_id, ["Id", *asked, *paths])
        except ConfigBroken as broken:
            if broken.field not in asked:
                raise
            asked.remove(broken.field)
            gone.append(broken.field)
        else:
            return found, _without(gone) if gone else None


def _without(gone: Sequence[str]) -> Text:
    return Text(
        N_(
            "Salesforce does not have these fields any more, or hides them: %(fields)s. An"
            " administrator can choose the fields anew."
        ),
        {"fields": ", ".join(gone)},
    )


def _salesforce(described: Description | None) -> AbstractContextManager[Connector]:
    """Open the connection for somebody who waits; the description need not be read again."""
    known = [described] if described else []
    return connections.opened(SALESFORCE, WITHIN, known=known)


def _keep(
    account_id: int,
    connection_id: int,
    external_id: str,
    found: Mapping[str, Any] | None,
    problem: Text | None,
) -> None:
    with unit_of_work():
        known = select(Connection.id).where(Connection.id == connection_id)
        if session.scalar(known.with_for_update()) is None:  # it was removed meanwhile
            return
        if linked(account_id) != external_id:  # somebody linked another record meanwhile
            return
        kept = session.get(RemoteDetail, (account_id, connection_id))
        if kept is None:
            kept = RemoteDetail(account_id=account_id, connection_id=connection_id, external_id="")
            session.add(kept)
        if kept.external_id != external_id:
            kept.external_id, kept.values, kept.fetched_at = external_id, {}, None
        kept.tried_at = utcnow()
        kept.problem = {"text": problem.text, "params": problem.params} if problem else {}
        if found is not None:
            read = {name: frozen(value) for name, value in found.items()}
            kept.values = {**kept.values, **read}  # what vanished keeps its last value
            kept.fetched_at = kept.tried_at


def candidates(account: Account) -> list[Candidate]:
    """Return the records in Salesforce that may be this account: by its number, then by its name.

    Raises:
        ConnectorError, NotConnected: Salesforce could not be asked.
        Busy: too many wait for it.
    """
    fields = ("Id", "Name", "AccountNumber", "BillingCity", "BillingCountry")
    found: dict[str, Candidate] = {}
    asked = [("AccountNumber", account.number, "number"), ("Name", account.name, "name")]
    waiting, described = turns.turn(("candidates", account.id)), remote_fields.known()
    session.rollback()
    with waiting, _salesforce(described) as connector:
        for field, value, reason in asked:
            for row in connector.find(ACCOUNT, fields, field, value) if value else ():
                place = ", ".join(filter(None, (row["BillingCity"], row["BillingCountry"])))
                known = Candidate(row["Id"], row["Name"], row["AccountNumber"], place, reason)
                found.setdefault(known.external_id, known)
    return list(found.values())


def link(account: Account, external_id: str, *, by: User) -> None:
    """Say that a record in Salesforce is this account.

    Raises:
        Forbidden: ``by`` may not change the account.
        Invalid: there is no such record, the account has one, or another account is it.
        ConnectorError, NotConnected: Salesforce could not be asked.
        Busy: too many wait for it.
    """
    if not accounts.editable(account, by=by):
        raise Forbidden("account.edit")
    account_id = account.id
    waiting, described = turns.turn(("link", account_id)), remote_fields.known()
    session.rollback()
    with waiting, _salesforce(described) as connector:
        row = connector.read_one(ACCOUNT, external_id, ["Id", "Name"])
    if row is None:
        raise Invalid({"": N_("Salesforce has no such record any more. Choose another one.")})
    with unit_of_work():
        _link_to(account_id, str(row["Id"]), by)


def _link_to(account_id: int, external_id: str, by: User) -> None:
    identity = (SALESFORCE, ACCOUNT, external_id)
    if set(_links(account_id)) - {external_id}:
        raise Invalid({"": N_("The account is linked to another record. Unlink it first.")})
    known = ExternalIdentity.__table__.c
    alive = select(Account.id).where(Account.id == known.account_id, Account.deleted_at.is_(None))
    holder = session.scalar(
        select(known.account_id)
        .where(known.system == SALESFORCE, known.object == ACCOUNT)
        .where(known.external_id == external_id, alive.exists())
        .with_for_update()
    )
    if holder not in (None, account_id):
        raise Invalid(
            {"": N_("Another account here is linked to this record. Unlink it on its page first.")}
        )
    write = Write(Action.UPDATE, {}, account_id, source={"kind": "form"}, identity=identity)
    records.write(Account, [write], by=by)


def unlink(account: Account, *, by: User) -> None:
    """Take the link to Salesforce away, with the values that were read.

    Raises:
        Forbidden: ``by`` may not change the account.
    """
    if not accounts.editable(account, by=by):
        raise Forbidden("account.edit")
    account_id = account.id
    with unit_of_work():
        links = tuple(
            Link(SALESFORCE, ACCOUNT, each, account_id, None) for each in _links(account_id)
        )
        if not links:
            return
        write = Write(Action.UPDATE, {}, account_id, source={"kind": "form"}, links=links)
        records.write(Account, [write], by=by)
        session.execute(delete(RemoteDetail).where(RemoteDetail.account_id == account_id))
