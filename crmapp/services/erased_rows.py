"""What is left of a person herself when she is erased: her row without what it said of her."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select, update

from crmapp.db import session, utcnow
from crmapp.domain.search import fold
from crmapp.domain.traces import MARK
from crmapp.models import (
    Account,
    ApiToken,
    AuditEvent,
    Change,
    Contact,
    Favourite,
    FieldMapDraft,
    MailOutbox,
    Passkey,
    SignIn,
    StoredSelection,
    User,
    team_member,
)
from crmapp.services import records, seals
from crmapp.services.personal_data import ADDRESS, CONTACT, Subject, own_changes

_STAYS = frozenset({"account_id", "active", "deleted_at"})
"""Fields of a contact that say nothing of her."""
_OWN = (ApiToken, Favourite, FieldMapDraft, MailOutbox, Passkey, SignIn, StoredSelection)


def own_history(of: Subject) -> list[int]:
    """Return the changes of her own record."""
    if of.kind != CONTACT:
        return []
    return list(session.scalars(select(Change.id).where(*own_changes(of.id)).order_by(Change.id)))


def own(of: Subject, by: User) -> int:
    """Empty her own row and its history; return how many rows that were."""
    return _contact(of, by) if of.kind == CONTACT else _user(of.id)


def _contact(of: Subject, by: User) -> int:
    hers = Account.primary_contact_id == of.id
    gone = update(Account).where(hers, Account.deleted_at.is_not(None))
    session.execute(gone.values(primary_contact_id=None))
    for account_id in session.scalars(select(Account.id).where(hers)).all():
        values = {"primary_contact_id": None}
        records.update(Account, account_id, values, version=None, by=by, source={"kind": "form"})
    contact = session.get_one(Contact, of.id)
    if contact.deleted_at is None:
        records.delete(Contact, of.id, by=by)
    history = own_history(of)
    for id_ in history:
        fields = session.scalar(select(Change.fields).where(Change.id == id_)) or {}
        marked = {name: _marked(name, said) for name, said in fields.items()}
        this = update(Change).where(Change.id == id_)
        session.execute(this.values(fields=marked, source={"kind": "erasure"}))
    seals.forget(history)
    name = f"{MARK} {of.id}"
    said = ("first_name", "job_title", "roles", "phone", "mobile", "email", "notes")
    nothing: dict[str, Any] = dict.fromkeys(said)
    session.execute(
        update(Contact)
        .where(Contact.id == of.id)
        .values(
            **nothing,
            last_name=name,
            name_key=fold(name),
            search_text="",
            custom={},
            lineage={},
            active=False,
            deleted_at=func.coalesce(Contact.deleted_at, utcnow()),
            version=Contact.version + 1,
        )
    )
    return len(history) + 1


def _marked(name: str, said: Any) -> Any:
    """Return the value before and after a change without what they say of her."""
    if name in _STAYS:
        return said
    return [None if each is None else MARK for each in said]


def _user(id_: int) -> int:
    for model in _OWN:
        session.execute(delete(model).where(model.user_id == id_))
    session.execute(delete(team_member).where(team_member.c.user_id == id_))
    theirs = update(AuditEvent).where(AuditEvent.by_id == id_)
    session.execute(theirs.values(address=None, agent=None, salt=None))
    said = (
        *("password", "locale", "timezone", "theme", "density", "digest_hour", "digest_day"),
        *("calendar_hash", "calendar_since", "shortcuts", "own_details", "default_view"),
        *("account_columns", "tf_primary_method", "tf_totp_secret", "tf_last_counter"),
        *("waits_until", "fs_webauthn_user_handle", "mf_recovery_codes", "territories"),
    )
    nothing: dict[str, Any] = dict.fromkeys(said)
    session.execute(
        update(User)
        .where(User.id == id_)
        .values(
            **nothing,
            name=f"Erased person {id_}",
            email=f"erased-{id_}@{ADDRESS}",
            active=False,
        )
    )
    return 1
