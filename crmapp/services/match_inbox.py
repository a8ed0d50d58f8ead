"""The match inbox: customers of sources of whom a person has to say which account they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select, update

from crmapp.db import LARGEST_ID, session, unit_of_work, utcnow
from crmapp.db.bulk import is_one_of
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Invalid
from crmapp.i18n import N_, Text
from crmapp.models import (
    Account,
    CrmMapping,
    FeedSource,
    MatchAnswer,
    MatchCandidate,
    MatchQuestion,
    User,
)
from crmapp.services import match_answers, match_questions
from crmapp.services.decisions import Choice
from crmapp.services.match_inbox_rows import Question, shown
from crmapp.services.rights import need

RIGHT = Right.INTEGRATION_MANAGE
PAGE = 10
_STRANGE = N_("Choose one of the answers that this customer offers.")
_NO_DAY = N_("Choose a day after today.")
_SAID = {
    "update": N_("“%(name)s” was answered by %(person)s: the same as “%(account)s”."),
    "create": N_(
        "“%(name)s” was answered by %(person)s: different, it gets an account of its own."
    ),
    "skip": N_("“%(name)s” was answered by %(person)s: it is always skipped."),
}
_GONE = N_("“%(name)s” needs no answer any more.")
_CHANGED = N_("“%(name)s” or its candidates have changed since you looked. Look again.")


class Say(StrEnum):
    """What a person may say about a customer."""

    SAME = "same"
    DIFFERENT = "different"
    LATER = "later"
    SKIP = "skip"


@dataclass(frozen=True)
class Reply:
    """What she says of a question; ``version`` is the one that she looked at.

    ``account`` is the one that it is the same as, ``until`` to when it is put off, ``name`` what it
    was called when she looked.
    """

    say: str
    version: int
    account: int = 0
    until: datetime | None = None
    name: str = ""


class AnsweredMeanwhile(Conflict):
    """Some of the questions were answered, changed or went away; ``said`` has a sentence each."""

    def __init__(self, said: Sequence[Text]) -> None:
        self.said = said
        super().__init__({}, message=N_("Nothing of what you chose is kept yet."))


@dataclass(frozen=True)
class Box:
    """What of the inbox is asked for; ``later``: what is put off."""

    mapping: int | None = None
    source: int | None = None
    later: bool = False


class Waiting(NamedTuple):
    """Answers of a CRM mapping that its next run carries out."""

    mapping: int
    name: str
    number: int


@dataclass(frozen=True)
class Shown:
    """A page of the inbox; ``first`` is the place of its first question, from 1."""

    questions: Sequence[Question]
    first: int
    count: int
    open: int
    later: int
    waiting: Sequence[Waiting]
    mappings: Sequence[tuple[int, str]]
    sources: Sequence[tuple[int, str]]


def count(*, by: User) -> int:
    """Return how many customers wait for an answer; none for who may not give one."""
    return _count(_where(Box())) if by.can(RIGHT) else 0


def listed(box: Box, page: int, *, by: User, locale: str) -> Shown:
    """Return a page of the inbox, the oldest first.

    Raises:
        Forbidden: ``by`` lacks the right.
    """
    need(RIGHT, by=by)
    open_, later = (_count(_where(Box(box.mapping, box.source, each))) for each in (False, True))
    number = later if box.later else open_
    skipped = PAGE * (min(page, max(1, -(-number // PAGE))) - 1)
    query = select(MatchQuestion).where(*_where(box)).order_by(MatchQuestion.id)
    found = list(session.scalars(query.offset(skipped).limit(PAGE)))
    return Shown(
        shown(found, by=by, locale=locale),
        skipped + 1,
        number,
        open_,
        later,
        _waiting(),
        _named(CrmMapping, MatchQuestion.mapping_id),
        _named(FeedSource, MatchQuestion.source_id),
    )


def _where(box: Box) -> list[ColumnElement[bool]]:
    now = utcnow()
    put_off = MatchQuestion.later_until > now
    open_ = or_(MatchQuestion.later_until.is_(None), ~put_off, match_questions.touched())
    later = put_off & ~match_questions.touched()
    found = [~MatchQuestion.settled, later if box.later else open_]
    if box.mapping is not None:
        found.append(MatchQuestion.mapping_id == box.mapping)
    if box.source is not None:
        found.append(MatchQuestion.source_id == box.source)
    return found


def _count(where: Sequence[ColumnElement[bool]]) -> int:
    return session.scalar(select(func.count()).select_from(MatchQuestion).where(*where)) or 0


def _waiting() -> list[Waiting]:
    """Return the CRM mappings that have answers to carry out."""
    due = (MatchQuestion.settled, MatchQuestion.again)
    query = (
        select(CrmMapping.id, CrmMapping.name, func.count())
        .join(MatchQuestion, MatchQuestion.mapping_id == CrmMapping.id)
        .where(*due)
        .group_by(CrmMapping.id, CrmMapping.name)
        .order_by(CrmMapping.name)
    )
    return [Waiting(*row) for row in session.execute(query)]


def _named(model: Any, column: Any) -> list[tuple[int, str]]:
    """Return id and name of what questions are of, for the filters."""
    used = select(column).where(~MatchQuestion.settled)
    query = select(model.id, model.name).where(model.id.in_(used)).order_by(model.name)
    return [(row.id, row.name) for row in session.execute(query)]


def answer(replies: Mapping[int, Reply], *, by: User) -> list[int]:
    """Keep what is said of questions; return the CRM mappings whose next run carries it out.

    All are kept or none. Who says what was said already says nothing new.

    Raises:
        Forbidden
        Invalid: question → what is wrong with its answer; ``until-…`` of the day.
        AnsweredMeanwhile: somebody else was quicker, or a question has changed.
    """
    need(RIGHT, by=by)
    with unit_of_work():
        # one at a time, and not while a plan asks: else what is answered might be asked again
        match_answers.wait_for_others()
        ids = [id_ for id_ in replies if 0 < id_ <= LARGEST_ID]
        query = select(MatchQuestion).where(is_one_of(MatchQuestion.id, ids))
        questions = {each.id: each for each in session.scalars(query)}
        said = _said([each for each in questions.values() if each.settled])
        left = {
            id_: reply
            for id_, reply in replies.items()
            if id_ not in said or not _agrees(said[id_], reply)
        }
        late = [_late(questions.get(id_), said.get(id_), reply) for id_, reply in left.items()]
        if told := [each for each in late if each is not None]:
            raise AnsweredMeanwhile(told)
        candidates = _check(questions, left, by)
        return _keep(questions, left, candidates, by)


def _said(questions: Sequence[MatchQuestion]) -> dict[int, MatchAnswer]:
    """Return question → the answer that was given."""
    found = {}
    for each in questions:
        system, object_ = each.identity
        known = session.scalar(
            select(MatchAnswer).where(
                MatchAnswer.system == system,
                MatchAnswer.object == object_,
                MatchAnswer.external_id == each.external_id,
            )
        )
        if known is not None:
            found[each.id] = known
    return found


_CHOICES = {Say.SAME: Choice.UPDATE, Say.DIFFERENT: Choice.CREATE, Say.SKIP: Choice.SKIP}


def _agrees(known: MatchAnswer, reply: Reply) -> bool:
    choice = _CHOICES.get(Say(reply.say)) if reply.say in list(Say) else None
    return known.choice == choice and (known.account_id or 0) == reply.account


def _late(question: MatchQuestion | None, known: MatchAnswer | None, reply: Reply) -> Text | None:
    """Say why a reply comes too late, if it does."""
    name = reply.name if question is None else question.name
    if known is not None:
        who: str | Text = known.by.name if known.by else Text(N_("somebody who has left"))
        account = known.account.name if known.account else ""
        return Text(_SAID[known.choice], {"name": name, "person": who, "account": account})
    if question is None or question.settled:
        return Text(_GONE, {"name": name})
    if question.version != reply.version:
        return Text(_CHANGED, {"name": name})
    return None


def _check(
    questions: Mapping[int, MatchQuestion], replies: Mapping[int, Reply], by: User
) -> dict[int, list[int]]:
    """Refuse what cannot be kept; return question → all of its candidates."""
    found = match_questions.candidates_of(list(replies))
    named = {reply.account for reply in replies.values()} - {0}
    alive = (Account.deleted_at.is_(None), Account.visible_to(by))
    open_ = set(session.scalars(select(Account.id).where(Account.id.in_(named), *alive)))
    wrong: dict[str, Text | str] = {}
    for id_, reply in replies.items():
        offered = {account for account, _version in found.get(id_, ())} & open_
        if reply.say not in list(Say) or (reply.say == Say.SAME and reply.account not in offered):
            wrong[f"question-{id_}"] = _STRANGE
        elif reply.say == Say.LATER and (reply.until is None or reply.until <= utcnow()):
            wrong[f"until-{id_}"] = _NO_DAY
    if wrong:
        raise Invalid(wrong)
    return {id_: [account for account, _version in found.get(id_, ())] for id_ in questions}


def _keep(
    questions: Mapping[int, MatchQuestion],
    replies: Mapping[int, Reply],
    candidates: Mapping[int, Sequence[int]],
    by: User,
) -> list[int]:
    """Inside a unit of work: keep the answers, and have the next runs heed them."""
    mappings: set[int] = set()
    for id_, reply in replies.items():
        question = questions[id_]
        if reply.say == Say.LATER:
            question.later_until, question.again = reply.until, True
            _seen(question)
            continue
        (system, object_), key = question.identity, question.external_id
        different = () if reply.say == Say.SAME else candidates[id_]
        said = {
            "choice": _CHOICES[Say(reply.say)].value,
            "account_id": reply.account if reply.say == Say.SAME else None,
            "different": sorted({*different, *match_answers.different(system, object_, key)}),
            "run_id": None,
            "by_id": by.id,
            "name": question.name,
            "at": utcnow(),
        }
        match_answers.keep([{"system": system, "object": object_, "external_id": key, **said}])
        mappings |= match_answers.settle((system, object_, key), settled=True)
    return sorted(mappings)


def _seen(question: MatchQuestion) -> None:
    """Note the candidates as they are now, so that a change of them from now on is noticed."""
    now = select(Account.version).where(Account.id == MatchCandidate.account_id)
    session.execute(
        update(MatchCandidate)
        .where(MatchCandidate.question_id == question.id)
        .values(version=now.scalar_subquery())
        .execution_options(synchronize_session=False)
    )
