"""Pick lists themselves, as an administrator keeps them: found, made, named, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select

from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.domain.fields import Lookups
from crmapp.domain.permissions import Right
from crmapp.domain.pick_lists import code_from, is_code
from crmapp.domain.search import fold
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_
from crmapp.models import PickList, PickListValue, User
from crmapp.services import editing, list_states, pick_list_uses, records
from crmapp.services.pick_list_uses import Use
from crmapp.services.rights import need

RIGHT = Right.SETTINGS_MANAGE
NO_LABEL = N_("Enter a label, in English or in French.")
BAD_CODE = N_("Use letters, digits, “_”, “-” and “.”, and begin with a letter or a digit.")
CODE_TAKEN = N_("Another list has this code. Enter a different one.")
IN_USE = N_("Fields take their values from this list, so it cannot be deleted.")
_RESERVED = frozenset({"new"})  # a word of the list's own addresses


@dataclass(frozen=True)
class Listed:
    """A list with what the page of all lists says: how many values, and where they are used."""

    pick_list: PickList
    active: int
    inactive: int
    uses: list[Use]


def listed(*, by: User, locale: str) -> list[Listed]:
    """Return all lists, by label.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    counts = {
        code: (active, total - active)
        for code, total, active in session.execute(
            select(
                PickListValue.list_code,
                func.count(),
                func.sum(case((PickListValue.active, 1), else_=0)),
            )
            .where(PickListValue.deleted_at.is_(None))
            .group_by(PickListValue.list_code)
        )
    }
    uses = pick_list_uses.everywhere()
    found = [
        Listed(each, *counts.get(each.code, (0, 0)), uses.get(each.code, [])) for each in _living()
    ]
    return sorted(found, key=lambda each: fold(each.pick_list.label(locale)))


def get(code: str, *, by: User) -> PickList:
    """Return a list.

    Raises:
        Forbidden: she lacks the right.
        NotFound: there is none with this code.
    """
    need(RIGHT, by=by)
    query = select(PickList).where(PickList.code == code, PickList.deleted_at.is_(None))
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def create(typed: Mapping[str, object], *, by: User, key: str | None = None) -> str:
    """Make a list without values and return its code.

    A list that was deleted under the same code comes back, empty, with its history.

    Raises:
        Forbidden: she lacks the right.
        Invalid: field → what is wrong with it.
    """
    need(RIGHT, by=by)
    taken = editing.unless_taken(
        {"code": CODE_TAKEN}, index="uq_pick_list_code", column="pick_list.code"
    )
    with taken, unit_of_work():
        list_id = editing.made(key, typed, lambda: _create(typed, by), by=by)
        return session.get_one(PickList, list_id).code


def _create(typed: Mapping[str, object], by: User) -> int:
    values = labelled(editing.checked("pick_list", typed, Lookups(), whole=True))
    values["code"] = code = coded(values)
    if fold(code) in _RESERVED | {fold(each.code) for each in _living()}:
        raise Invalid({"code": CODE_TAKEN})
    gone = session.scalar(
        select(PickList.id).where(PickList.code == code, PickList.deleted_at.is_not(None))
    )
    if gone is None:
        return records.create(PickList, values, by=by, source=editing.FORM)
    records.restore(PickList, gone, values, by=by)
    return gone


def rename(
    code: str,
    typed: Mapping[str, object],
    version: int,
    *,
    by: User,
    key: str | None = None,
) -> None:
    """Give the list that ``by`` saw at ``version`` other labels; its code stays.

    Of a list that Intacct owns as well: it owns the values, and the list's name is ours.

    Raises:
        Forbidden, NotFound, Invalid: as for :func:`create`.
        Conflict: somebody else changed it since.
    """
    with unit_of_work():
        list_id = get(code, by=by).id
        own = {name: text for name, text in typed.items() if name != "code"}

        def edit() -> int:
            values = labelled(editing.checked("pick_list", own, Lookups(), whole=False))
            return editing.changed(PickList, list_id, values, version, by=by)

        editing.made(key, {**own, "list": code, "version": version}, edit, by=by)


def delete(code: str, *, by: User) -> None:
    """Delete a list that no field uses, with its values.

    Raises:
        Forbidden, NotFound
        Invalid: fields use it.
    """
    with unit_of_work():
        list_id = get(code, by=by).id
        list_states.refuse_owned(code)
        if pick_list_uses.of(code):
            raise Invalid({"": IN_USE})
        ids = session.scalars(
            select(PickListValue.id).where(
                PickListValue.list_code == code, PickListValue.deleted_at.is_(None)
            )
        )
        writes = [Write(Action.DELETE, {}, id_, source=editing.FORM) for id_ in ids]
        if writes:
            records.write(PickListValue, writes, by=by)
        records.delete(PickList, list_id, by=by)


def labelled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with a label in both languages: what is missing is as in the other.

    Raises:
        Invalid: there is none at all.
    """
    english, french = values.get("label_en"), values.get("label_fr")
    if not (english or french):
        raise Invalid({"label_en": NO_LABEL})
    return {**values, "label_en": english or french, "label_fr": french or english}


def coded(values: Mapping[str, Any]) -> str:
    """Return the code that was typed, else one made from the label.

    Raises:
        Invalid: it is no code.
    """
    code = str(values.get("code") or code_from(values["label_en"]))
    if not is_code(code):
        raise Invalid({"code": BAD_CODE})
    return code


def _living() -> Sequence[PickList]:
    return session.scalars(select(PickList).where(PickList.deleted_at.is_(None))).all()
