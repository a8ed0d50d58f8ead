"""The history of a record, read from the change log as people read values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import joinedload

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Link
from crmapp.domain.records import BELONGING
from crmapp.i18n import N_, Text
from crmapp.models import Attachment, Change, PickList, PickListValue, Run, User
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
    "pick_list": N_("Pick list"),
    "undo": N_("Undo"),
    "merge": N_("Merge"),
    "mail": N_("E-mail"),
    "managed_list": N_("Synchronization of a managed list"),
    "account_sync": N_("Synchronization of accounts"),
}


@dataclass(frozen=True)
class Entry:
    """One change of a record: what was done, by whom or by which run, and where it came from.

    ``links`` say what it has come to be called in other systems, or no longer is; ``about`` names
    the record where the page is about several. ``overruled``: it was saved though accounts like it
    existed.
    """

    change: Change
    action: str
    source: Text
    lines: list[Line]
    links: list[Text]
    about: str = ""
    overruled: Overruled | None = None


@dataclass(frozen=True)
class Page:
    """Entries, newest first; ``older`` is the change to go on before, if there are more."""

    entries: list[Entry]
    older: int | None


def of(object_: str, record_id: int, *, by: User, locale: str, before: int | None = None) -> Page:
    """Return a page of the record's history; the caller has made sure that ``by`` sees the record.

    Part of an account's are its files, and the accounts that were merged into it.
    ``before`` is the id of a change: the page begins with the one before it.
    """
    names = _parts(record_id) if object_ == "account" else {}
    records = [(object_, record_id), *names]
    page, older = _page(tuple_(Change.object, Change.record_id).in_(records), before)
    specs = {**BELONGING.get(object_, {}), **fields.every(object_)}
    own = [each.fields for each in page if each.object == object_]
    words = {object_: Words(specs, own, by=by, locale=locale)}
    words["attachment"] = Words({}, (), by=by, locale=locale)  # its name is its whole story
    systems, overruled = SystemNames(locale), overrulings.said(page, by=by)
    return Page(
        [
            replace(
                _entry(
                    each, words[each.object], systems, names.get((each.object, each.record_id), "")
                ),
                overruled=overruled.get(each.id),
            )
            for each in page
        ],
        older,
    )


def _parts(account_id: int) -> dict[tuple[str, int], str]:
    """Return what else is told with an account, and its name: merged accounts, and files of all."""
    files, merged = Attachment.__table__.c, successors.merged_into(account_id)
    found = {("account", id_): name for id_, name in merged.items()}
    ids = [account_id, *merged]
    attached = select(files.id, files.name).where(is_one_of(files.account_id, ids))
    return found | {("attachment", id_): name for id_, name in session.execute(attached)}


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
    return Text(_SOURCES.get(str(kind), str(kind or "")))
