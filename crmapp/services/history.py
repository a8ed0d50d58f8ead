"""The history of a record, read from the change log as people read values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crmapp.db import session
from crmapp.domain.fields import Field, Kind, thaw
from crmapp.domain.records import FIELDS
from crmapp.i18n import N_, Text
from crmapp.models import Account, Change, Contact, Team, User
from crmapp.services import pick_lists

PAGE = 50
ACTIONS: dict[str, str] = {
    "created": N_("Created"),
    "updated": N_("Changed"),
    "deleted": N_("Deleted"),
    "restored": N_("Restored"),
}
_MODELS: dict[Kind, Any] = {
    Kind.USER: User,
    Kind.TEAM: Team,
    Kind.ACCOUNT: Account,
    Kind.CONTACT: Contact,
}


@dataclass(frozen=True)
class Line:
    """One field of a change: its label, and the values before and after as people read them."""

    label: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Entry:
    """One change of the record: what was done, by whom or by which run, and where it came from."""

    change: Change
    action: str
    source: Text
    lines: list[Line]


@dataclass(frozen=True)
class Page:
    """Entries, newest first; ``older`` is the change to go on before, if there are more."""

    entries: list[Entry]
    older: int | None


def of(object_: str, record_id: int, *, by: User, locale: str, before: int | None = None) -> Page:
    """Return a page of the record's history; the caller has made sure that ``by`` sees the record.

    ``before`` is the id of a change: the page begins with the one before it.
    """
    query = (
        select(Change)
        .where(Change.object == object_, Change.record_id == record_id)
        .order_by(Change.id.desc())
        .options(joinedload(Change.by), joinedload(Change.run))
    )
    if before is not None:
        query = query.where(Change.id < min(before, 2**31 - 1))
    changes = list(session.scalars(query.limit(PAGE + 1)))
    page = changes[:PAGE]
    words = _Words(FIELDS[object_], page, by=by, locale=locale)
    entries = [_entry(change, words) for change in page]
    return Page(entries, page[-1].id if len(changes) > PAGE else None)


def _entry(change: Change, words: _Words) -> Entry:
    lines = [
        Line(spec.label, words.say(spec, values[0]), words.say(spec, values[1]))
        for name, spec in words.fields.items()
        if (values := change.fields.get(name)) is not None
    ]
    return Entry(change, ACTIONS.get(change.action, change.action), _source(change.source), lines)


def _source(source: Mapping[str, Any]) -> Text:
    """Say where the values came from."""
    kind = source.get("kind")
    if kind == "form":
        return Text(N_("Form"))
    if kind == "grid" and source.get("key"):
        return Text(
            N_("Grid %(dataset)s, %(key)s"),
            {"dataset": source.get("dataset", ""), "key": source["key"]},
        )
    if kind == "undo":
        return Text(N_("Undo"))
    return Text(str(kind or ""))


class _Words:
    """What the codes and ids in a page of changes mean, looked up once."""

    def __init__(
        self, fields: Mapping[str, Field], changes: Iterable[Change], *, by: User, locale: str
    ) -> None:
        self.fields = fields
        self._labels = pick_lists.labels(locale)
        self._names = {kind: _names(kind, _ids(fields, changes, kind), by) for kind in _MODELS}

    def say(self, spec: Field, kept: Any) -> Any:
        """Return the value as a person reads it; numbers and moments stay what they are."""
        value = thaw(spec, kept)
        if value is None:
            return None
        if spec.kind is Kind.PICK_LIST:
            return self._labels.get(spec.pick_list or "", {}).get(value, value)
        if spec.kind in _MODELS:
            return self._names[spec.kind].get(value, f"#{value}")
        return value


def _ids(fields: Mapping[str, Field], changes: Iterable[Change], kind: Kind) -> set[int]:
    names = [name for name, spec in fields.items() if spec.kind is kind]
    return {
        value
        for change in changes
        for name in names
        for value in change.fields.get(name, ())
        if isinstance(value, int)
    }


def _names(kind: Kind, ids: set[int], by: User) -> dict[int, str]:
    """Return id → name; records that ``by`` does not see keep their number."""
    if not ids:
        return {}
    model = _MODELS[kind]
    query = select(model).where(model.id.in_(ids))
    if model is Account or model is Contact:
        query = query.where(model.visible_to(by, deleted=True))
    return {row.id: row.name for row in session.scalars(query)}
