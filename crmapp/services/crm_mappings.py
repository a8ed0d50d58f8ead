"""CRM mappings: kept under a name, in versions, checked, scheduled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from crmapp.db import LARGEST_ID, session, unit_of_work, utcnow
from crmapp.domain import feeds as domain
from crmapp.domain.feeds import MANDATORY, RESPONSIBLE_BY, Content, FedBy
from crmapp.domain.mapping import problems as mapping_problems
from crmapp.domain.permissions import Right
from crmapp.domain.schedule import Schedule, chosen, problems
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import (
    CrmMapping,
    CrmMappingVersion,
    FeedCursor,
    FeedSource,
    Team,
    User,
)
from crmapp.services import audit, fields, mapping_checks
from crmapp.services.editing import made, unless_taken
from crmapp.services.rights import need

RIGHT = Right.INTEGRATION_MANAGE
LONGEST = 80
_NOTHING = Content()
MOST_SOURCES, MOST_RULES = 20, 200
_TAKEN = {"name": N_("Another CRM mapping has this name. Choose another one.")}
_UNIQUE = {"index": "uq_crm_mapping_name", "column": "crm_mapping.name"}
_MANDATORY = N_("Choose the column that fills this field; every source must give it.")


@dataclass(frozen=True)
class Step:
    """A version with what it does otherwise than the one before it."""

    version: CrmMappingVersion
    changes: Sequence[Text]


def every(*, by: User) -> Sequence[CrmMapping]:
    """Return the CRM mappings by name.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    return session.scalars(select(CrmMapping).order_by(CrmMapping.name)).all()


def get(mapping_id: int, *, by: User) -> CrmMapping:
    """Return a CRM mapping.

    Raises:
        Forbidden, NotFound
    """
    need(RIGHT, by=by)
    known = 0 < mapping_id <= LARGEST_ID
    found = session.get(CrmMapping, mapping_id) if known else None
    if found is None:
        raise NotFound
    return found


def story(mapping: CrmMapping) -> list[Step]:
    """Return the versions, newest first, each with its changes; the first says all that it does."""
    contents = [Content.from_json(each.content) for each in mapping.versions]
    specs, names = fields.every("account"), source_names()
    return [
        Step(each, domain.changes(old, new, specs, names))
        for each, new, old in zip(
            mapping.versions, contents, [*contents[1:], Content()], strict=True
        )
    ]


def between(mapping: CrmMapping, before: int, after: int) -> list[Text]:
    """Say what version ``after`` does otherwise than version ``before``.

    Raises:
        NotFound: there is no such version.
    """
    old, new = content_at(mapping, before), content_at(mapping, after)
    return domain.changes(old, new, fields.every("account"), source_names())


def content_at(mapping: CrmMapping, number: int) -> Content:
    """Return what a version says.

    Raises:
        NotFound: there is no such version.
    """
    for each in mapping.versions:
        if each.version == number:
            return Content.from_json(each.content)
    raise NotFound


def source_names() -> dict[int, str]:
    """Return source → its name, of those that are retired too."""
    return {row.id: row.name for row in session.execute(select(FeedSource.id, FeedSource.name))}


def uses(source_id: int) -> list[str]:
    """Return the names of the CRM mappings that read a source."""
    return [
        each.name
        for each in session.scalars(select(CrmMapping).order_by(CrmMapping.name))
        if source_id in [fed.source_id for fed in Content.from_json(each.content).sources]
    ]


def add(name: str, content: Content, *, by: User, key: str | None = None) -> int:
    """Keep a new CRM mapping and return its id; nothing runs before it is asked to.

    ``key`` is that of the form.

    Raises:
        Forbidden
        Invalid: field → what is wrong with it, those of a source as ``0.name``.
    """
    need(RIGHT, by=by)
    name, person = _named(name), by.id
    check(content, by=by)

    def make() -> int:
        mapping = CrmMapping(name=name, content=content.as_json())
        session.add(mapping)
        session.flush()
        _keep_version(mapping, person)
        return mapping.id

    with unless_taken(_TAKEN, **_UNIQUE), unit_of_work():
        return made(key, {"name": name, **content.as_json()}, make, by=by)


