"""Views of the accounts: kept by a name, shared, and seen with the reader's own permissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy import delete as delete_
from sqlalchemy.orm import aliased

from crmapp.db import session, unit_of_work, utcnow, while_unchanged
from crmapp.domain.permissions import Right
from crmapp.domain.search import fold
from crmapp.errors import Conflict, Forbidden, Invalid
from crmapp.i18n import N_
from crmapp.models import SavedView, User
from crmapp.models.audience import EVERYONE, MINE
from crmapp.services import audiences, editing
from crmapp.services.rights import need
from crmapp.services.view_questions import by_ids, written

NAME_TAKEN = N_("You have a view with this name already. Enter another name.")
NOT_LEFT = N_("Its maker still works with it.")
TAKEN_OVER = N_("You have a view with this name already. Rename one of the two first.")


class Listed(NamedTuple):
    """A view among others, as a value; ``maker`` and ``changed_by`` are names."""

    id: int
    name: str
    audience: str
    user_id: int
    args: str
    version: int
    changed_at: datetime
    maker: str
    maker_active: bool
    changed_by: str | None


def listed(*, by: User) -> Sequence[Listed]:
    """Return the views that ``by`` finds: her own, her teams', everyone's, each by name.

    Raises:
        Forbidden: she may not see accounts.
    """
    need(Right.ACCOUNT_VIEW, by=by)
    every = by.can(Right.VIEW_SHARE)
    return while_unchanged(("saved views", by.id, every), lambda: _read(by.id, every))


def _read(reader: int, every: bool) -> Sequence[Listed]:
    found = [Listed._make(row) for row in session.execute(_listed(every), {"reader": reader})]
    order = {MINE: 1, EVERYONE: 2}

    def place(view: Listed) -> tuple[int, str, int]:
        own = view.user_id == reader
        return (0 if own else order.get(view.audience, 1), fold(view.name), view.id)

    return sorted(found, key=place)


@cache
def _listed(every: bool) -> Select[*tuple[Any, ...]]:
    """Ask for views: made once, since every list of accounts asks."""
    view, maker, last = SavedView, aliased(User), aliased(User)
    own = (view.id, view.name, view.audience, view.user_id, view.args, view.version)
    people = (maker.name, maker.active, last.name)
    query = select(*own, view.changed_at, *people).join(maker, maker.id == view.user_id)
    seen = SavedView.found_by(bindparam("reader"), looks_after_them=every)
    return query.outerjoin(last, last.id == view.changed_by_id).where(seen)


def get(view_id: int, *, by: User) -> SavedView:
    """Return a view that ``by`` finds.

    Raises:
        Forbidden: she may not see accounts.
        NotFound: there is none, or not for her.
    """
    need(Right.ACCOUNT_VIEW, by=by)
    found_by = SavedView.found_by(by.id, looks_after_them=by.can(Right.VIEW_SHARE))
    return audiences.one(SavedView, view_id, found_by)


def may_change(view: SavedView | Listed, *, by: User) -> bool:
    """Say whether ``by`` may change the view: its maker, or who looks after everyone's."""
    return view.user_id == by.id or by.can(Right.VIEW_SHARE)


def changeable(view_id: int, *, by: User) -> SavedView:
    """Return a view that ``by`` may change.

    Raises:
        NotFound: there is none, or not for her.
        Forbidden: it is another person's.
    """
    view = get(view_id, by=by)
    if not may_change(view, by=by):
        raise Forbidden(Right.VIEW_SHARE.value)
    return view


def may_share_with_everyone(view: SavedView | None, *, by: User) -> bool:
    """Say whether ``by`` may let everyone find the view; it may stay so."""
    return by.can(Right.VIEW_SHARE) or (view is not None and view.audience == EVERYONE)


def keep(
    pairs: Iterable[tuple[str, str]],
    typed: Mapping[str, str],
    *,
    by: User,
    key: str | None = None,
) -> int:
    """Keep a list's arguments as a view of ``by``, and return its id.

    ``typed``: ``name``, and ``audience`` (``mine``, ``team:`` and a team's id, ``everyone``).

    Raises:
        Forbidden: she may not see accounts.
        Invalid: field → what is wrong with it.
    """
    need(Right.ACCOUNT_VIEW, by=by)
    args = written(by_ids([*pairs], by=by))
    with _one_of_each_name(), unit_of_work():
        return editing.made(key, {**typed, "args": args}, lambda: _keep(args, typed, by), by=by)


