"""What happened with an account and what comes next: calls, meetings, tasks, notes, e-mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import joinedload

from crmapp.db import LARGEST_ID, session, unit_of_work
from crmapp.domain.attached import Attached
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import Account, Activity, Contact, User
from crmapp.services import accounts, editing, records
from crmapp.services.pick_lists import lookups
from crmapp.services.rights import need

KINDS: dict[str, str] = {
    "call": N_("Call"),
    "meeting": N_("Meeting"),
    "task": N_("Task"),
    "note": N_("Note"),
    "email": N_("E-mail"),
}
_PLANNED = frozenset(
    {"subject", "status", "happens_at", "contact_id", "owner_id", "remind_minutes", "notes"}
)
FIELDS_OF: dict[str, frozenset[str]] = {
    "call": frozenset({"subject", "call_type", "happens_at", "contact_id", "owner_id", "notes"}),
    "meeting": _PLANNED | {"length_minutes"},
    "task": _PLANNED,
    "note": frozenset({"subject", "happens_at", "contact_id", "notes"}),
    "email": frozenset({"subject", "happens_at", "contact_id", "owner_id", "notes"}),
}
"""Kind → the fields that a person fills in for it."""
PAGE = 50
_NAMED = (joinedload(Activity.account), joinedload(Activity.contact), joinedload(Activity.owner))


def get(activity_id: int, *, by: User) -> Activity:
    """Return the activity with its account, contact and owner.

    Raises:
        NotFound: there is none, or not for her.
    """
    return editing.seen(Activity, activity_id, by=by, options=_NAMED)


def page(account_id: int, *, after: int | None, by: User) -> tuple[Sequence[Activity], bool]:
    """Return activities of the account, the latest first, and whether there are more.

    ``after`` is the activity after which the page begins.

    Raises:
        NotFound: she does not see the account.
    """
    editing.seen(Account, account_id, by=by)
    own = Activity.__table__.c
    order = (own.happens_at, own.id)
    where = [own.account_id == account_id, own.deleted_at.is_(None)]
    here = select(*order).where(own.id == after, own.account_id == account_id)
    if (place := session.execute(here).one_or_none()) is not None:
        where.append(tuple_(*order) < tuple_(*place))
    query = select(Activity).where(*where).order_by(*(each.desc() for each in order))
    found = session.scalars(query.limit(PAGE + 1)).all()
    return found[:PAGE], len(found) > PAGE


def add(account_id: int, typed: Mapping[str, object], *, by: User, key: str | None = None) -> int:
    """Add an activity of ``typed["kind"]`` to the account and return the activity's id.

    Raises:
        NotFound: she does not see the account.
        Forbidden: she may not add activities, or not change the account.
        Invalid: field → what is wrong with it.
    """
    with unit_of_work():
        editing.seen(Account, account_id, by=by)
        need(Right.ACTIVITY_EDIT, by=by)
        accounts.need_editable(account_id, by=by)
        sent = {**typed, "account": account_id}
        return editing.made(key, sent, lambda: _add(account_id, typed, by), by=by)


def _add(account_id: int, typed: Mapping[str, object], by: User) -> int:
    values = _checked(account_id, typed, whole=True)
    if "owner_id" not in typed:
        values["owner_id"] = by.id
    values["account_id"] = account_id
    return records.create(Activity, values, by=by, source=editing.FORM)


def update(
    activity_id: int,
    typed: Mapping[str, object],
    version: int,
    *,
    by: User,
    key: str | None = None,
    exact: bool = False,
) -> int:
    """Change the activity that ``by`` saw at ``version``; its kind stays.

    Raises:
        NotFound, Forbidden, Invalid: as for :func:`add`.
        Conflict: somebody else changed it since; with ``exact``, be it in another field.
    """
    with unit_of_work():
        activity = need_editable(activity_id, by=by)
        account_id, kept = activity.account_id, {**typed, "kind": activity.kind}
        sent = {**kept, "activity": activity_id, "version": version}

        def change() -> int:
            values = _checked(account_id, kept, whole=False, held=activity)
            return editing.changed(Activity, activity_id, values, version, by=by, exact=exact)

        return editing.made(key, sent, change, by=by)


def need_editable(activity_id: int, *, by: User) -> Activity:
    """Return the activity that ``by`` is about to change: hers, or of an account she may change.

    Raises:
        NotFound, Forbidden
    """
    activity = get(activity_id, by=by)
    need(Right.ACTIVITY_EDIT, by=by)
    if activity.owner_id != by.id:
        accounts.need_editable(activity.account_id, by=by)
    return activity


def _checked(
    account_id: int, typed: Mapping[str, object], *, whole: bool, held: Activity | None = None
) -> dict[str, Any]:
    kind = str(typed.get("kind") or "")
    if kind not in KINDS:
        raise Invalid({"kind": N_("Choose call, meeting, task, note or e-mail.")})
    allowed = FIELDS_OF[kind] | {"kind"}
    relevant = {name: text for name, text in typed.items() if name in allowed}
    values = editing.checked("activity", relevant, lookups(ids=True), whole=whole, held=held)
    contact_id = values.get("contact_id")
    if contact_id is not None and not _belongs(contact_id, account_id):
        raise Invalid({"contact_id": N_("Choose a contact of this account.")})
    return values


def misfits(
    contacts: Mapping[int, int], values: Mapping[str, Any], held: Attached | None, account_id: int
) -> dict[str, Text]:
    """Return field → what does not suit an activity of the account; ``held`` is what it was.

    ``contacts`` are contact → its account. What the activity holds already may stay.
    """
    now = held.values if held else {}
    kind = values.get("kind") or now.get("kind")
    if now and kind != now["kind"]:
        return {"kind": Text(N_("The kind of an activity stays as it is. Enter what it was."))}
    contact_id = values.get("contact_id")
    strange = contact_id not in (None, now.get("contact_id"))
    if strange and contacts.get(contact_id or 0) != account_id:
        return {"contact_id": Text(N_("The account has no contact with this id."))}
    own = FIELDS_OF.get(kind or "", frozenset()) | {"kind", "owner_id"}
    return {
        name: Text(N_("This kind of activity has no such field. Clear the cell."))
        for name, value in values.items()
        if kind and name not in own and value not in (None, "", now.get(name))
    }


def _belongs(contact_id: int, account_id: int) -> bool:
    if contact_id > LARGEST_ID:
        return False
    query = select(Contact.account_id).where(Contact.id == contact_id, Contact.deleted_at.is_(None))
    return session.scalar(query) == account_id
