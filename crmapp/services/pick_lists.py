"""The values that fields may take, as people read them and as sources name them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    CompoundSelect,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
    union_all,
)

from crmapp.db import session, while_unchanged
from crmapp.domain.fields import Lookups
from crmapp.domain.search import fold
from crmapp.models import Account, PickList, PickListValue, Team, User

Meaning = TypeVar("Meaning", str, int)


def choices(
    list_code: str, locale: str, *, keep: str | Collection[str] | None = None
) -> list[tuple[str, str]]:
    """Return (code, label) of the values that may be chosen, in the order of the list.

    ``keep`` is what a record has: it stays in the list even when it is inactive or was deleted.
    """
    kept = (keep,) if isinstance(keep, str) else keep or ()
    offered = and_(PickListValue.active, PickListValue.deleted_at.is_(None))
    query = (
        select(PickListValue)
        .where(PickListValue.list_code == list_code, or_(offered, PickListValue.code.in_(kept)))
        .order_by(PickListValue.position, PickListValue.id)
    )
    values = session.scalars(query)
    return [(each.code, each.label(locale)) for each in values]


def everything() -> list[tuple[str, list[PickListValue]]]:
    """Return (list code, its values in their order) of all lists that are not deleted."""
    found: dict[str, list[PickListValue]] = {
        code: []
        for code in session.scalars(
            select(PickList.code).where(PickList.deleted_at.is_(None)).order_by(PickList.code)
        )
    }
    order = (PickListValue.position, PickListValue.id)
    for value in session.scalars(
        select(PickListValue).where(PickListValue.deleted_at.is_(None)).order_by(*order)
    ):
        if value.list_code in found:
            found[value.list_code].append(value)
    return list(found.items())


def defaults() -> dict[str, str]:
    """Return list code → the code of its default value, of the lists that have one."""
    query = select(PickListValue.list_code, PickListValue.code).where(
        PickListValue.is_default, PickListValue.active, PickListValue.deleted_at.is_(None)
    )
    return {row.list_code: row.code for row in session.execute(query)}


def labels(locale: str) -> Mapping[str, Mapping[str, str]]:
    """Return list code → value's code → label, of all values that ever were."""
    return while_unchanged(("labels", locale), lambda: _labels(locale))


def _labels(locale: str) -> dict[str, dict[str, str]]:
    label = PickListValue.label_fr if locale == "fr" else PickListValue.label_en
    found: dict[str, dict[str, str]] = {}
    for list_code, code, text in session.execute(
        select(PickListValue.list_code, PickListValue.code, label)
    ):
        found.setdefault(list_code, {})[code] = text
    return found


def people(*, keep: int | None = None) -> list[tuple[int, str]]:
    """Return (id, name) of the people who may own something, by name."""
    found = session.execute(_people(), {"keep": keep})
    return sorted(((id_, name) for id_, name in found), key=_by_name)


