"""Saved mappings: keep one under a name, in versions; choose, rename and retire them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.mapping_diff import differences
from crmapp.domain.permissions import Right
from crmapp.domain.record_keys import RECORD
from crmapp.errors import Forbidden, Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import MappingVersion, SavedMapping, User
from crmapp.services import mapping_checks, upsert_fields, upserts
from crmapp.services.editing import unless_taken

LONGEST = 80
_TAKEN = {"save_as": N_("Another mapping of this source has this name. Choose another one.")}
_UNIQUE = {"index": "uq_saved_mapping", "column": "saved_mapping.source_key"}


@dataclass(frozen=True)
class Step:
    """A version with what it does otherwise than the one before it."""

    version: MappingVersion
    changes: Sequence[Text]


def listed(*, by: User, retired: bool = False) -> list[SavedMapping]:
    """Return the mappings that are offered, or those that are retired, by source and name."""
    _require(by)
    state = SavedMapping.retired_at.is_not(None) if retired else SavedMapping.retired_at.is_(None)
    query = select(SavedMapping).where(state).options(selectinload(SavedMapping.versions))
    return list(session.scalars(query.order_by(SavedMapping.source_title, SavedMapping.name)))


def of_source(source_key: str) -> list[SavedMapping]:
    """Return the mappings that are offered for a source, by name."""
    return list(
        session.scalars(
            select(SavedMapping)
            .where(SavedMapping.source_key == source_key, SavedMapping.retired_at.is_(None))
            .options(selectinload(SavedMapping.versions))
            .order_by(SavedMapping.name)
        )
    )


def get(mapping_id: int, *, by: User) -> SavedMapping:
    """Return a saved mapping, retired or not.

    Raises:
        Forbidden: ``by`` may not add or update accounts from the grid.
        NotFound
    """
    _require(by)
    found = session.get(SavedMapping, mapping_id)
    if found is None:
        raise NotFound
    return found


def version(mapping_id: int, number: int | None = None, *, by: User) -> MappingVersion:
    """Return a version of a mapping, the newest without a number.

    Raises:
        Forbidden, NotFound
    """
    versions = get(mapping_id, by=by).versions
    found = [each for each in versions if number in (None, each.version)]
    if not found:
        raise NotFound
    return found[0]


def story(saved: SavedMapping) -> list[Step]:
    """Return the versions, newest first, each with its changes; the first says all that it does."""
    contents = [FieldMapping.from_json(each.content) for each in saved.versions]
    object_ = upsert_fields.object_of_key(saved.source_key)
    specs = upsert_fields.every(object_)
    nothing = FieldMapping({}) if object_ == "account" else FieldMapping({}, match=RECORD)
    before = [*contents[1:], nothing]
    return [
        Step(each, differences(old, new, specs))
        for each, new, old in zip(saved.versions, contents, before, strict=True)
    ]


def between(saved: SavedMapping, before: int, after: int) -> list[Text]:
    """Say what version ``after`` does otherwise than version ``before``.

    Raises:
        NotFound: there is no such version.
    """
    contents = {v.version: FieldMapping.from_json(v.content) for v in saved.versions}
    if before not in contents or after not in contents:
        raise NotFound
    specs = upsert_fields.every(upsert_fields.object_of_key(saved.source_key))
    return differences(contents[before], contents[after], specs)


def save(run_id: int, name: str, mapping: FieldMapping, *, by: User) -> MappingVersion:
    """Save the mapping of a run's source under ``name``: a new one, or the next version.

    What is the same as the newest version makes no new one.

    Raises:
        Invalid: the name or the mapping cannot be used.
    """
    run = upserts.get(run_id, by=by)
    columns = [column.name for column in upserts.source_of(run, by=by).columns()]
    name = _name(name)
    mapping_checks.check(mapping, columns, by=by, source=run.source)
    key, title, person = run.lock_key, run.title, by.id
    with unless_taken(_TAKEN, **_UNIQUE), unit_of_work():
        saved = session.scalar(
            select(SavedMapping)
            .where(SavedMapping.source_key == key, SavedMapping.name == name)
            .where(SavedMapping.retired_at.is_(None))
            .with_for_update()
        )
        if saved is None:
            saved = SavedMapping(source_key=key, source_title=title, name=name)
            session.add(saved)
            session.flush()
        return _next_version(saved.id, content(mapping), person)


def _next_version(mapping_id: int, kept: dict[str, Any], person: int) -> MappingVersion:
    newest = session.scalar(
        select(MappingVersion)
        .where(MappingVersion.mapping_id == mapping_id)
        .order_by(MappingVersion.version.desc())
        .limit(1)
    )
    if newest is not None and newest.content == kept:
        return newest
    number = newest.version + 1 if newest else 1
    made = MappingVersion(mapping_id=mapping_id, version=number, content=kept, by_id=person)
    session.add(made)
    session.flush()
    return made


def content(mapping: FieldMapping) -> dict[str, Any]:
    """Return what a version keeps of a mapping."""
    return {name: value for name, value in mapping.as_json().items() if name != "version"}


def recorded(chosen: MappingVersion, mapping: FieldMapping) -> dict[str, Any]:
    """Return what a run notes of the version that it began with, and whether it was changed."""
    name = session.scalar(select(SavedMapping.name).where(SavedMapping.id == chosen.mapping_id))
    same = FieldMapping.from_json(chosen.content) == FieldMapping.from_json(content(mapping))
    return {
        "id": chosen.mapping_id,
        "name": name,
        "version": chosen.version,
        "changed": not same,
    }


def rename(mapping_id: int, name: str, *, by: User) -> SavedMapping:
    """Give a mapping another name; runs keep the one that it had.

    Raises:
        Forbidden, NotFound
        Invalid: the name is empty, too long, or another mapping of the source has it.
    """
    get(mapping_id, by=by)
    name = _name(name)
    with unless_taken(_TAKEN, **_UNIQUE), unit_of_work():
        saved = session.get_one(SavedMapping, mapping_id, with_for_update=True)
        saved.name = name
        return saved


def retire(mapping_id: int, *, by: User, back: bool = False) -> SavedMapping:
    """Offer a mapping no more, or (``back``) again; runs that used it keep it.

    Raises:
        Forbidden, NotFound
        Invalid: meanwhile another mapping of the source has its name.
    """
    get(mapping_id, by=by)
    with unless_taken(_TAKEN, **_UNIQUE), unit_of_work():
        saved = session.get_one(SavedMapping, mapping_id, with_for_update=True)
        saved.retired_at = None if back else saved.retired_at or utcnow()
        return saved


def _name(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST or not plain.isprintable():
        said = N_("Enter a name of at most %(count)s characters.")
        raise Invalid({"save_as": Text(said, {"count": LONGEST})})
    return plain


def _require(by: User) -> None:
    if not by.can(Right.GRID_ADD_UPDATE_ACCOUNTS):
        raise Forbidden(Right.GRID_ADD_UPDATE_ACCOUNTS)
