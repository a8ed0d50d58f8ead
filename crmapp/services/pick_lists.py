"""The values that fields may take, as people read them and as sources name them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TypeVar

from sqlalchemy import Select, bindparam, select

from crmapp.db import session
from crmapp.domain.fields import Lookups
from crmapp.domain.search import fold
from crmapp.models import PickListValue, Team, User

Meaning = TypeVar("Meaning", str, int)


def choices(list_code: str, locale: str, *, keep: str | None = None) -> list[tuple[str, str]]:
    """Return (code, label) of the values that may be chosen, in the order of the list.

    ``keep`` is the value that a record has: it stays in the list even when it is inactive.
    """
    query = (
        select(PickListValue)
        .where(PickListValue.list_code == list_code, PickListValue.deleted_at.is_(None))
        .order_by(PickListValue.position, PickListValue.id)
    )
    values = session.scalars(query)
    return [(each.code, each.label(locale)) for each in values if each.active or each.code == keep]


def labels(locale: str) -> dict[str, dict[str, str]]:
    """Return list code → value's code → label, of all values that ever were."""
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

    A word that means two people means nobody. With ``ids``, for forms, people and teams are known
    by their ids as well.
    """
    users = session.execute(select(User.id, User.name, User.email)).all()
    teams_ = session.execute(select(Team.id, Team.name)).all()
    by_name = _unambiguous((name, id_) for id_, name, _email in users)
    by_email = _unambiguous((email, id_) for id_, _name, email in users)
    by_team = _unambiguous((name, id_) for id_, name in teams_)
    return Lookups(
        _pick_list_words(),
        by_name | by_email | ({str(row[0]): row[0] for row in users} if ids else {}),
        by_team | ({str(row[0]): row[0] for row in teams_} if ids else {}),
    )


def _pick_list_words() -> dict[str, dict[str, str]]:
    values = session.execute(
        select(
            PickListValue.list_code,
            PickListValue.code,
            PickListValue.label_en,
            PickListValue.label_fr,
        ).where(PickListValue.deleted_at.is_(None))
    ).all()
    found: dict[str, dict[str, str]] = {}
    for code in sorted({row.list_code for row in values}):
        rows = [row for row in values if row.list_code == code]
        spoken = _unambiguous((word, row.code) for row in rows for word in row[2:])
        found[code] = spoken | {fold(row.code): row.code for row in rows}
    return found


def _unambiguous(words: Iterable[tuple[str, Meaning]]) -> dict[str, Meaning]:
    meanings: dict[str, set[Meaning]] = {}
    for word, meaning in words:
        meanings.setdefault(fold(word), set()).add(meaning)
    return {word: found.pop() for word, found in meanings.items() if len(found) == 1}


def _by_name(choice: tuple[int, str]) -> tuple[str, int]:
    return fold(choice[1]), choice[0]
