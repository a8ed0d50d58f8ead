"""What people said about uncertain rows, kept so that the next plan of a row asks no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import joinedload

from crmapp.db import session, unit_of_work, utcnow
from crmapp.db.bulk import insert_into, is_one_of
from crmapp.domain.matching import Answer
from crmapp.domain.permissions import Right
from crmapp.domain.plan import PlanRow
from crmapp.errors import Forbidden, NotFound
from crmapp.models import Account, CrmMapping, MatchAnswer, MatchQuestion, PlanDecision, Run, User
from crmapp.models.feed import LEDGER
from crmapp.services.identities import SystemNames

RIGHT = Right.GRID_ADD_UPDATE_ACCOUNTS
PAGE = 50
_UPDATE, _SKIP = "update", "skip"
_KEY = ("system", "object", "external_id")


def read(keys: Sequence[str], identity: Sequence[str] | None) -> dict[str, Answer]:
    """Return key → what was said of that row; an answer that names a deleted account is void."""
    if identity is None:
        return {}
    kept = MatchAnswer.__table__.c
    living = or_(kept.account_id.is_(None), Account.deleted_at.is_(None))
    query = (
        select(kept.external_id, kept.choice, kept.account_id, kept.different)
        .outerjoin(Account, Account.id == kept.account_id)
        .where(kept.system == identity[0], kept.object == identity[1], living)
        .where(is_one_of(kept.external_id, list(keys)))
    )
    return {
        row.external_id: Answer(row.account_id, frozenset(row.different), row.choice == _SKIP)
        for row in session.execute(query)
    }


def from_decisions(
    run: Run, rows: Iterable[PlanRow], decided: Mapping[int, PlanDecision]
) -> list[dict[str, Any]]:
    """Return what is to be kept of the decisions about uncertain ``rows`` of the run's plan."""
    if not run.source.get("identity"):
        return []
    system, object_ = run.source["identity"]
    found = []
    for row in rows:
        decision = decided[row.row_no]
        candidates = list(row.params.get("candidates", ()))
        said = {
            "choice": decision.choice,
            "account_id": decision.record_id,
            "different": [] if decision.choice == _UPDATE else candidates,
            "run_id": run.id,
            "by_id": decision.by_id,
        }
        key = dict(zip(_KEY, (system, object_, row.key), strict=True))
        found.append(key | said | {"name": row.name, "at": utcnow()})
    return found


def different(system: str, object_: str, external_id: str) -> list[int]:
    """Return from which accounts a row was said to differ."""
    kept = MatchAnswer.__table__.c
    query = select(kept.different).where(
        kept.system == system, kept.object == object_, kept.external_id == external_id
    )
    return list(session.scalar(query) or ())


def wait_for_others() -> None:
    """Inside a unit of work: be alone with the open questions of feeds.

    Whoever asks holds the row of her CRM mapping: what is answered is not asked again by a plan
    that was made before.
    """
    session.execute(select(CrmMapping.id).order_by(CrmMapping.id).with_for_update()).all()


def settle(key: Sequence[str], *, settled: bool) -> set[int]:
    """Inside a unit of work: take a row out of the match inbox, or put it back; where it was asked.

    ``key`` is its identity; the next runs of these CRM mappings decide about it anew.
    """
    system, object_, external_id = key
    if not system.startswith(LEDGER):
        return set()
    asked = (
        MatchQuestion.source_id == int(system.removeprefix(LEDGER)),
        MatchQuestion.object == object_,
        MatchQuestion.external_id == external_id,
    )
    changed = update(MatchQuestion).where(*asked).values(settled=settled, again=True)
    return set(session.scalars(changed.returning(MatchQuestion.mapping_id)))


def keep(answers: Iterable[Mapping[str, Any]]) -> None:
    """Inside a unit of work: keep the answers; a new one takes the place of that before it."""
    for answer in answers:
        anew = {name: value for name, value in answer.items() if name not in _KEY}
        session.execute(
            insert_into(MatchAnswer)
            .values(**answer)
            .on_conflict_do_update(index_elements=_KEY, set_=anew)
        )


def may(by: User) -> bool:
    """Whether ``by`` may see the answers, and withdraw them."""
    return by.can(RIGHT) or by.can(Right.INTEGRATION_MANAGE)


def _need(by: User) -> None:
    if not may(by):
        raise Forbidden(RIGHT)


@dataclass(frozen=True)
class Shown:
    """An answer as a person reads it; ``account`` is the one it names, if she may see that."""

    answer: MatchAnswer
    system: str
    account: Account | None


def listed(*, by: User, locale: str, before: int | None = None) -> list[Shown]:
    """Return a page of the answers, and one more if there are more; newest first.

    Raises:
        Forbidden: ``by`` lacks the right.
    """
    _need(by)
    query = select(MatchAnswer).options(joinedload(MatchAnswer.by))
    if before is not None:
        query = query.where(MatchAnswer.id < before)
    answers = list(session.scalars(query.order_by(MatchAnswer.id.desc()).limit(PAGE + 1)))
    named = [each.account_id for each in answers if each.account_id is not None]
    seen = select(Account).where(Account.id.in_(named), Account.visible_to(by))
    accounts = {account.id: account for account in session.scalars(seen)}
    names = SystemNames(locale)
    return [
        Shown(
            each,
            names.of(each.system, each.object),
            accounts.get(each.account_id or 0),
        )
        for each in answers
    ]


def withdraw(answer_id: int, *, by: User) -> None:
    """Forget an answer: the next plan of its row asks again.

    Raises:
        Forbidden: ``by`` lacks the right.
        NotFound: there is no such answer.
    """
    _need(by)
    with unit_of_work():
        wait_for_others()
        kept = MatchAnswer.__table__.c
        gone = delete(MatchAnswer).where(kept.id == answer_id)
        key = session.execute(gone.returning(*(kept[name] for name in _KEY))).one_or_none()
        if key is None:
            raise NotFound
        settle(key, settled=False)