def _keep(args: str, typed: Mapping[str, str], by: User) -> int:
    made = SavedView(user_id=by.id, args=args, changed_by_id=by.id)
    _describe(made, typed, by)
    session.add(made)
    session.flush()
    return made.id


def renew(view_id: int, pairs: Iterable[tuple[str, str]], version: int, *, by: User) -> None:
    """Let the view that ``by`` saw at ``version`` ask something else from now on.

    Raises:
        NotFound, Forbidden: as for :func:`changeable`.
        Conflict: somebody else changed it since; ``theirs`` has its arguments.
    """
    with unit_of_work():
        view = _seen(view_id, version, by)
        view.args = written(by_ids([*pairs], by=by))
        _note(view, by)


def describe(view_id: int, typed: Mapping[str, str], version: int, *, by: User) -> None:
    """Give the view that ``by`` saw at ``version`` another name, and say who finds it.

    Raises:
        NotFound, Forbidden, Conflict: as for :func:`renew`.
        Invalid: field → what is wrong with it.
    """
    with _one_of_each_name(), unit_of_work():
        view = _seen(view_id, version, by)
        _describe(view, typed, by)
        _note(view, by)


def delete(view_id: int, *, by: User) -> None:
    """Delete the view for everybody; who pinned it is told when she looks for it.

    Raises:
        NotFound, Forbidden: as for :func:`changeable`.
    """
    with unit_of_work():
        changeable(view_id, by=by)
        session.execute(delete_(SavedView).where(SavedView.id == view_id))
        if by.default_view == view_id:
            session.execute(update(User).where(User.id == by.id).values(default_view=None))


def take_over(view_id: int, *, by: User) -> None:
    """Make the view of somebody who left one of ``by``.

    Raises:
        NotFound: there is none, or not for her.
        Forbidden: she lacks the right.
        Invalid: its maker has not left, or she has a view with this name.
    """
    need(Right.VIEW_SHARE, by=by)
    with _one_of_each_name(), unit_of_work():
        get(view_id, by=by)
        view = session.get_one(SavedView, view_id, with_for_update=True, populate_existing=True)
        if session.get_one(User, view.user_id).active:
            raise Invalid({}, NOT_LEFT)
        if fold(view.name) in _names(by.id, view_id):
            raise Invalid({"name": TAKEN_OVER}, TAKEN_OVER)
        view.user_id = by.id
        _note(view, by)


def pin(view_id: int | None, *, by: User) -> None:
    """Let this view open first for ``by``; ``None`` is the list of all accounts.

    Raises:
        NotFound: there is none, or not for her.
    """
    person = by.id
    with unit_of_work():
        if view_id is not None:
            get(view_id, by=by)
        session.execute(update(User).where(User.id == person).values(default_view=view_id))


def _seen(view_id: int, version: int, by: User) -> SavedView:
    """Return the view to change, as ``by`` saw it."""
    changeable(view_id, by=by)
    view = session.get_one(SavedView, view_id, with_for_update=True, populate_existing=True)
    if view.version != version:
        raise Conflict({"args": view.args, "name": view.name}, version=view.version)
    return view


def _note(view: SavedView, by: User) -> None:
    view.version += 1
    view.changed_at, view.changed_by_id = utcnow(), by.id


def _describe(view: SavedView, typed: Mapping[str, str], by: User) -> None:
    name = audiences.name_from(typed)
    with session.no_autoflush:
        if fold(name) in _names(view.user_id, view.id):
            raise Invalid({"name": NAME_TAKEN})
        teams = {team.id for team in by.teams} | {view.team_id}
        everyone = may_share_with_everyone(view, by=by)
        shared = audiences.audience_from(typed, teams=teams, everyone=everyone)
    view.name, (view.audience, view.team_id) = name, shared


def _names(user_id: int, but: int | None) -> set[str]:
    """Return the names of a person's views, folded, but for one."""
    others = select(SavedView.name).where(SavedView.user_id == user_id, SavedView.id != (but or 0))
    return {fold(name) for name in session.scalars(others)}


def _one_of_each_name() -> Any:
    return editing.unless_taken(
        {"name": NAME_TAKEN}, index="uq_saved_view", column="saved_view.user_id, saved_view.name"
    )
