"""Export accounts, contacts and activities in a form that an import reads back without a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.field_texts import Wording, Writer, heading
from crmapp.domain.fields import Field, Kind, thaw
from crmapp.domain.permissions import Right
from crmapp.domain.record_keys import ACCOUNT_ID, ACCOUNT_NUMBER, ACTIVITY_ID, CONTACT_ID
from crmapp.errors import Forbidden, Invalid
from crmapp.i18n import N_, Text
from crmapp.models import Account, Activity, Contact, Team, User
from crmapp.services import account_links, account_list, exports, fields, pick_lists
from crmapp.services.account_question import Question
from crmapp.services.exports import Progress
from crmapp.services.sheet_files import MOST_LINES, Heading, csv_lines, write_workbook

OF = "records"
AT_ONCE = 1_000
"""Of so many accounts, and with so many rows, a file is sent at once; a run writes larger ones."""
OBJECTS: dict[str, str] = {
    "account": N_("Accounts"),
    "contact": N_("Contacts"),
    "activity": N_("Activities"),
}
_FRENCH = {"account": "Comptes", "contact": "Contacts", "activity": "Activités"}
_MODELS: dict[str, Any] = {"account": Account, "contact": Contact, "activity": Activity}
_KEYS: dict[str, list[tuple[str, str]]] = {
    "account": [("id", ACCOUNT_ID)],
    "contact": [
        ("id", CONTACT_ID),
        ("account_id", ACCOUNT_ID),
        ("account_number", ACCOUNT_NUMBER),
        ("account_name", N_("Account name")),
    ],
    "activity": [
        ("id", ACTIVITY_ID),
        ("account_id", ACCOUNT_ID),
        ("account_number", ACCOUNT_NUMBER),
        ("account_name", N_("Account name")),
    ],
}
"""What tells which record a row is, before its fields: (name, heading)."""
_NUMBERS = {Kind.NUMBER: "number", Kind.MONEY: "money"}
_TOO_MANY = N_("A workbook takes up to %(most)s rows, and these are more. Take the CSV file.")


@dataclass(frozen=True)
class Asked:
    """What is exported: records of one kind, of the accounts that a list's arguments ask for.

    ``ids`` are the only ones of them, where some were chosen one by one; ``without`` are left out.
    """

    object: str
    file: str
    arguments: tuple[tuple[str, str], ...]
    ids: tuple[int, ...] = ()
    without: tuple[int, ...] = ()

    def question(self, by: User) -> Question:
        """Which accounts are meant; deleted ones never are.

        Raises:
            Invalid: an argument cannot be used.
        """
        found = Question.from_pairs(self.arguments, me=by.id)
        return replace(found, deleted=False, cursor=None)

    def chunks(self, by: User) -> Iterator[list[int]]:
        """Go through the ids of the accounts, some at a time."""
        if self.ids:
            table = Account.__table__.c
            mine = select(table.id).where(is_one_of(table.id, self.ids), Account.visible_to(by))
            yield list(session.scalars(mine.order_by(table.name_key, table.id)))
            return
        left = set(self.without)
        for ids in account_list.chunks(self.question(by), by=by):
            yield [each for each in ids if each not in left]


@dataclass(frozen=True)
class Sheet:
    """A file: what it is called, its columns, and its rows, which are read as one goes."""

    name: str
    title: str
    headings: Sequence[Heading]
    rows: Iterator[list[Any]]


def asked(
    object_: str,
    file: str,
    arguments: Sequence[tuple[str, str]],
    *,
    ids: Sequence[int] = (),
    without: Sequence[int] = (),
    by: User,
) -> Asked:
    """Read what somebody asks for.

    Raises:
        Forbidden: she may not see accounts.
        Invalid: there is no such kind of record or of file.
    """
    if not by.can(Right.ACCOUNT_VIEW):
        raise Forbidden(Right.ACCOUNT_VIEW)
    wrong: dict[str, str | Text] = {}
    if object_ not in OBJECTS:
        wrong["object"] = N_("Choose accounts, contacts or activities.")
    if file not in exports.KINDS:
        wrong["file"] = N_("Choose CSV or Excel.")
    if wrong:
        raise Invalid(wrong)
    return Asked(object_, file, tuple(arguments), tuple(ids), tuple(without))


def headings_of(object_: str) -> list[str]:
    """Return the headings of a file, marked for translation, in the order of its columns."""
    labels = [heading(spec) for spec in fields.of(object_).values()]
    return [*(label for _name, label in _KEYS[object_]), *labels]


def small(asked: Asked, title: str, headings: Sequence[str], *, by: User) -> Sheet | None:
    """Return the whole file; None if it is one that a run has to write."""
    ids = next(asked.chunks(by), [])
    if len(ids) + len(asked.without) >= account_list.CHUNK or _count(asked.object, ids) > AT_ONCE:
        return None
    return Sheet(
        _name(asked.object), title, _columns(asked.object, headings), _rows(asked.object, [ids], by)
    )


def start(asked: Asked, title: str, headings: Sequence[str], *, key: str | None, by: User) -> int:
    """Have the file written in the background, with ``headings`` as they are; return the run's id.

    Raises:
        Invalid: an argument of the list cannot be used.
    """
    asked.question(by)
    source = {
        "kind": exports.KIND,
        "of": OF,
        "object": asked.object,
        "args": [list(pair) for pair in asked.arguments],
        "ids": list(asked.ids),
        "without": list(asked.without),
        "file": asked.file,
        "name": _name(asked.object),
        "headings": list(headings),
        "titles": {"en": OBJECTS[asked.object], "fr": _FRENCH[asked.object]},
    }
    return exports.queue(source, title=title, rows=None, key=key, by=by)


def write(progress: Progress, source: Mapping[str, Any], by: User, path: Path) -> None:
    """Write the records that the source of a run asks for."""
    pairs = tuple((name, value) for name, value in source["args"])
    chosen = {name: tuple(source.get(name, ())) for name in ("ids", "without")}
    asked_ = Asked(source["object"], source["file"], pairs, **chosen)
    object_, title = source["object"], source["titles"]["en"]
    count = sum(_count(object_, ids) for ids in asked_.chunks(by))
    session.rollback()
    if source["file"] == "xlsx" and count + 1 > MOST_LINES:
        raise Invalid({}, Text(_TOO_MANY, {"most": MOST_LINES - 1}))
    progress.begin(count)
    columns = _columns(object_, source["headings"])
    rows = progress.through(_bunches(object_, asked_.chunks(by), by))
    if source["file"] == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_lines([each.text for each in columns], rows))
    else:
        write_workbook(str(path), title, columns, rows)


def _name(object_: str) -> str:
    return {"account": "accounts", "contact": "contacts", "activity": "activities"}[object_]


def _columns(object_: str, headings: Sequence[str]) -> list[Heading]:
    kinds = ["verbatim"] * len(_KEYS[object_])
    kinds += [_NUMBERS.get(spec.kind, "verbatim") for spec in fields.of(object_).values()]
    return [Heading(text, kind) for text, kind in zip(headings, kinds, strict=True)]


def _count(object_: str, ids: Sequence[int]) -> int:
    if object_ == "account":
        return len(ids)
    table = _MODELS[object_].__table__.c
    where = (is_one_of(table.account_id, ids), table.deleted_at.is_(None))
    return session.scalar(select(func.count()).where(*where)) or 0


def _rows(object_: str, chunks: Sequence[list[int]], by: User) -> Iterator[list[Any]]:
    for bunch in _bunches(object_, iter(chunks), by):
        yield from bunch


def _bunches(object_: str, chunks: Iterator[list[int]], by: User) -> Iterator[list[list[Any]]]:
    """Read the records of accounts, chunk by chunk, as rows of the file."""
    specs = list(fields.of(object_).values())
    known = _wording()
    for ids in chunks:
        found = _records(object_, ids)
        linked = _linked(specs, found, by)
        wording = _with(known, linked, by)
        writers = [Writer(spec, wording) for spec in specs]
        yield [_row(object_, record, specs, writers) for record in found]


def _records(object_: str, ids: Sequence[int]) -> list[Mapping[str, Any]]:
    """Read records: those of each account together, in the order of the accounts."""
    table, account = _MODELS[object_].__table__, Account.__table__.c
    if object_ == "account":
        query = select(table).where(is_one_of(table.c.id, ids))
    else:
        query = (
            select(
                table, account.number.label("account_number"), account.name.label("account_name")
            )
            .join_from(table, Account.__table__, table.c.account_id == account.id)
            .where(is_one_of(table.c.account_id, ids), table.c.deleted_at.is_(None))
            .order_by(table.c.id)
        )
    of = "id" if object_ == "account" else "account_id"
    place = {each: number for number, each in enumerate(ids)}
    found = session.connection().execute(query).mappings().all()
    return sorted((dict(row) for row in found), key=lambda row: place[row[of]])


def _row(
    object_: str, record: Mapping[str, Any], specs: Sequence[Field], writers: Sequence[Writer]
) -> list[Any]:
    keys = [str(record[name] or "") for name, _label in _KEYS[object_]]
    return keys + [_cell(record, *pair) for pair in zip(specs, writers, strict=True)]


def _cell(record: Mapping[str, Any], spec: Field, writer: Writer) -> Any:
    value = _value(record, spec)
    if isinstance(value, Decimal) and "E" not in str(value):
        return value
    return writer(value)


def _value(record: Mapping[str, Any], spec: Field) -> Any:
    return thaw(spec, record["custom"].get(spec.name)) if spec.custom else record[spec.name]


def _linked(
    specs: Sequence[Field], records: Sequence[Mapping[str, Any]], by: User
) -> dict[int, tuple[str, ...]]:
    """Return what accounts that records refer to are called, of those that ``by`` sees."""
    own = [spec for spec in specs if spec.kind is Kind.ACCOUNT]
    ids = {_value(record, spec) for spec in own for record in records} - {None}
    return account_links.names(ids, by=by)


def _with(known: Wording, linked: Mapping[int, tuple[str, ...]], by: User) -> Wording:
    words = {word for names in linked.values() for word in names}
    meant = account_links.meant(words, by=by)
    return replace(known, accounts=linked, lookups=replace(known.lookups, accounts=meant))


def _wording() -> Wording:
    """Return what everything but accounts is called: people by their addresses."""
    people = session.execute(select(User.id, User.email, User.name))
    teams = session.execute(select(Team.id, Team.name))
    return Wording(
        pick_lists.lookups(),
        labels=pick_lists.labels("en"),
        users={id_: (email, name) for id_, email, name in people},
        teams={id_: (name,) for id_, name in teams},
    )