def people_and_teams(
    *, keep: int | None = None
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Return what accounts are asked for by, in one question: people, and teams.

    Those who left are among the people as long as they own accounts: somebody has to take over.
    """
    people_, teams_ = while_unchanged(
        ("people and teams", keep), lambda: _by_kind(_people_and_teams(everybody=False), keep=keep)
    )
    return sorted(people_, key=_by_name), sorted(teams_, key=_by_name)


def all_people_and_teams() -> tuple[Sequence[tuple[int, str]], Sequence[tuple[int, str]]]:
    """Return (id, name) of everybody, those who left included, and of all teams."""
    return while_unchanged(
        "all people and teams", lambda: _by_kind(_people_and_teams(everybody=True))
    )


def names_of_all() -> tuple[Mapping[int, str], Mapping[int, str]]:
    """Return id → name of everybody, those who left included, and of all teams."""

    def read() -> tuple[Mapping[int, str], Mapping[int, str]]:
        people_, teams_ = all_people_and_teams()
        return dict(people_), dict(teams_)

    return while_unchanged("names of all", read)


def _by_kind(
    query: CompoundSelect[Any], **values: int | None
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {"user": [], "team": []}
    for kind, id_, name in session.execute(query, values):
        found[kind].append((id_, name))
    return found["user"], found["team"]


@cache
def _people_and_teams(*, everybody: bool) -> CompoundSelect[Any]:
    user, team = User.__table__.c, Team.__table__.c
    owners = select(literal_column("'user'"), user.id, user.name)
    if not everybody:
        account = Account.__table__.c
        left_some = exists().where(account.owner_id == user.id, account.deleted_at.is_(None))
        owners = owners.where(or_(user.active, user.id == bindparam("keep"), left_some))
    return union_all(owners, select(literal_column("'team'"), team.id, team.name))


@cache
def _people() -> Select[int, str]:
    user = User.__table__.c
    return select(user.id, user.name).where(user.active | (user.id == bindparam("keep")))


def teams() -> list[tuple[int, str]]:
    """Return (id, name) of the teams, by name."""
    return sorted(((id_, name) for id_, name in session.execute(names(Team))), key=_by_name)


@cache
def names(model: type[User] | type[Team]) -> Select[int, str]:
    """Ask for (id, name) of all people or teams; made once, since each page of a list asks."""
    columns = model.__table__.c
    return select(columns.id, columns.name)


def lookups(*, ids: bool = False) -> Lookups:
    """Return what words mean: codes and labels of lists, people by e-mail or name, teams by name.

    A value that was deleted still has its words where no other has them, and is retired like an
    inactive one. A word that means two people means nobody. With ``ids``, for forms, people and
    teams are known by their ids as well.
    """
    users = session.execute(select(User.id, User.name, User.email)).all()
    teams_ = session.execute(select(Team.id, Team.name)).all()
    by_name = _unambiguous((name, id_) for id_, name, _email in users)
    by_email = _unambiguous((email, id_) for id_, _name, email in users)
    by_team = _unambiguous((name, id_) for id_, name in teams_)
    words, retired = _pick_list_words()
    return Lookups(
        words,
        by_name | by_email | ({str(row[0]): row[0] for row in users} if ids else {}),
        by_team | ({str(row[0]): row[0] for row in teams_} if ids else {}),
        retired,
    )


def words_of(list_code: str | None) -> Lookups:
    """Return what the words of one list mean, and nothing else; without a list, nothing at all."""
    if not list_code:
        return Lookups()
    words, retired = while_unchanged(("words", list_code), lambda: _pick_list_words(list_code))
    return Lookups(words, retired=retired)


def _pick_list_words(
    only: str | None = None,
) -> tuple[dict[str, dict[str, str]], dict[str, frozenset[str]]]:
    """Return per list what its words mean, and the codes that are offered no more."""
    value = PickListValue.__table__.c
    offered = and_(value.active, value.deleted_at.is_(None)).label("offered")
    query = select(
        value.list_code, value.code, value.label_en, value.label_fr, value.deleted_at, offered
    )
    if only is not None:
        query = query.where(value.list_code == only)
    values: dict[str, list[Row[Any]]] = {}
    for row in session.execute(query):
        values.setdefault(row.list_code, []).append(row)
    words: dict[str, dict[str, str]] = {}
    retired: dict[str, frozenset[str]] = {}
    for list_code, rows in values.items():
        living = [row for row in rows if row.deleted_at is None]
        words[list_code] = _words(rows) | _words(living)
        retired[list_code] = frozenset(row.code for row in rows if not row.offered)
    return words, retired


def _words(rows: Sequence[Row[Any]]) -> dict[str, str]:
    spoken = _unambiguous((word, row.code) for row in rows for word in (row.label_en, row.label_fr))
    return spoken | {fold(row.code): row.code for row in rows}


def _unambiguous(words: Iterable[tuple[str, Meaning]]) -> dict[str, Meaning]:
    meanings: dict[str, set[Meaning]] = {}
    for word, meaning in words:
        meanings.setdefault(fold(word), set()).add(meaning)
    return {word: found.pop() for word, found in meanings.items() if len(found) == 1}


def _by_name(choice: tuple[int, str]) -> tuple[str, int]:
    return fold(choice[1]), choice[0]