def check_name(name: str, *, by: User) -> str:
    """Return a name as a new CRM mapping would have it.

    Raises:
        Forbidden
        Invalid: it cannot be used, or another one has it.
    """
    need(RIGHT, by=by)
    plain = _named(name)
    if session.scalar(select(CrmMapping.id).where(CrmMapping.name == plain)) is not None:
        raise Invalid(_TAKEN)
    return plain


def rename(mapping_id: int, name: str, *, by: User) -> None:
    """Give a CRM mapping another name; its runs keep the one that they had.

    Raises:
        Forbidden, NotFound
        Invalid: it cannot be used, or another one has it.
    """
    get(mapping_id, by=by)
    name = _named(name)
    with unless_taken(_TAKEN, **_UNIQUE), unit_of_work():
        mapping = session.get_one(CrmMapping, mapping_id, with_for_update=True)
        mapping.name, mapping.updated_at = name, utcnow()
        _note("crm_mapping_saved", mapping, by)


def save(mapping_id: int, name: str, content: Content, *, version: int, by: User) -> None:
    """Keep what was changed of ``version``; what is the same makes no new version.

    All sources are then read in whole: what they gave before was read by other rules.

    Raises:
        Forbidden, NotFound
        Invalid: field → what is wrong with it.
        Conflict: somebody else changed it since.
    """
    kept = Content.from_json(get(mapping_id, by=by).content)
    name, person = _named(name), by.id
    check(content, kept, by=by)
    with unless_taken(_TAKEN, **_UNIQUE), unit_of_work():
        mapping = _held(mapping_id, version)
        mapping.name, mapping.updated_at = name, utcnow()
        if mapping.content == content.as_json():
            return
        mapping.content, mapping.version = content.as_json(), mapping.version + 1
        _keep_version(mapping, person)
        forget = update(FeedCursor).where(FeedCursor.mapping_id == mapping_id)
        session.execute(forget.values(cursor=None, whole_at=None))


def _held(mapping_id: int, version: int) -> CrmMapping:
    mapping = session.get_one(CrmMapping, mapping_id, with_for_update=True, populate_existing=True)
    if mapping.version != version:
        raise Conflict({"name": mapping.name}, version=mapping.version)
    return mapping


def _keep_version(mapping: CrmMapping, person: int) -> None:
    _note("crm_mapping_saved", mapping, person)
    session.add(
        CrmMappingVersion(
            mapping_id=mapping.id,
            version=mapping.version,
            content=mapping.content,
            by_id=person,
        )
    )


def schedule(
    mapping_id: int,
    *,
    kind: str,
    every: int | None = None,
    daily: str = "",
    cron: str = "",
    zone: str = "UTC",
    guard_percent: int = 20,
    active: bool = True,
    by: User,
) -> None:
    """Set when a CRM mapping runs, and by how much a source may shrink before somebody looks.

    Raises:
        Forbidden, NotFound
        Invalid: field → what is wrong with it.
    """
    get(mapping_id, by=by)
    wrong: dict[str, Text | str] = dict(problems(kind, every, daily, cron))
    if not 0 <= guard_percent <= 100:
        wrong["guard_percent"] = N_("Enter a number from 0 to 100.")
    if wrong:
        raise Invalid(wrong)
    when = chosen(kind, every, daily, cron, zone)
    with unit_of_work():
        mapping = session.get_one(CrmMapping, mapping_id, with_for_update=True)
        mapping.every, mapping.daily = when.every, when.daily
        mapping.cron, mapping.zone = when.cron, when.zone
        mapping.guard_percent, mapping.active = guard_percent, active
        mapping.next_at = when.next_time(utcnow()) if active else None
        mapping.updated_at = utcnow()
        _note("schedule_set", mapping, by)


def _note(kind: str, mapping: CrmMapping, by: User | int) -> None:
    audit.note(kind, by=by, about="crm_mapping", about_id=mapping.id, version=mapping.version or 1)


