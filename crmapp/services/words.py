"""What people read instead of the codes and ids that records, changes and plans keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.fields import LISTED, Field, Kind, thaw
from crmapp.models import Account, Contact, Team, User
from crmapp.services import pick_lists

_MODELS: dict[Kind, Any] = {
    Kind.USER: User,
    Kind.TEAM: Team,
    Kind.ACCOUNT: Account,
    Kind.CONTACT: Contact,
}


@dataclass(frozen=True)
class Line:
    """One field that changes: its label, and the values before and after as people read them."""

    label: str
    before: Any
    after: Any


class Words:
    """What the codes and ids in a page of changes mean to one reader, looked up once.

    ``changes`` are name → [before, after], as the change log and plans keep them.
    """

    def __init__(
        self,
        fields: Mapping[str, Field],
        changes: Iterable[Mapping[str, Any]],
        *,
        by: User,
        locale: str,
    ) -> None:
        self._fields = fields
        self._labels = pick_lists.labels(locale)
        kept = list(changes)
        self._names = {kind: _names(kind, _ids(fields, kept, kind), by) for kind in _MODELS}

    def lines(self, changed: Mapping[str, Any]) -> list[Line]:
        """Say one change, field by field, in the order of the fields."""
        return [
            Line(spec.label, self.say(spec, values[0]), self.say(spec, values[1]))
            for name, spec in self._fields.items()
            if (values := changed.get(name)) is not None
        ]

    def say(self, spec: Field, kept: Any) -> Any:
        """Return the value as a person reads it; numbers and moments stay what they are."""
        value = thaw(spec, kept)
        if value is None:
            return None
        if spec.kind in LISTED:
            labels = self._labels.get(spec.pick_list or "", {})
            if isinstance(value, list):
                return [labels.get(code, code) for code in value]
            return labels.get(value, value)
        if spec.kind in _MODELS:
            return self._names[spec.kind].get(value, f"#{value}")
        return value


def _ids(fields: Mapping[str, Field], changes: Iterable[Mapping[str, Any]], kind: Kind) -> set[int]:
    names = [name for name, spec in fields.items() if spec.kind is kind]
    return {
        value
        for changed in changes
        for name in names
        for value in changed.get(name, ())
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
