"""The fields that records have here: the standard ones as this installation set them, and its own.

Read once per transaction, and kept by the process until somebody changes a field: a random word in
the database says whether that happened.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from sqlalchemy import Select, bindparam, select, update

from crmapp.db import session, while_unchanged
from crmapp.domain.fields import SEARCHED_KINDS, Field, Kind
from crmapp.domain.records import FIELDS
from crmapp.i18n import Bilingual
from crmapp.models import CustomField, RequiredField, Stamp

_KEPT = "crmapp_fields"
_STAMP = "fields"


@dataclass(frozen=True)
class FieldSet:
    """The fields of one kind of record, in the order in which people meet them.

    ``every`` has the retired ones as well, for what was written before; ``searched`` are the names
    of those of its own whose text the search finds.
    """

    every: Mapping[str, Field]
    active: Mapping[str, Field]
    searched: tuple[str, ...]


def of(object_: str) -> Mapping[str, Field]:
    """Return name → field of the fields that people may use now."""
    return _set(object_).active


def every(object_: str) -> Mapping[str, Field]:
    """Return name → field of all fields that ever were: for history, undo, frozen plans."""
    return _set(object_).every


def searched(object_: str) -> tuple[str, ...]:
    """Return the names of custom fields whose text belongs to what the search finds."""
    return _set(object_).searched


def word() -> str:
    """Return a word that is another one after each change of a field."""
    here = session()
    transaction, known = here.info.get(_KEPT, (None, ""))
    if transaction is None or transaction is not here.get_transaction():
        known = while_unchanged(("stamp", _STAMP), _read_word)
        here.info[_KEPT] = (here.get_transaction(), known)
    return str(known)


def touch() -> None:
    """Say that a field was changed; expects a unit of work around it."""
    another = secrets.token_hex(16)
    session.execute(update(Stamp).where(Stamp.name == _STAMP).values(word=another))
    session().info.pop(_KEPT, None)


def _set(object_: str) -> FieldSet:
    """Return the fields as this transaction sees them."""
    now = word()
    sets = _known.get(now)
    if sets is None:
        sets = {name: _read(name, standard) for name, standard in FIELDS.items()}
        _known.clear()
        _known[now] = sets
    return sets[object_]


_known: dict[str, dict[str, FieldSet]] = {}
"""What this process read last, under the word that the database had then."""


def _read_word() -> str:
    return session.scalar(_word(), {"name": _STAMP}) or ""


@cache
def _word() -> Select[str]:
    stamp = Stamp.__table__.c
    return select(stamp.word).where(stamp.name == bindparam("name"))


def _read(object_: str, standard: Mapping[str, Field]) -> FieldSet:
    required = set(
        session.scalars(select(RequiredField.name).where(RequiredField.object == object_))
    )
    own = session.scalars(
        select(CustomField)
        .where(CustomField.object == object_)
        .order_by(CustomField.position, CustomField.id)
    )
    fields = {
        name: replace(spec, required=True) if name in required else spec
        for name, spec in standard.items()
    }
    every_ = {**fields, **{row.name: as_field(row) for row in own}}
    active = {name: spec for name, spec in every_.items() if not spec.retired}
    found = tuple(n for n, s in every_.items() if s.custom and s.kind in SEARCHED_KINDS)
    return FieldSet(MappingProxyType(every_), MappingProxyType(active), found)


def as_field(row: CustomField) -> Field:
    """Return a custom field as the domain knows fields."""
    return Field(
        name=row.name,
        label=Bilingual(row.label_en, fr=row.label_fr),
        help=Bilingual(row.help_en, fr=row.help_fr),
        kind=Kind(row.kind),
        group=Bilingual(row.group_en, fr=row.group_fr),
        required=row.required,
        pick_list=row.pick_list,
        filterable=row.filterable,
        listed=row.listed,
        retired=row.retired_at is not None,
    )
