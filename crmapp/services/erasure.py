"""Forget accounts and people for good, with all that belongs to them.

Deleting in the product is soft; this is for what should never have been there, such as a demo.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, delete, exists, or_, select, update

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.models import (
    Account,
    Activity,
    Attachment,
    AuditEvent,
    Change,
    Connection,
    Contact,
    ExternalIdentity,
    Favourite,
    FieldMapDraft,
    FieldMapVersion,
    FiledMail,
    IntegrationVersion,
    LinkedPerson,
    MailDrop,
    MailOutbox,
    ManagedListState,
    MatchAnswer,
    PlanDecision,
    RemoteDetail,
    Run,
    RunException,
    SavedView,
    StoredSelection,
    Team,
    UnfiledLetter,
    User,
    team_member,
)
from crmapp.services import audit, seals

_OWNED = (("attachment", Attachment), ("contact", Contact), ("activity", Activity))

_BELOW = (
    Attachment,
    FiledMail,
    MailDrop,
    Activity,
    Contact,
    ExternalIdentity,
    MatchAnswer,
    RemoteDetail,
)
"""What belongs to accounts, in the order in which it can go."""


def accounts_made_by(people: Sequence[int]) -> set[int]:
    """Return the ids of the accounts that these people, or runs of theirs, created."""
    created = select(Change.record_id).where(
        Change.object == "account", Change.action == "created", _by(people)
    )
    return set(session.scalars(created))


def touched_only_by(people: Sequence[int], accounts: Collection[int]) -> list[int]:
    """Return those of the accounts to which nobody but these people did anything."""
    others = select(Change.object, Change.record_id).where(~_by(people))
    touched: dict[str, set[int]] = {}
    for object_, record_id in session.execute(others):
        touched.setdefault(object_, set()).add(record_id)
    kept = touched.get("account", set())
    for object_, model in _OWNED:
        ids = sorted(touched.get(object_, set()))
        kept |= set(session.scalars(select(model.account_id).where(is_one_of(model.id, ids))))
    return sorted(_unnamed(set(accounts) - kept))


def _unnamed(accounts: set[int]) -> set[int]:
    """Return those of the accounts that no account names which stays."""
    places = (Account.parent_id, Account.bill_to_id, Account.ship_to_id)
    some = or_(*(place.is_not(None) for place in places))
    names = {
        row[0]: set(row[1:]) for row in session.execute(select(Account.id, *places).where(some))
    }
    left = set(accounts)
    while named := left & set().union(*(of for id_, of in names.items() if id_ not in left)):
        left -= named  # it stays, and so do those that it names
    return left


def erase_accounts(ids: Sequence[int]) -> None:
    """Delete accounts with their contacts, activities, identities and history."""
    changes: list[int] = []
    for object_, model in _OWNED:
        owned = list(session.scalars(select(model.id).where(is_one_of(model.account_id, ids))))
        changes += _erase_changes(object_, owned)
    filed = select(Activity.id).where(is_one_of(Activity.account_id, ids))
    session.execute(delete(UnfiledLetter).where(UnfiledLetter.activity_id.in_(filed)))
    for below in _BELOW:
        session.execute(delete(below).where(is_one_of(below.account_id, ids)))
    seals.forget(sorted([*changes, *_erase_changes("account", ids)]))
    merged = update(Account).where(is_one_of(Account.replaced_by, ids))
    session.execute(merged.values(replaced_by=None))
    session.execute(delete(Account).where(is_one_of(Account.id, ids)))


def erase_people(ids: Sequence[int]) -> None:
    """Delete people with their runs, selections, favourites, views and mails.

    Those whom history names are let go.
    """
    _forget_places(ids)
    session.execute(delete(MailOutbox).where(is_one_of(MailOutbox.user_id, ids)))
    session.execute(delete(StoredSelection).where(is_one_of(StoredSelection.user_id, ids)))
    for kept in (Favourite, SavedView, LinkedPerson):
        session.execute(delete(kept).where(is_one_of(kept.user_id, ids)))
    changed = update(SavedView).where(is_one_of(SavedView.changed_by_id, ids))
    session.execute(changed.values(changed_by_id=None))
    _erase_idle_runs(ids)
    named = or_(
        exists().where(Account.owner_id == User.id),
        exists().where(Activity.owner_id == User.id),
        exists().where(Change.by_id == User.id),
        exists().where(Run.by_id == User.id),
    )
    theirs = is_one_of(User.id, ids)
    stay = list(session.scalars(select(User.id).where(theirs, named)))
    session.execute(delete(FieldMapDraft).where(is_one_of(FieldMapDraft.user_id, ids)))
    for made in (MatchAnswer, Connection, IntegrationVersion, FieldMapVersion):
        session.execute(update(made).where(is_one_of(made.by_id, ids)).values(by_id=None))
    session.execute(
        update(User)
        .where(is_one_of(User.id, stay))
        .values(active=False, password=None, is_demo=False)
    )
    gone = sorted(set(ids) - set(stay))
    session.execute(delete(team_member).where(is_one_of(team_member.c.user_id, gone)))
    session.execute(delete(User).where(is_one_of(User.id, gone)))
    empty = ~exists().where(team_member.c.team_id == Team.id)
    unused = ~exists().where(Account.team_id == Team.id)
    session.execute(delete(Team).where(empty, unused))


def _erase_idle_runs(people: Sequence[int]) -> None:
    """Delete the runs of these people of which no change is left."""
    idle = select(Run.id).where(
        is_one_of(Run.by_id, people), ~exists().where(Change.run_id == Run.id)
    )
    ids = list(session.scalars(idle))
    for named in (MatchAnswer, ManagedListState):
        session.execute(update(named).where(is_one_of(named.run_id, ids)).values(run_id=None))
    for model in (RunException, PlanDecision):
        session.execute(delete(model).where(is_one_of(model.run_id, ids)))
    session.execute(
        update(Run).where(is_one_of(Run.id, ids)).values(undoes_id=None, undone_by_id=None)
    )
    session.execute(update(Run).where(is_one_of(Run.retries_id, ids)).values(retries_id=None))
    session.execute(delete(Run).where(is_one_of(Run.id, ids)))


def _erase_changes(object_: str, ids: Sequence[int]) -> list[int]:
    """Delete the history of records, and return the ids of its changes."""
    theirs = (Change.object == object_, is_one_of(Change.record_id, ids))
    gone = list(session.scalars(select(Change.id).where(*theirs)))
    session.execute(delete(Change).where(*theirs))
    return gone


def _forget_places(people: Sequence[int]) -> None:
    """Forget from where these people did what the audit trail tells; what they did stays."""
    for id_ in people:
        audit.note("person_erased", by=None, about="person", about_id=id_)
    theirs = update(AuditEvent).where(is_one_of(AuditEvent.by_id, people))
    session.execute(theirs.values(address=None, agent=None, salt=None))


def _by(people: Sequence[int]) -> ColumnElement[bool]:
    """Changes by these people, or by runs that they started."""
    runs = select(Run.id).where(is_one_of(Run.by_id, people))
    return or_(
        is_one_of(Change.by_id, people) & Change.by_id.is_not(None),
        Change.run_id.in_(runs) & Change.run_id.is_not(None),
    )
