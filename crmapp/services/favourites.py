"""Favourites: grids kept by a name, shared, opened again with the reader's own permissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select

from crmapp.analytics.query import Question
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.domain.search import fold
from crmapp.errors import Forbidden, Invalid
from crmapp.i18n import N_
from crmapp.models import Favourite, User
from crmapp.services import audiences, editing, grids, selections
from crmapp.services.rights import need

NAME_TAKEN = N_("You have a favourite with this name already. Enter another name.")


class Listed(NamedTuple):
    """A favourite among others, as a value; ``args`` are those of its question."""

    id: int
    name: str
    dataset: str
    dimension: str
    audience: str
    user_id: int
    maker: str
    args: tuple[tuple[str, str], ...]


def listed(*, by: User, dataset: str = "") -> Sequence[Listed]:
    """Return the favourites that ``by`` finds, by name; of one dataset, if that is given.

    Raises:
        Forbidden: she may not open the grid.
    """
    need(Right.GRID_VIEW, by=by)
    values = {"reader": by.id, "dataset": dataset} if dataset else {"reader": by.id}
    rows = session.connection().execute(_listed(bool(dataset)), values)
    found = [Listed._make((*plain, tuple(args.items()))) for *plain, args in rows]
    return sorted(found, key=lambda each: (fold(each.name), each.id))


@cache
def _listed(of_one_dataset: bool) -> Select[*tuple[Any, ...]]:
    """Ask for favourites: made once, since every page of the grid asks."""
    favourite = Favourite.__table__.c
    names = ("id", "name", "dataset", "dimension", "audience", "user_id")
    columns = [*(favourite[name] for name in names), User.name, favourite.args]
    seen = Favourite.visible_to(bindparam("reader"))
    query = select(*columns).join(User, User.id == favourite.user_id).where(seen)
    return query.where(favourite.dataset == bindparam("dataset")) if of_one_dataset else query


def get(favourite_id: int, *, by: User) -> Favourite:
    """Return a favourite that ``by`` finds.

    Raises:
        Forbidden: she may not open the grid.
        NotFound: there is none, or not for her.
    """
    need(Right.GRID_VIEW, by=by)
    return audiences.one(Favourite, favourite_id, Favourite.visible_to(by.id))


def may_change(favourite: Favourite | Listed, *, by: User) -> bool:
    """Say whether ``by`` may change the favourite: its maker, or who looks after the settings."""
    return favourite.user_id == by.id or by.can(Right.SETTINGS_MANAGE)


def changeable(favourite_id: int, *, by: User) -> Favourite:
    """Return a favourite that ``by`` may change.

    Raises:
        NotFound: there is none, or not for her.
        Forbidden: it is another person's.
    """
    favourite = get(favourite_id, by=by)
    if not may_change(favourite, by=by):
        raise Forbidden(Right.SETTINGS_MANAGE.value)
    return favourite


def question_of(favourite: Favourite, *, by: User) -> Question:
    """Return the question that a favourite asks, which says that it comes from there.

    Raises:
        NotFound, Invalid: the dataset has changed, and the question does not fit any more.
    """
    asked = grids.ask(favourite.dataset, favourite.dimension, favourite.args, by=by)
    return replace(asked, favourite=favourite.id)


def is_changed(favourite: Listed, question: Question) -> bool:
    """Whether ``question`` asks something else than the favourite that it comes from."""
    return _plain(question).to_args() != dict(favourite.args)


def keep(question: Question, typed: Mapping[str, str], *, by: User, key: str | None = None) -> int:
    """Keep a question as a favourite of ``by`` and return its id.

    ``typed``: ``name``, and ``audience`` (``mine``, ``team:`` and a team's id, ``everyone``).

    Raises:
        Forbidden: she may not open the grid.
        Invalid: field → what is wrong with it.
    """
    need(Right.GRID_VIEW, by=by)
    with unit_of_work():
        sent = {**typed, **question.to_args(), "grid": f"{question.dataset}/{question.dimension}"}
        return editing.made(key, sent, lambda: _keep(question, typed, by), by=by)


def _keep(question: Question, typed: Mapping[str, str], by: User) -> int:
    made = Favourite(user_id=by.id, dataset=question.dataset, dimension=question.dimension)
    _describe(made, typed, by)
    session.add(made)
    session.flush()
    _remember(made, question, by)
    return made.id


def renew(favourite_id: int, question: Question, *, by: User) -> None:
    """Let the favourite ask ``question`` from now on.

    Raises:
        NotFound, Forbidden: as for :func:`describe`.
        Invalid: it is about another dimension.
    """
    with unit_of_work():
        favourite = changeable(favourite_id, by=by)
        if (favourite.dataset, favourite.dimension) != (question.dataset, question.dimension):
            raise Invalid({"": N_("This favourite is of another dimension. Save a new one.")})
        _remember(favourite, question, by)


def describe(favourite_id: int, typed: Mapping[str, str], *, by: User) -> None:
    """Give the favourite another name, and say who finds it.

    Raises:
        NotFound: there is none, or not for her.
        Forbidden: it is another person's.
        Invalid: field → what is wrong with it.
    """
    with unit_of_work():
        _describe(changeable(favourite_id, by=by), typed, by)


def delete(favourite_id: int, *, by: User) -> None:
    """Delete the favourite for everybody.

    Raises:
        NotFound, Forbidden: as for :func:`describe`.
    """
    with unit_of_work():
        changeable(favourite_id, by=by).deleted_at = utcnow()


def _describe(favourite: Favourite, typed: Mapping[str, str], by: User) -> None:
    name = audiences.name_from(typed)
    others = select(Favourite.name).where(
        Favourite.user_id == favourite.user_id,
        Favourite.dataset == favourite.dataset,
        Favourite.deleted_at.is_(None),
        Favourite.id != (favourite.id or 0),
    )
    with session.no_autoflush:
        if fold(name) in {fold(other) for other in session.scalars(others)}:
            raise Invalid({"name": NAME_TAKEN})
        own = {team.id for team in by.teams} | {favourite.team_id}
        favourite.audience, favourite.team_id = audiences.audience_from(typed, teams=own)
    favourite.name, favourite.updated_at = name, utcnow()


def _remember(favourite: Favourite, question: Question, by: User) -> None:
    plain = _plain(question)
    focus = tuple(
        (dimension, selections.lend(number, favourite.id, favourite.user_id, by=by))
        for dimension, number in plain.focus
    )
    favourite.args = replace(plain, focus=focus).to_args()
    favourite.updated_at = utcnow()


def _plain(question: Question) -> Question:
    """The question without what belongs to a visit: the page, the selection, where it came from."""
    return replace(question, page=1, selection=None, favourite=None)
