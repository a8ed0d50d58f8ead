"""The people at an account: added, changed, and one of them made the primary contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Right
from crmapp.models import Account, Contact, User
from crmapp.services import accounts, editing, records
from crmapp.services.pick_lists import lookups
from crmapp.services.rights import need

_MOST = 500
_WITH_ACCOUNT = (joinedload(Contact.account),)


def get(contact_id: int, *, by: User) -> Contact:
    """Return the contact with its account.

    Raises:
        NotFound: there is none, or not for her.
    """
    return editing.seen(Contact, contact_id, by=by, options=_WITH_ACCOUNT)


def of(account: Account) -> Sequence[Contact]:
    """Return the account's contacts: the primary one, then the active ones by name."""
    query = (
        select(Contact)
        .where(Contact.account_id == account.id, Contact.deleted_at.is_(None))
        .order_by(
            (Contact.id == account.primary_contact_id).desc(),
            Contact.active.desc(),
            Contact.name_key,
            Contact.id,
        )
    )
    return session.scalars(query.limit(_MOST)).all()


def add(account_id: int, typed: Mapping[str, object], *, by: User, key: str | None = None) -> int:
    """Add a contact to the account and return the contact's id; the first one is the primary one.

    Raises:
        NotFound: she does not see the account.
        Forbidden: she may not add contacts, or not change the account.
        Invalid: field → what is wrong with it.
    """
    with unit_of_work():
        editing.seen(Account, account_id, by=by)
        need(Right.CONTACT_EDIT, by=by)
        account = accounts.need_editable(account_id, by=by)
        sent = {**typed, "account": account_id}
        return editing.made(key, sent, lambda: _add(account, typed, by), by=by)


def _add(account: Account, typed: Mapping[str, object], by: User) -> int:
    values = editing.checked("contact", typed, lookups(ids=True), whole=True)
    values["account_id"] = account_id = account.id
    first = account.primary_contact_id is None
    contact_id = records.create(Contact, values, by=by, source=editing.FORM)
    if first:
        _make_primary(account_id, contact_id, by)
    return contact_id


def update(
    contact_id: int,
    typed: Mapping[str, object],
    version: int,
    *,
    by: User,
    key: str | None = None,
    exact: bool = False,
) -> int:
    """Change the contact that ``by`` saw at ``version``.

    Raises:
        NotFound, Forbidden, Invalid: as for :func:`add`.
        Conflict: somebody else changed it since; with ``exact``, be it in another field.
    """
    with unit_of_work():
        contact = need_editable(contact_id, by=by)
        sent = {**typed, "contact": contact_id, "version": version}

        def change() -> int:
            values = editing.checked("contact", typed, lookups(ids=True), whole=False, held=contact)
            return editing.changed(Contact, contact_id, values, version, by=by, exact=exact)

        return editing.made(key, sent, change, by=by)


def need_editable(contact_id: int, *, by: User) -> Contact:
    """Return the contact that ``by`` is about to change: who may change its account may.

    Raises:
        NotFound, Forbidden
    """
    contact = get(contact_id, by=by)
    need(Right.CONTACT_EDIT, by=by)
    accounts.need_editable(contact.account_id, by=by)
    return contact


def set_primary(contact_id: int, *, by: User) -> int:
    """Make the contact the primary one of its account, and return the account's id."""
    with unit_of_work():
        account_id = need_editable(contact_id, by=by).account_id
        _make_primary(account_id, contact_id, by)
        return account_id


def _make_primary(account_id: int, contact_id: int, by: User) -> None:
    values = {"primary_contact_id": contact_id}
    records.update(Account, account_id, values, version=None, by=by, source=editing.FORM)
