"""Finds what is known of a person: a contact, or somebody who signed in; row by row, file by file.

The same finder serves who asks for her data, and who asks for it to be erased.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Column, String, Table, Text, cast, or_, select
from sqlalchemy import Text as TextType

from crmapp.db import LARGEST_ID, Base, session
from crmapp.domain.permissions import Right
from crmapp.domain.traces import MARK, Traces, traces
from crmapp.errors import NotFound
from crmapp.models import Change, Contact, User
from crmapp.models.search import matches
from crmapp.services.rights import need

RIGHT = Right.USER_MANAGE
CONTACT, USER = "contact", "user"
KINDS = (CONTACT, USER)
ADDRESS = "erased.invalid"
"""Of which the e-mail addresses are that stand for those of people who were erased."""
DROPPED = frozenset({"mail_outbox", "unfiled_letter", "request_log"})
"""Tables of which a row that names her goes as a whole."""
KEPT = frozenset({"account", "contact", "user", "connection"})
"""Tables of what others answer for; of an account or a contact, notes and own fields are hers."""
_HERS = frozenset({"notes", "custom"})
_SEALED = frozenset({"audit_event", "audit_seal", "audit_seal_mark"})
"""Hold nothing that names her, but for the addresses that are forgotten with her."""
_MOST = 50


@dataclass(frozen=True)
class Subject:
    """Whom all this is about."""

    kind: str
    id: int
    name: str
    email: str | None
    account_id: int | None
    traces: Traces

    @property
    def title(self) -> str:
        """What a run about her is called, which must not name her."""
        return f"{self.kind} {self.id}"


@dataclass(frozen=True)
class Found:
    """A row that names her: its primary key, the columns that do, and what they would become."""

    table: str
    key: tuple[Any, ...]
    values: Mapping[str, Any]
    cleared: Mapping[str, Any]


def search(words: str, *, by: User) -> list[Contact | User]:
    """Return the contacts, deleted ones too, and the people whom words may mean, by name."""
    need(RIGHT, by=by)
    if not words.strip():
        return []
    contacts = select(Contact).where(matches(Contact, words, session.get_bind().dialect))
    named = or_(
        *(each.icontains(words.strip(), autoescape=True) for each in (User.name, User.email))
    )
    found: list[Contact | User] = [
        *session.scalars(contacts.order_by(Contact.name_key, Contact.id).limit(_MOST)),
        *session.scalars(select(User).where(named).order_by(User.name, User.id).limit(_MOST)),
    ]
    return [each for each in found if not is_erased(each)]


def is_erased(row: Contact | User) -> bool:
    """Say whether nothing of the person is left but her number."""
    if isinstance(row, User):
        return row.email.endswith(f"@{ADDRESS}")
    return row.last_name.startswith(MARK)


def subject(kind: str, id_: int, *, by: User) -> Subject:
    """Return the person and what names her.

    Raises:
        Forbidden: ``by`` may not manage people.
        NotFound: there is no such person, or she was erased.
    """
    need(RIGHT, by=by)
    row = _row(kind, id_)
    if row is None or is_erased(row):
        raise NotFound
    if isinstance(row, User):
        first, _space, last = row.name.partition(" ")
        known = traces([(first, last)], [row.email], [])
        return Subject(kind, id_, row.name, row.email, None, known)
    return Subject(kind, id_, row.name, row.email, row.account_id, _of_contact(row))


def _row(kind: str, id_: int) -> Contact | User | None:
    if id_ > LARGEST_ID:
        return None
    return session.get(Contact, id_) if kind == CONTACT else session.get(User, id_)


def _of_contact(contact: Contact) -> Traces:
    """Return what names a contact, and what did before it was changed."""
    said: dict[str, set[str | None]] = {
        name: {getattr(contact, name)}
        for name in ("first_name", "last_name", "email", "phone", "mobile")
    }
    for fields in session.scalars(select(Change.fields).where(*own_changes(contact.id))):
        for name in said.keys() & fields.keys():
            said[name] |= {each for each in fields[name] if isinstance(each, str)}
    names = [(first, last) for first in said["first_name"] for last in said["last_name"]]
    phones = said["phone"] | said["mobile"]
    return traces(names, said["email"], phones - {MARK})


def own_changes(contact_id: int) -> tuple[Any, ...]:
    """Narrow changes down to those of a contact's own record."""
    return (Change.object == CONTACT, Change.record_id == contact_id)


def tables() -> list[Table]:
    """Return the tables that hold texts."""
    return [
        each for each in Base.metadata.sorted_tables if each.name not in _SEALED and _texts(each)
    ]


def rows(table: Table, of: Subject, *, clear: bool = True) -> Iterator[Found]:
    """Yield the rows of a table that name her: those that are hers to clear, or those that stay.

    Neither her own row is among them nor the changes of her own record.
    """
    columns = [each for each in _texts(table) if _is_hers(table, each) == clear]
    likes = of.traces.likes()
    if not columns or not likes:
        return
    fits = [cast(each, TextType).ilike(like) for each in columns for like in likes]
    keys = list(table.primary_key)
    query = select(*keys, *columns).where(or_(*fits), *_others(table, of)).order_by(*keys)
    for row in session.execute(query):
        held = dict(zip((each.name for each in columns), row[len(keys) :], strict=True))
        cleared = {name: of.traces.cleared(value) for name, value in held.items()}
        named = {name for name, value in held.items() if cleared[name] != value}
        if named:
            yield Found(
                table.name,
                tuple(row[: len(keys)]),
                {name: held[name] for name in named},
                {name: cleared[name] for name in named},
            )


def own_row(of: Subject) -> dict[str, Any]:
    """Return what her own row holds, but for secrets."""
    table = Base.metadata.tables[of.kind]
    row = session.execute(select(table).where(table.c.id == of.id)).one()._mapping
    return {name: value for name, value in row.items() if value is not None and name not in _SECRET}


_SECRET = frozenset(
    {"password", "fs_uniquifier", "tf_totp_secret", "mf_recovery_codes", "calendar_hash"}
    | {"fs_webauthn_user_handle", "search_text", "lineage"}
)


def _others(table: Table, of: Subject) -> tuple[Any, ...]:
    if table.name == of.kind:
        return (table.c.id != of.id,)
    if table.name == "change" and of.kind == CONTACT:
        return (~((table.c.object == CONTACT) & (table.c.record_id == of.id)),)
    return ()


def _texts(table: Table) -> list[Column[Any]]:
    kinds = (String, Text, JSON)
    return [each for each in table.c if _is_text(each, kinds) and not each.primary_key]


def _is_text(column: Column[Any], kinds: tuple[type[Any], ...]) -> bool:
    kind = getattr(column.type, "impl", column.type)
    return isinstance(kind, kinds) and not column.foreign_keys


def _is_hers(table: Table, column: Column[Any]) -> bool:
    if table.name not in KEPT:
        return True
    return table.name in ("account", CONTACT) and column.name in _HERS
