"""The field map between Salesforce's accounts and Intacct's customers, from draft to version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from crmapp.connectors.port import RemoteField, RemoteKind
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.field_checks import Shapes, all_problems, forbidden, problems
from crmapp.domain.field_rules import (
    FieldRule,
    RuleChange,
    Rules,
    applied,
    clashes,
    differences,
    put,
    with_standard,
    without,
)
from crmapp.domain.standard_rows import (
    ACCOUNT,
    CONTACT_FIELDS,
    CUSTOMER,
    Dialect,
    standard_rows,
)
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import FieldMapDraft, FieldMapVersion, User
from crmapp.services import audit, connections, crm_integration, remote_fields
from crmapp.services.integration_versions import CHANGED_SINCE, RIGHT
from crmapp.services.rights import need

INTACCT, SALESFORCE = "intacct", "salesforce"
MOST_ROWS = 300
_DISABLED = N_("The field map is not enabled. Enable it first, then change its rows.")
_UNFINISHED = N_("Rows that need attention: %(count)s. Mend them or set them inactive, then save.")
_TOO_MANY = N_("A map has at most %(most)s rows.")


@dataclass(frozen=True)
class Editing:
    """What somebody has before her: the version it began with, the rows, and what she changed.

    The rows are those in force with her changes on them. ``clashes`` are keys of rows that somebody
    else changed as well since the version ``base``.
    """

    base: int
    rules: Rules
    changes: tuple[RuleChange, ...]
    clashes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Step:
    """A version of the map with what it does otherwise than the one before it."""

    version: FieldMapVersion
    changes: tuple[RuleChange, ...]


def dialect() -> Dialect:
    """Return by which of its interfaces Intacct is spoken with."""
    row = connections.of(INTACCT)
    return Dialect(row.kind) if row else Dialect.XML


def shapes() -> Shapes:
    """Return the fields of both sides, as they were described last."""
    customer = remote_fields.known(INTACCT, CUSTOMER[dialect()])
    account = remote_fields.known(SALESFORCE, ACCOUNT)
    there = {field.name: field for field in customer.fields} if customer else {}
    if there and dialect() is Dialect.REST:
        there = {**_contact_fields(), **there}
    return Shapes(there, {field.name: field for field in account.fields} if account else {})


def _contact_fields() -> dict[str, RemoteField]:
    return {
        name: RemoteField(name, label, RemoteKind(kind), "string")
        for name, (kind, label) in CONTACT_FIELDS.items()
    }


def is_described() -> bool:
    """Say whether the fields of both sides were read once."""
    found = shapes()
    return bool(found.intacct and found.salesforce)


def read_anew(*, by: User) -> dict[str, remote_fields.Difference]:
    """Read the fields of both sides again; return per system what is otherwise than before.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        ConnectorError, NotConnected: a system could not be asked.
    """
    need(RIGHT, by=by)
    objects = ((INTACCT, CUSTOMER[dialect()]), (SALESFORCE, ACCOUNT))
    return {system: remote_fields.read_anew(system, object) for system, object in objects}


def version() -> int:
    """Return the number of the version in force; 0 before anything was saved."""
    newest = _newest()
    return newest.version if newest else 0


def rules() -> Rules:
    """Return the rows of the version in force, whether the map is enabled or not."""
    newest = _newest()
    return _read(newest.rules if newest else [])


def in_force() -> Rules:
    """Return the rows that are synchronised: without the field map, the standard ones as they are.

    Rows may be inactive or broken: see :func:`crmapp.domain.field_checks.all_problems`.
    """
    return rules() if crm_integration.maps_fields() else standard_rows(dialect())


def _read(kept: Sequence[Any]) -> Rules:
    return with_standard(standard_rows(dialect()), [FieldRule.from_json(each) for each in kept])


def _newest() -> FieldMapVersion | None:
    newest: FieldMapVersion | None = session.scalar(_versions().limit(1))
    return newest


def _versions() -> Any:
    return (
        select(FieldMapVersion)
        .where(FieldMapVersion.object == ACCOUNT)
        .order_by(FieldMapVersion.version.desc())
    )


def editing(*, by: User) -> Editing:
    """Return the rows as ``by`` prepares them; without changes, those in force.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    draft = _draft(by.id)
    saved = rules()
    if draft is None:
        return Editing(version(), saved, ())
    return _rebased(draft.base, _read(draft.rules), saved)


def _rebased(base: int, prepared: Rules, saved: Rules) -> Editing:
    """Put on ``saved``, which is in force, what ``prepared`` changed of the version ``base``."""
    if base == version():
        return Editing(base, prepared, differences(saved, prepared))
    began = _rules_of(base)
    own = differences(began, prepared)
    rows = applied(saved, own)
    return Editing(base, rows, differences(saved, rows), clashes(own, differences(began, saved)))


def _rules_of(number: int) -> Rules:
    """Return the rows of a version; 0 are the standard ones.

    Raises:
        NotFound: there is no such version.
    """
    found = session.scalar(_versions().where(FieldMapVersion.version == number))
    if found is None and number:
        raise NotFound
    return _read(found.rules if found else [])


def _draft(person: int) -> FieldMapDraft | None:
    return session.get(FieldMapDraft, (ACCOUNT, person))


