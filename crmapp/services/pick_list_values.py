"""The values of pick lists, as an administrator keeps them: added, named, ordered, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from crmapp.db import LARGEST_ID, session, unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.domain.fields import Lookups
from crmapp.domain.search import fold
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import PickListValue, User
from crmapp.services import editing, records
from crmapp.services.list_states import refuse_owned
from crmapp.services.pick_list_keeping import RIGHT, coded, labelled
from crmapp.services.pick_list_keeping import get as list_of
from crmapp.services.rights import need

CODE_TAKEN = N_("Another value of this list has this code. Enter a different one.")
LABEL_TAKEN = N_("“%(label)s” already means another value of this list. Enter a different one.")
IDLE_DEFAULT = N_("A value that is not active cannot be the default.")


def of(list_code: str, *, by: User) -> Sequence[PickListValue]:
    """Return the values of the list in their order, the inactive ones too.

    Raises:
        Forbidden, NotFound: as for :func:`crmapp.services.pick_list_keeping.get`.
    """
    list_of(list_code, by=by)
    return _living(list_code)


def get(list_code: str, value_id: int, *, by: User) -> PickListValue:
    """Return a value of the list.

    Raises:
        Forbidden, NotFound
    """
    need(RIGHT, by=by)
    return _value(list_code, value_id)


def add(list_code: str, typed: Mapping[str, object], *, by: User, key: str | None = None) -> int:
    """Add a value at the end of the list and return its id.

    A value that was deleted under the same code comes back, with its history.

    Raises:
        Forbidden, NotFound: as for :func:`of`.
        Invalid: field → what is wrong with it.
    """
    taken = editing.unless_taken(
        {"code": CODE_TAKEN}, index="uq_pick_list_value", column="pick_list_value.list_code"
    )
    with taken, unit_of_work():
        list_of(list_code, by=by)
        refuse_owned(list_code)
        sent = {**typed, "list": list_code}
        return editing.made(key, sent, lambda: _add(list_code, typed, by), by=by)


def _add(list_code: str, typed: Mapping[str, object], by: User) -> int:
    values = labelled(editing.checked("pick_list_value", typed, Lookups(), whole=True))
    values["code"] = coded(values)
    _refuse_clashes(list_code, values)
    last = select(func.max(PickListValue.position)).where(PickListValue.list_code == list_code)
    values |= {"list_code": list_code, "position": (session.scalar(last) or 0) + 1}
    gone = session.scalar(
        select(PickListValue.id).where(
            PickListValue.list_code == list_code,
            PickListValue.code == values["code"],
            PickListValue.deleted_at.is_not(None),
        )
    )
    if gone is None:
        value_id = records.create(PickListValue, values, by=by, source=editing.FORM)
    else:
        value_id = gone
        records.restore(PickListValue, value_id, values, by=by)
    _keep_one_default(list_code, value_id, by)
    return value_id


def change(
    list_code: str,
    value_id: int,
    typed: Mapping[str, object],
    version: int,
    *,
    by: User,
    key: str | None = None,
    exact: bool = False,
) -> int:
    """Change the value that ``by`` saw at ``version``; its code stays.

    Raises:
        Forbidden, NotFound, Invalid: as for :func:`add`.
        Conflict: somebody else changed it since; with ``exact``, be it in another field.
    """
    with unit_of_work():
        value = get(list_code, value_id, by=by)
        refuse_owned(list_code)
        own = {name: text for name, text in typed.items() if name != "code"}
        sent = {**own, "value": value_id, "version": version}
        code = value.code

        def edit() -> int:
            values = labelled(editing.checked("pick_list_value", own, Lookups(), whole=False))
            _refuse_clashes(list_code, {**values, "code": code}, value_id)
            editing.changed(PickListValue, value_id, values, version, by=by, exact=exact)
            _keep_one_default(list_code, value_id, by)
            return value_id

        return editing.made(key, sent, edit, by=by)


def move(list_code: str, value_id: int, *, up: bool, by: User) -> None:
    """Let the value and its neighbour change places; at the end of the list nothing happens.

    Raises:
        Forbidden, NotFound
    """
    with unit_of_work():
        get(list_code, value_id, by=by)
        refuse_owned(list_code)
        values = list(_living(list_code))
        ids = [each.id for each in values]
        here = ids.index(value_id)
        there = here - 1 if up else here + 1
        if 0 <= there < len(ids):
            ids[here], ids[there] = ids[there], ids[here]
        placed = {each.id: each.position for each in values}
        moved = [
            Write(Action.UPDATE, {"position": place}, id_, source=editing.FORM)
            for place, id_ in enumerate(ids, 1)
            if placed[id_] != place
        ]
        if moved:
            records.write(PickListValue, moved, by=by)


def delete(list_code: str, value_id: int, *, by: User, version: int | None = None) -> None:
    """Delete a value that no record holds.

    Raises:
        Forbidden, NotFound
        Conflict: it is not at ``version`` any more.
        Invalid: records hold it.
    """
    with unit_of_work():
        get(list_code, value_id, by=by)
        refuse_owned(list_code)
        records.delete(PickListValue, value_id, by=by, version=version)


def _living(list_code: str) -> Sequence[PickListValue]:
    query = (
        select(PickListValue)
        .where(PickListValue.list_code == list_code, PickListValue.deleted_at.is_(None))
        .order_by(PickListValue.position, PickListValue.id)
    )
    return session.scalars(query).all()


def _value(list_code: str, value_id: int) -> PickListValue:
    found = session.get(PickListValue, value_id) if value_id <= LARGEST_ID else None
    if found is None or found.list_code != list_code or found.deleted_at is not None:
        raise NotFound
    return found


def _refuse_clashes(list_code: str, values: Mapping[str, Any], value_id: int | None = None) -> None:
    """Refuse words that mean another value already: a source's word must mean one."""
    others = [each for each in _living(list_code) if each.id != value_id]
    codes = {fold(each.code) for each in others}
    if fold(values["code"]) in codes:
        raise Invalid({"code": CODE_TAKEN})
    words = codes | {fold(word) for each in others for word in (each.label_en, each.label_fr)}
    wrong: dict[str, Text | str] = {
        name: Text(LABEL_TAKEN, {"label": values[name]})
        for name in ("label_en", "label_fr")
        if fold(values[name]) in words
    }
    if wrong:
        raise Invalid(wrong)


def _keep_one_default(list_code: str, value_id: int, by: User) -> None:
    """Let the value be the only default, if it is one."""
    value = session.get_one(PickListValue, value_id)
    if not value.is_default:
        return
    if not value.active:
        raise Invalid({"is_default": IDLE_DEFAULT})
    others = [each.id for each in _living(list_code) if each.is_default and each.id != value_id]
    writes = [
        Write(Action.UPDATE, {"is_default": False}, id_, source=editing.FORM) for id_ in others
    ]
    if writes:
        records.write(PickListValue, writes, by=by)