def schedule_of(mapping: CrmMapping) -> Schedule:
    """Return when a CRM mapping runs by itself."""
    return Schedule(mapping.every, mapping.daily, mapping.cron, mapping.zone)


def check(content: Content, kept: Content = _NOTHING, *, by: User) -> None:
    """Refuse what cannot be carried out, but for sources and rules that are ``kept`` as they were.

    What has come to be wrong with one of those is no reason against a change of another.

    Raises:
        Invalid: field → what is wrong with it; a field of the second source is ``1.name``, of the
            first rule ``responsible.0.begins`` or ``responsible.0.owner``.
    """
    if not content.sources:
        raise Invalid({"sources": N_("Choose at least one source.")})
    ids = [each.source_id for each in content.sources]
    known = set(
        session.scalars(
            select(FeedSource.id).where(FeedSource.id.in_(ids), FeedSource.retired_at.is_(None))
        )
    )
    wrong: dict[str, Text | str] = {}
    if len(ids) > MOST_SOURCES or len(set(ids)) < len(ids):
        wrong["sources"] = N_("Choose each source only once.")
    for place, fed in enumerate(content.sources):
        if fed in kept.sources:
            continue
        if fed.source_id not in known:
            wrong[f"{place}.source"] = N_("This source is not there any more. Choose another one.")
            continue
        wrong |= {f"{place}.{name}": said for name, said in _problems(fed, by).items()}
    if content.responsible != kept.responsible:
        wrong |= _rule_problems(content)
    if wrong:
        raise Invalid(wrong)


def _problems(fed: FedBy, by: User) -> Mapping[str, Text | str]:
    """Say what is wrong with the mapping of one source; its columns are looked at when it is read.

    A column that is gone by then stops the run, and the message names it.
    """
    columns = [*fed.mapping.columns.values()]
    found: dict[str, Text | str] = {}
    try:
        mapping_checks.check(fed.mapping, columns, by=by)
    except Invalid as invalid:
        found |= invalid.fields
    found |= {name: _MANDATORY for name in MANDATORY if name not in fed.mapping.columns}
    if fed.mapping.match != "number":
        found["match"] = N_("A feed finds accounts by their number.")
    strange = fed.owned.keys() - {*fed.mapping.fields}
    found |= {name: N_("This field is not filled by the source.") for name in strange}
    return found


def _rule_problems(content: Content) -> dict[str, Text | str]:
    if len(content.responsible) > MOST_RULES:
        return {"responsible": N_("There are too many rules.")}
    people = {rule.owner_id for rule in content.responsible} - {None}
    teams = {rule.team_id for rule in content.responsible} - {None}
    there: set[Any] = set(session.scalars(select(User.id).where(User.id.in_(people), User.active)))
    groups: set[Any] = set(session.scalars(select(Team.id).where(Team.id.in_(teams))))
    wrong: dict[str, Text | str] = {}
    for place, rule in enumerate(content.responsible):
        about = f"responsible.{place}"
        if rule.field not in RESPONSIBLE_BY or not _is_beginning(rule.begins):
            wrong[f"{about}.begins"] = N_("Say which territory, or how the postal code begins.")
        elif not rule.gives:
            wrong[f"{about}.owner"] = N_("Choose an owner or a team.")
        elif {rule.owner_id} - {None} - there or {rule.team_id} - {None} - groups:
            wrong[f"{about}.owner"] = N_("This person or team is not there any more.")
    return wrong


def _is_beginning(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= LONGEST


def missing_columns(fed: FedBy, columns: Sequence[str]) -> list[str]:
    """Return the columns that a mapping needs and that its source has not (any more)."""
    found = mapping_problems(fed.mapping, fields.every("account"), columns)
    gone = [fed.mapping.columns[name] for name in found if name in fed.mapping.columns]
    return [column for column in gone if column not in columns]


def _named(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST or not plain.isprintable():
        said = N_("Enter a name of at most %(count)s characters.")
        raise Invalid({"name": Text(said, {"count": LONGEST})})
    return plain