def row(key: str, *, by: User) -> FieldRule:
    """Return a row as ``by`` prepares it.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        NotFound: there is none.
    """
    for each in editing(by=by).rules:
        if each.key == key:
            return each
    raise NotFound


def put_row(rule: FieldRule, *, instead_of: str = "", by: User) -> None:
    """Prepare a row, in the place of the one with the key ``instead_of`` or as a new one.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        NotFound: there is no such row any more.
        Invalid: setting → what is wrong with it.
    """
    before = row(instead_of, by=by) if instead_of else None
    others = tuple(each for each in editing(by=by).rules if each.key != instead_of)
    wrong = dict(forbidden(before, rule)) if before else {}
    wrong = wrong or problems(rule, others, shapes())
    if len(others) >= MOST_ROWS:
        wrong = {"": Text(_TOO_MANY, {"most": MOST_ROWS})}
    if wrong:
        raise Invalid(wrong)
    _prepare(lambda found: put(found, rule, instead_of), by=by)


def take_away(key: str, *, by: User) -> None:
    """Prepare the map without a row that people added.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        NotFound: there is no such row, or it is a standard one.
    """
    if row(key, by=by).code:
        raise NotFound
    _prepare(lambda found: without(found, key), by=by)


def _prepare(change: Callable[[Rules], Rules], *, by: User) -> None:
    """Keep what ``by`` changed; a draft without changes is none."""
    if not crm_integration.maps_fields():
        raise Invalid({"": Text(_DISABLED)})
    person = by.id
    try:
        with unit_of_work():
            draft = _draft(person)
            saved = rules()
            base = draft.base if draft else version()
            before = _rebased(base, _read(draft.rules) if draft else saved, saved)
            prepared = change(before.rules)
            if not differences(saved, prepared):
                _discard(person)
                return
            base, kept = _kept(base, prepared, saved)
            if draft is None:
                draft = FieldMapDraft(object=ACCOUNT, user_id=person)
                session.add(draft)
            draft.base = base
            draft.rules, draft.at = [each.as_json() for each in kept], utcnow()
    except IntegrityError as error:  # two of her windows at once, on PostgreSQL
        raise Conflict({}, message=CHANGED_SINCE) from error


def _kept(base: int, prepared: Rules, saved: Rules) -> tuple[int, Rules]:
    """Return what a draft is to keep: the version that it is of, and the rows.

    While rows clash, that is the version it began with, or nobody would learn of them.
    """
    changes = differences(saved, prepared)
    from_base = applied(_rules_of(base), changes)
    found = _rebased(base, from_base, saved)
    if found.clashes and found.changes == changes:
        return base, from_base
    return version(), prepared


def discard(*, by: User) -> None:
    """Forget what ``by`` prepared.

    Raises:
        Forbidden: she may not manage integrations.
    """
    need(RIGHT, by=by)
    person = by.id
    with unit_of_work():
        _discard(person)


def _discard(person: int) -> None:
    own = (FieldMapDraft.object == ACCOUNT, FieldMapDraft.user_id == person)
    session.execute(delete(FieldMapDraft).where(*own))


def save(*, seen: int, by: User) -> int:
    """Put what ``by`` prepared in force, and return its version.

    ``seen`` is the version with which she compared it.

    Raises:
        Forbidden: she may not manage integrations.
        Invalid: rows need attention.
        Conflict: somebody saved another version since; what she prepared stays.
    """
    prepared = editing(by=by).rules
    found = all_problems(prepared, shapes())
    if found:
        raise Invalid({"": Text(_UNFINISHED, {"count": len(found)})})
    return _save(prepared, seen=seen, by=by)


def _save(prepared: Rules, *, seen: int, by: User) -> int:
    if not crm_integration.maps_fields():
        raise Invalid({"": Text(_DISABLED)})
    person = by.id
    try:
        with unit_of_work():
            number = version()
            changed = differences(rules(), prepared)
            if changed and number != seen:
                raise Conflict({}, message=CHANGED_SINCE, version=number)
            _discard(person)
            if not changed:
                return number
            made = FieldMapVersion(object=ACCOUNT, version=number + 1, by_id=person)
            made.rules = [each.as_json() for each in prepared]
            session.add(made)
            told = {"version": number + 1, "rows": len(changed)}
            audit.note("field_map_saved", by=person, about="field_map", about_id=ACCOUNT, **told)
    except IntegrityError as error:  # two at once, on PostgreSQL
        raise Conflict({}, message=CHANGED_SINCE) from error
    return number + 1


def take_back(number: int, *, seen: int, by: User) -> int:
    """Put the rows of version ``number`` in force again, as a new version; 0 are the standard ones.

    Raises:
        Forbidden, Conflict, Invalid
        NotFound: there is no such version.
    """
    need(RIGHT, by=by)
    return _save(_rules_of(number), seen=seen, by=by)


def history(*, by: User, most: int = 20) -> list[Step]:
    """Return the last versions, newest first.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    need(RIGHT, by=by)
    query = _versions().options(joinedload(FieldMapVersion.by)).limit(most + 1)
    found: list[FieldMapVersion] = list(session.scalars(query))
    read = [*(_read(each.rules) for each in found), _read([])]
    steps = [
        Step(each, differences(read[place + 1], read[place])) for place, each in enumerate(found)
    ]
    return steps[:most]
