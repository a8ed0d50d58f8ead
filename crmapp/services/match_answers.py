"""What people said about uncertain rows, kept so that the next plan of a row asks no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import joinedload

from crmapp.db import session, unit_of_work, utcnow
from crmapp.db.bulk import insert_into, is_one_of
from crmapp.domain.matching import Answer
from crmapp.domain.permissions import Right
from crmapp.domain.plan import PlanRow
from crmapp.errors import Forbidden, NotFound
from crmapp.models import Account, MatchAnswer, PlanDecision, Run, User
from crmapp.services.identities import system_name

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


def keep(answers: Iterable[Mapping[str, Any]]) -> None:
    """Inside a unit of work: keep the answers; a new one takes the place of that before it."""
    for answer in answers:
        anew = {name: value for name, value in answer.items() if name not in _KEY}
        session.execute(
            insert_into(MatchAnswer)
            .values(**answer)
            .on_conflict_do_update(index_elements=_KEY, set_=anew)
        )


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
    if not by.can(RIGHT):
        raise Forbidden(RIGHT)
    query = select(MatchAnswer).options(joinedload(MatchAnswer.by))
    if before is not None:
        query = query.where(MatchAnswer.id < before)
    answers = list(session.scalars(query.order_by(MatchAnswer.id.desc()).limit(PAGE + 1)))
    named = [each.account_id for each in answers if each.account_id is not None]
    seen = select(Account).where(Account.id.in_(named), Account.visible_to(by))
    accounts = {account.id: account for account in session.scalars(seen)}
    return [
        Shown(
            each,
            system_name(each.system, each.object, locale),
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
    if not by.can(RIGHT):
        raise Forbidden(RIGHT)
    with unit_of_work():
        gone = delete(MatchAnswer).where(MatchAnswer.id == answer_id).returning(MatchAnswer.id)
        if session.execute(gone).scalar() is None:
            raise NotFound
