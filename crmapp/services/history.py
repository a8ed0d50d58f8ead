"""The history of a record, read from the change log as people read values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, tuple_, union_all
from sqlalchemy.orm import joinedload

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Link
from crmapp.domain.records import BELONGING
from crmapp.i18n import N_, Text
from crmapp.models import (
    Attachment,
    Change,
    Contact,
    PickList,
    PickListValue,
    Run,
    User,
)
from crmapp.models.contact import full_name
from crmapp.services import fields, overrulings, successors
from crmapp.services.changes import told
from crmapp.services.identities import SystemNames
from crmapp.services.overrulings import Overruled
from crmapp.services.words import Line, Words

PAGE = 50
ACTIONS: dict[str, str] = {
    "created": N_("Added"),
    "updated": N_("Changed"),
    "deleted": N_("Deleted"),
    "restored": N_("Restored"),
    "linked": N_("Linked"),
    "unlinked": N_("Unlinked"),
}
_SOURCES: dict[str, str] = {
    "form": N_("Form"),
    "bulk": N_("Edit of many accounts"),
    "handover": N_("Handover of a person’s work"),
    "pick_list": N_("Pick list"),
    "undo": N_("Undo"),
    "merge": N_("Merge"),
    "mail": N_("E-mail"),
    "managed_list": N_("Synchronization of a managed list"),
    "account_sync": N_("Synchronization of accounts"),
    "erasure": N_("Erasure of a person"),
}


@dataclass(frozen=True)
class Part:
    """What is told with a record: its name; whether it is there still."""

    name: str
    alive: bool


@dataclass(frozen=True)
class Entry:
    """One change of a record: what was done, by whom or by which run, and where it came from.

    ``links`` say what it has come to be called in other systems, or no longer is; ``about`` names
    the record where the page is about several, which may be ``alive``. ``overruled``: it was saved
    though accounts like it existed.
    """

    change: Change
    action: str
    source: Text
    lines: list[Line]
    links: list[Text]
    about: str = ""
    overruled: Overruled | None = None
    alive: bool = False


@dataclass(frozen=True)
class Page:
    """Entries, newest first; ``older`` is the change to go on before, if there are more."""

    entries: list[Entry]
    older: int | None


def of(
    object_: str,
    record_id: int,
    *,
    by: User,
    locale: str,
    before: int | None = None,
    only: str = "",
    person: int | None = None,
) -> Page:
    """Return a page of the record's history; the caller has made sure that ``by`` sees the record.

    Part of an account's are its contacts, its files, and the accounts that were merged into it.
    ``before`` is the id of a change: the page begins with the one before it. ``only`` files, or
    what runs did; of a ``person``, by herself or by a run that she started.
    """
    parts = _parts(record_id) if object_ == "account" else {}
    told_ = {(object_, record_id): Part("", alive=True), **parts}
    if only == "files":
        told_ = {key: part for key, part in told_.items() if key[0] == "attachment"}
    branches = _branches(told_, (object_, record_id))
    page, older = _older(branches, _asked(only, person), before) if branches else ([], None)
    words = _words(page, by=by, locale=locale)
    systems, overruled = SystemNames(locale), overrulings.said(page, by=by)
    return Page(
        [
            replace(
                _entry(each, words[each.object], systems),
                about=told_[each.object, each.record_id].name,
                alive=told_[each.object, each.record_id].alive,
                overruled=overruled.get(each.id),
            )
            for each in page
        ],
        older,
    )


def entries(changes: Sequence[Change], *, by: User, locale: str) -> list[Entry]:
    """Return changes of any records as people read them; the caller has made sure of her right."""
    words, systems = _words(changes, by=by, locale=locale), SystemNames(locale)
    return [_entry(each, words[each.object], systems) for each in changes]


def _words(page: Iterable[Change], *, by: User, locale: str) -> dict[str, Words]:
    """Return kind of record → the words for its changes in ``page``."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in page:
        found.setdefault(each.object, []).append(each.fields)
    return {
        object_: Words(
            {} if object_ == "attachment"  # its name is its whole story
            else {**BELONGING.get(object_, {}), **fields.every(object_)},
            changes, by=by, locale=locale,
        )
        for object_, changes in found.items()
    }  # fmt: skip


def _parts(account_id: int) -> dict[tuple[str, int], Part]:
    """Return what else is told with an account: merged accounts, and contacts and files of all."""
    merged = successors.merged_into(account_id).items()
    found = {("account", id_): Part(name, alive=False) for id_, name in merged}
    ids = [account_id, *(id_ for _object, id_ in found)]
    people, files = Contact.__table__.c, Attachment.__table__.c
    contacts = select(people.id, people.first_name, people.last_name, people.deleted_at)
    for id_, first, last, gone in session.execute(
        contacts.where(is_one_of(people.account_id, ids))
    ):
        found["contact", id_] = Part(full_name(first, last), alive=gone is None)
    attached = select(files.id, files.name, files.deleted_at)
    for id_, name, gone in session.execute(attached.where(is_one_of(files.account_id, ids))):
        found["attachment", id_] = Part(name, alive=gone is None)
    return found


