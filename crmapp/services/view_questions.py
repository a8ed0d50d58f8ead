"""What a view of the accounts asks, as the arguments of an address; and what of it still can be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from crmapp.db import session
from crmapp.domain import conditions
from crmapp.domain.conditions import Condition, Group
from crmapp.domain.fields import BadValue, Kind, is_custom
from crmapp.errors import Invalid
from crmapp.models import Team, User
from crmapp.services import (
    account_columns,
    account_conditions,
    account_list,
    condition_links,
    fields,
)
from crmapp.services.account_fields import EMPTY
from crmapp.services.account_question import ARGUMENTS, Question

Pairs = list[tuple[str, str]]
_PLACES = {name: place for place, name in enumerate(ARGUMENTS)}
AS_IT_COMES = ("sort", "name")
"""The order that the list has anyway."""


@dataclass(frozen=True)
class Standing:
    """What of a view can be asked: ``living`` arguments, and ``lapsed`` ones.

    Of a built filter or of columns that lapsed, what still can be asked is among the living ones,
    and so is what names an account that is not there: no account meets that. Accounts are named by
    their ids.
    With ``team_gone``, it asks for a team that is no more: no account belongs to it.
    """

    living: Pairs
    lapsed: Pairs
    team_gone: bool


def written(pairs: Iterable[tuple[str, str]]) -> str:
    """Write a list's arguments as a view keeps them: each once, in one order."""
    plain = {(name, value.strip()) for name, value in pairs if value.strip()} - {AS_IT_COMES}
    ordered: Pairs = sorted(plain, key=_place)
    return urlencode(ordered)


def _place(pair: tuple[str, str]) -> tuple[int, tuple[str, str]]:
    return _PLACES.get(pair[0], len(_PLACES)), pair


def read(args: str) -> Pairs:
    """Read what :func:`written` wrote."""
    return parse_qsl(args)


def question_of(pairs: Pairs, *, by: User) -> Question:
    """Return what these arguments ask when ``by`` asks it.

    Raises:
        Invalid: argument → why it cannot be asked.
    """
    return Question.from_pairs(pairs, me=by.id)


def standing(args: str, *, by: User) -> Standing:
    """Find out what of a view's arguments still can be asked.

    Fields are retired, values of pick lists deleted, teams dissolved after a view was saved.
    """
    living, lapsed = read(args), Pairs()
    whole = list(living)
    while True:
        try:
            question = question_of(living, by=by)
            account_list.check(question, by=by)
        except Invalid as invalid:
            gone = [pair for pair in living if pair[0] in invalid.fields]
            if not gone:
                raise
            lapsed += [pair for pair in gone if pair in whole]
            living = [pair for pair in living if pair not in gone]
            living += [("where", rest) for name, text in gone if (rest := _rest(name, text, by))]
        else:
            living = by_ids(living, by=by)
            team_gone = bool(question.team) and session.get(Team, question.team) is None
            return Standing(*_columns(question, living, lapsed), team_gone)


def by_ids(pairs: Pairs, *, by: User) -> Pairs:
    """Return a list's arguments with the ids of the accounts that they name by number or name."""
    return [(name, _by_ids(name, text, by)) for name, text in pairs]


def _by_ids(name: str, text: str, by: User) -> str:
    if is_custom(name):
        spec = fields.of("account").get(name)
        linked = spec is not None and spec.kind is Kind.ACCOUNT and text != EMPTY
        return condition_links.by_id(text.strip(), by=by) if linked else text
    if name != "where":
        return text
    try:
        groups = conditions.read(text)
    except BadValue:
        return text
    kept = account_conditions.by_ids(groups, by=by)
    return text if kept == groups else conditions.write(kept)


def _columns(question: Question, living: Pairs, lapsed: Pairs) -> tuple[Pairs, Pairs]:
    """Tell the columns that are there from those that are gone."""
    if not question.gone:
        return living, lapsed
    whole = [pair for pair in living if pair[0] == "columns"]
    rest = account_columns.written(question.columns)
    left = [("columns", rest)] if rest else []
    return [pair for pair in living if pair not in whole] + left, lapsed + whole


def _rest(name: str, text: str, by: User) -> str:
    """Return what is left of a built filter without the conditions that nobody can ask any more."""
    try:
        groups = conditions.read(text) if name == "where" else ()
    except BadValue:
        return ""
    left = []
    for group in groups:
        living = tuple(each for each in group.conditions if _can_be_asked(each, by))
        if living:
            left.append(Group(living, group.every or len(living) == 1))
    rest = conditions.write(left)
    return rest if rest != text else ""


def _can_be_asked(condition: Condition, by: User) -> bool:
    alone = [("where", conditions.write([Group((condition,))]))]
    try:
        account_list.check(question_of(alone, by=by), by=by)
    except Invalid:
        return False
    return True


def count(args: str, *, by: User) -> tuple[int, bool]:
    """Count the accounts of a view that ``by`` may see, and say whether there are more.

    Raises:
        Invalid: a condition of it cannot be asked any more.
    """
    return account_list.count(question_of(read(args), by=by), by=by)
