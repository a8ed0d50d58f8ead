"""What a person typed, on its way to a record: found, allowed, checked, written once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.base import ExecutableOption

from crmapp.db import LARGEST_ID, session
from crmapp.domain.fields import (
    REQUIRED,
    BadValue,
    Field,
    Kind,
    Lookups,
    newly_chosen,
    parse,
    thaw,
)
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import Text
from crmapp.memory import Memory
from crmapp.models import Account, Activity, Attachment, Change, Contact, User
from crmapp.models.account import Record
from crmapp.services import fields, records
from crmapp.services.idempotency import once

Seen = TypeVar("Seen", Account, Contact, Activity, Attachment)
FORM: Mapping[str, Any] = {"kind": "form"}


def seen(
    model: type[Seen],
    record_id: int,
    *,
    by: User,
    deleted: bool = False,
    options: tuple[ExecutableOption, ...] = (),
) -> Seen:
    """Return the record, if ``by`` may see it.

    Raises:
        NotFound: there is none, or not for her.
    """
    if not 0 < record_id <= LARGEST_ID:
        raise NotFound
    query = _made.of(
        (model, options, deleted, by.scope), lambda: _by_id(model, options, deleted, by)
    )
    found: Seen | None = session.scalars(query, {"id": record_id}).one_or_none()
    if found is None:
        raise NotFound
    return found


def _by_id(
    model: type[Seen], options: tuple[ExecutableOption, ...], deleted: bool, by: User
) -> Select[Any]:
    query = select(model).where(model.id == bindparam("id"), model.visible_to(by, deleted=deleted))
    return query.options(*options)


_made = Memory[Select[Any]](most=500)


def checked(
    object_: str,
    typed: Mapping[str, object],
    lookups: Lookups,
    *,
    whole: bool,
    held: Record | None = None,
    excused: Callable[[Mapping[str, Any]], Collection[str]] = lambda _values: (),
    unfit: Callable[[Mapping[str, Any]], Mapping[str, Text | str]] = lambda _values: {},
) -> dict[str, Any]:
    """Return the values that the fields of ``object_`` take from what was typed.

    ``whole`` is a new record: what was not typed counts as empty. Names that are no field are left
    out. ``held`` is the record as it is: what it holds may stay, though it is offered no more.
    ``excused`` says which required fields may be empty beside the other values, ``unfit`` what is
    wrong with values that can be read.

    Raises:
        Invalid: field → what is wrong with its value, for all fields at once.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, Text | str] = {}
    specs = fields.of(object_)
    for name, spec in specs.items():
        if name not in typed and not (whole and spec.required):
            continue
        try:
            value = _value(spec, typed.get(name), lookups)
            values[name] = newly_chosen(spec, value, held.value(spec) if held else None, lookups)
        except BadValue as bad:
            wrong[name] = bad.text
    lacking = {name: value for name, value in values.items() if _lacks(specs[name], value)}
    if lacking:
        may_lack = excused(values)
        wrong |= {name: Text(REQUIRED) for name in lacking if name not in may_lack}
    wrong |= unfit(values)
    if wrong:
        raise Invalid(wrong)
    return values


def _lacks(spec: Field, value: Any) -> bool:
    return spec.required and value in (None, "", [])


def _value(spec: Field, typed: object, lookups: Lookups) -> Any:
    value = parse(spec, typed, lookups)
    if value is None and spec.kind is Kind.YES_NO:
        return False
    if value is None and spec.kind is Kind.TAGS:
        return []
    return value


@contextmanager
def unless_taken(problem: Mapping[str, Text | str], *, index: str, column: str) -> Iterator[None]:
    """Turn a breach of a unique index into ``problem``: two people wanted one value at once.

    Stands around the unit of work, whose commit may be the one to find it. PostgreSQL names the
    index, SQLite the column (``account.number``).

    Raises:
        Invalid: ``problem``.
    """
    try:
        yield
    except IntegrityError as error:
        if index not in str(error.orig) and column not in str(error.orig):
            raise
        raise Invalid(problem) from error


def made(key: str | None, sent: Mapping[str, object], make: Callable[[], int], *, by: User) -> int:
    """Return the id that ``make`` made for the form with this ``key``, calling it only once.

    Expects a unit of work around it.
    """
    owned = f"{by.id}:{key}"[:200] if key else None
    return int(once(owned, sent, lambda: str(make())))


def changed(
    model: type[Record],
    record_id: int,
    values: Mapping[str, Any],
    version: int,
    *,
    by: User,
    source: Mapping[str, Any] = FORM,
    exact: bool = False,
) -> int:
    """Change a record of which ``by`` saw ``version``, and return its id.

    Expects a unit of work around it. What others changed since stands, where she changed nothing;
    with ``exact``, nobody may have changed anything.

    Raises:
        Conflict: she and somebody else changed one field to different values. ``theirs`` has the
            fields of ``values`` that others changed, with their present values, ``original`` what
            they were when she opened the form.
    """
    try:
        records.update(model, record_id, values, version=version, by=by, source=source)
    except Conflict as conflict:
        if exact:
            raise
        original = before(records.OBJECTS[model], record_id, version, values)
        theirs = {name: conflict.theirs[name] for name in original}
        if any(values[name] not in (original[name], theirs[name]) for name in original):
            raise Conflict(theirs, original, conflict.version) from conflict
        mine = {name: value for name, value in values.items() if name not in original}
        newest = conflict.version
        records.update(model, record_id, mine, version=newest, by=by, source=source)
    return record_id


def before(object_: str, record_id: int, version: int, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields that were changed after ``version`` held at that version."""
    later = session.scalars(
        select(Change.fields)
        .where(Change.object == object_, Change.record_id == record_id, Change.version > version)
        .order_by(Change.id.desc())
    )
    specs, found = fields.every(object_), dict[str, Any]()
    for changed_ in later:
        for name in changed_.keys() & names.keys():
            found[name] = thaw(specs[name], changed_[name][0])
    return found
