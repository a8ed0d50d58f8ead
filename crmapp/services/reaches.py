"""Which accounts a person sees and changes, as an administrator says it of her."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Right, Role
from crmapp.domain.reach import Part, Reach, holds_all
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import PickListValue, User
from crmapp.services import audit, begun_runs, users
from crmapp.services.rights import need

_RIGHTS = (Right.ACCOUNT_VIEW, Right.ACCOUNT_EDIT)
TERRITORIES, TERRITORY = "territories", "territory"
ADMINISTERS = N_(
    "An administrator sees and changes every account. Give the person another role first."
)


def restrict(
    user_id: int,
    *,
    sees: Collection[str] | None,
    edits: Collection[str] | None,
    territories: Collection[str],
    by: User,
) -> None:
    """Say whose accounts a person sees and changes beside her own; None is as her role has it.

    Her own are always hers. She changes none that she does not see.

    Raises:
        Forbidden: ``by`` lacks the right.
        NotFound: there is nobody with this id.
        Invalid: field → what is wrong with it.
    """
    need(Right.USER_MANAGE, by=by)
    with unit_of_work():
        user = users.get(user_id, by=by)
        problems = _wrong(user, sees, edits, territories)
        if problems:
            raise Invalid(problems)
        before = {"sees": user.sees, "edits": user.edits, "territories": user.territories}
        reached = [user.reach(right) for right in _RIGHTS]
        user.sees, user.edits = _kept(sees), _kept(edits)
        user.territories = sorted(set(territories)) or None
        after = {name: getattr(user, name) for name in before}
        told = {name: [before[name], now] for name, now in after.items() if now != before[name]}
        if told:
            audit.note("person_restricted", by=by, about="person", about_id=user_id, **told)
        if _reaches_less(user, reached, before["territories"]):
            begun_runs.stop_all_of(user_id, by=by)


def _reaches_less(user: User, reached: Sequence[Reach], territories: list[str] | None) -> bool:
    now = [user.reach(right) for right in _RIGHTS]
    kept = all(holds_all(each, before) for each, before in zip(now, reached, strict=True))
    return not kept or not set(territories or ()) <= set(user.territories or ())


def _wrong(
    user: User,
    sees: Collection[str] | None,
    edits: Collection[str] | None,
    territories: Collection[str],
) -> dict[str, Text | str]:
    if user.role == Role.ADMIN and (sees is not None or edits is not None):
        return {"": ADMINISTERS}
    problems: dict[str, Text | str] = {
        name: N_("Choose one from the list.")
        for name, said in (("sees", sees), ("edits", edits))
        if not set(said or ()) <= set(Part)
    }
    if not set(territories) <= _territories(user):
        problems[TERRITORIES] = N_("Choose one from the list.")
    elif not territories and Part.TERRITORY in {*(sees or ()), *(edits or ())}:
        problems[TERRITORIES] = N_("Choose at least one territory, or untick the territories.")
    return problems


def _territories(user: User) -> set[str]:
    """Return the territories that there are, and those that were hers before."""
    query = select(PickListValue.code).where(
        PickListValue.list_code == TERRITORY, PickListValue.deleted_at.is_(None)
    )
    return {*session.scalars(query), *(user.territories or ())}


def _kept(said: Collection[str] | None) -> list[str] | None:
    return None if said is None else [part.value for part in Part if part in said]