def _branches(
    records: Iterable[tuple[str, int]], own: tuple[str, int]
) -> list[ColumnElement[bool]]:
    """Ask for the changes of ``records`` by kind, and of the ``own`` one, which has most."""
    kinds: dict[tuple[str, bool], list[int]] = {}
    for key in records:
        kinds.setdefault((key[0], key == own), []).append(key[1])
    return [
        and_(
            Change.object == kind,
            Change.record_id == ids[0] if len(ids) == 1 else is_one_of(Change.record_id, ids),
        )
        for (kind, _own), ids in kinds.items()
    ]


def _asked(only: str, person: int | None) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = []
    if only == "runs":
        asked.append(Change.run_id.is_not(None))
    if person is not None:
        hers = select(Run.id).where(Run.by_id == person)
        asked.append(or_(Change.by_id == person, Change.run_id.in_(hers)))
    return asked


def _older(
    branches: Sequence[ColumnElement[bool]],
    asked: Sequence[ColumnElement[bool]],
    before: int | None,
) -> tuple[list[Change], int | None]:
    """Read a page of the changes of all ``branches``, each from its end of the index."""
    if before is not None:
        asked = [*asked, Change.id < min(before, 2**31 - 1)]
    last = Change.id.desc()
    newest = [
        select(Change.id).where(branch, *asked).order_by(last).limit(PAGE + 1).subquery()
        for branch in branches
    ]
    ids = union_all(*(select(each.c.id) for each in newest))
    return _page(Change.id.in_(ids), None)


def of_pick_list(code: str, *, by: User, locale: str, before: int | None = None) -> Page:
    """Return a page of the history of a pick list and of its values, each named."""
    names = {
        ("pick_list", each.id): each.label(locale)
        for each in session.scalars(select(PickList).where(PickList.code == code))
    }
    values = session.scalars(select(PickListValue).where(PickListValue.list_code == code))
    names |= {("pick_list_value", each.id): each.label(locale) for each in values}
    page, older = _page(tuple_(Change.object, Change.record_id).in_(list(names)), before)
    specs = {**fields.every("pick_list"), **fields.every("pick_list_value")}
    words = Words(specs, [each.fields for each in page], by=by, locale=locale)
    systems = SystemNames(locale)
    return Page(
        [_entry(each, words, systems, names[each.object, each.record_id]) for each in page], older
    )


def _page(where: ColumnElement[bool], before: int | None) -> tuple[list[Change], int | None]:
    query = (
        select(Change)
        .where(where)
        .order_by(Change.id.desc())
        .options(joinedload(Change.by), joinedload(Change.run).joinedload(Run.by))
    )
    if before is not None:
        query = query.where(Change.id < min(before, 2**31 - 1))
    changes = list(session.scalars(query.limit(PAGE + 1)))
    page = changes[:PAGE]
    return page, page[-1].id if len(changes) > PAGE else None


def origins(lineage: Mapping[str, int]) -> dict[str, Change]:
    """Return field → the change that gave it its present value, with its run and its person."""
    changes = told(lineage.values())
    return {field: changes[id_] for field, id_ in lineage.items() if id_ in changes}


def _entry(change: Change, words: Words, systems: SystemNames, about: str = "") -> Entry:
    action = change.action
    if action == "linked" and all(Link(*each).after != change.record_id for each in change.links):
        action = "unlinked"
    return Entry(
        change,
        ACTIONS.get(action, action),
        _source(change.source),
        words.lines(change.fields),
        [_link(Link(*each), change.record_id, systems) for each in change.links],
        about,
    )


def _link(link: Link, account_id: int, systems: SystemNames) -> Text:
    """Say a link from the side of the account that the change is about."""
    words = {
        "id": link.external_id,
        "system": systems.of(link.system, link.object),
    }
    if link.after == account_id:
        return Text(N_("Is %(id)s in %(system)s"), words)
    return Text(N_("Is no longer %(id)s in %(system)s"), words)


def _source(source: Mapping[str, Any]) -> Text:
    """Say where the values came from."""
    kind = source.get("kind")
    if kind == "grid" and source.get("key"):
        return Text(
            N_("Grid %(dataset)s, %(key)s"),
            {"dataset": source.get("dataset", ""), "key": source["key"]},
        )
    if kind == "file" and source.get("key"):
        said = N_("File %(name)s, row %(key)s")
        return Text(said, {"name": source.get("name", ""), "key": source["key"]})
    if kind == "feed" and source.get("name"):
        said = N_("CRM mapping %(name)s, %(key)s")
        return Text(said, {"name": source["name"], "key": source.get("key", "")})
    if kind == "api" and source.get("token"):
        return Text(N_("API, token “%(token)s”"), {"token": source["token"]})
    return Text(_SOURCES.get(str(kind), str(kind or "")))
