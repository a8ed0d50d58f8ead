"""What people decide about the rows of a plan whose account is not certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from sqlalchemy import delete, select

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Reason
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.runs import Status
from crmapp.errors import Conflict, Invalid
from crmapp.i18n import N_, Text
from crmapp.models import Account, PlanDecision, Run, User
from crmapp.services import upserts

ACTIVE = ", ".join(f"'{a}'" for a in (Planned.CREATE, Planned.UPDATE, Planned.UNCHANGED))
"""The actions that mean an account, as SQL has them."""


class Choice(StrEnum):
    """What a person may say about a row."""

    UPDATE = "update"
    CREATE = "create"
    SKIP = "skip"


def of(run_id: int) -> dict[int, PlanDecision]:
    """Return row number → what was decided about its account."""
    about = (PlanDecision.run_id == run_id, PlanDecision.field == "")
    found = session.scalars(select(PlanDecision).where(*about))
    return {each.row_no: each for each in found}


def decide(run_id: int, answers: Mapping[int, str], *, plan_hash: str, by: User) -> int:
    """Keep answers about rows of the plan that ``by`` has looked at; return how many changed.

    An answer is ``update:<account>``, ``create``, ``skip``, or empty to take a decision back.

    Raises:
        Conflict: the plan was made anew or has been started.
        Invalid: an answer that the row does not offer; ``row-<number>`` names it.
    """
    run = upserts.get(run_id, by=by)
    check_open(run, plan_hash)
    chosen = {row_no: _read(answer) for row_no, answer in answers.items()}
    person = by.id
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        offered = _offered(plan, list(answers), by)
        used = meant(plan, [account for _, account in chosen.values() if account])
    with unit_of_work():
        run = session.get_one(Run, run_id, with_for_update=True)
        check_open(run, plan_hash)
        return _keep(run_id, chosen, offered, used, person)


def check_open(run: Run, plan_hash: str) -> None:
    """Refuse decisions about a plan that is not the one that was looked at.

    Raises:
        Conflict
    """
    if run.status != Status.PLANNED or run.plan_hash != plan_hash:
        raise Conflict(
            {}, message=N_("This plan was made anew or has been started. Look at it again.")
        )


def _read(answer: str) -> tuple[str, int | None]:
    choice, _, account = answer.partition(":")
    if choice == Choice.UPDATE and account.isdecimal() and len(account) < 10:
        return choice, int(account)
    return (answer, None) if answer in (Choice.CREATE, Choice.SKIP, "") else ("unknown", None)


def _offered(plan: PlanFile, row_nos: Sequence[int], by: User) -> dict[int, set[int]]:
    """Return row number → the candidates that ``by`` may see, of the rows that are undecided."""
    rows = plan.rows(
        "action = 'ambiguous' AND list_contains(?, row_no)", [list(row_nos)], len(row_nos)
    )
    named = {row["row_no"]: set(row["params"].get("candidates", ())) for row in rows}
    every = set().union(*named.values())
    known = select(Account.id).where(Account.id.in_(every), Account.visible_to(by))
    seen = set(session.scalars(known))
    return {row_no: candidates & seen for row_no, candidates in named.items()}


def meant(plan: PlanFile, accounts: Sequence[int]) -> dict[int, int]:
    """Return account → the first row that the plan itself has for it, of ``accounts``."""
    return dict(
        plan.ask(
            "SELECT record_id, min(row_no) FROM plan"  # noqa: S608  (our own constant)
            f" WHERE action IN ({ACTIVE}) AND list_contains(?, record_id) GROUP BY record_id",
            [list(accounts)],
        )
    )


def _keep(
    run_id: int,
    chosen: Mapping[int, tuple[str, int | None]],
    offered: Mapping[int, set[int]],
    used: Mapping[int, int],
    person: int,
) -> int:
    before = of(run_id)
    others = {d.record_id: n for n, d in before.items() if d.record_id and n not in chosen}
    taken, changed, wrong = {**others, **used}, 0, {}
    for row_no, (choice, account) in chosen.items():
        if row_no not in offered or (
            choice == "unknown" or (account and account not in offered[row_no])
        ):
            wrong[f"row-{row_no}"] = Text(N_("Choose one of the answers that this row offers."))
        elif account in taken:
            wrong[f"row-{row_no}"] = Text(
                N_("Row %(row)s is about this account already. Choose another answer."),
                {"row": taken[account]},
            )
        else:
            changed += _write(run_id, row_no, choice, account, before.get(row_no), person)
            taken |= {account: row_no} if account else {}
    if wrong:
        raise Invalid(wrong)
    return changed


def _write(
    run_id: int,
    row_no: int,
    choice: str,
    account: int | None,
    now: PlanDecision | None,
    person: int,
) -> bool:
    if now is not None and (now.choice, now.record_id) == (choice, account):
        return False
    if not choice:
        if now is not None:
            session.delete(now)
        return now is not None
    if now is None:
        now = PlanDecision(run_id=run_id, row_no=row_no, choice=choice, by_id=person)
        session.add(now)
    now.choice, now.record_id, now.by_id = choice, account, person
    return True


def outlived(run_id: int, before: Sequence[str], after: Sequence[str]) -> list[int]:
    """Return the rows whose decisions a new plan does not keep.

    A decision lives on if its row, in the plan ``after``, is still uncertain between the same
    accounts as in the plan ``before``, on which it was made. Both are the names of files.
    """
    decided = sorted(of(run_id))
    if not decided:
        return []
    was = _uncertain(before, decided) if before else {}
    now = _uncertain(after, decided)
    return [row_no for row_no in decided if was.get(row_no) != now.get(row_no) or row_no not in now]


def _uncertain(
    parts: Sequence[str], row_nos: Sequence[int]
) -> dict[int, tuple[str, frozenset[int]]]:
    with artefacts.read(parts) as plan:
        rows = plan.rows(
            "action = 'ambiguous' AND list_contains(?, row_no)", [list(row_nos)], len(row_nos)
        )
    return {row["row_no"]: (row["key"], frozenset(row["params"]["candidates"])) for row in rows}


def forget(run_id: int, row_nos: Sequence[int]) -> None:
    """Inside a unit of work: take back the decisions about ``row_nos``."""
    if row_nos:
        session.execute(
            delete(PlanDecision).where(
                PlanDecision.run_id == run_id,
                PlanDecision.field == "",
                PlanDecision.row_no.in_(row_nos),
            )
        )


def undecidable(run_id: int, parts: Sequence[str]) -> list[int]:
    """Return the decided rows that are not uncertain in the plan ``parts``."""
    decided = sorted(of(run_id))
    if not decided:
        return []
    with artefacts.read(parts) as plan:
        found = plan.ask(
            "SELECT row_no FROM plan WHERE action = 'ambiguous' AND list_contains(?, row_no)",
            [decided],
        )
    return sorted(set(decided) - {row_no for (row_no,) in found})


def once_each(plan: PlanFile, rows: Sequence[PlanRow]) -> list[PlanRow]:
    """Reject a decided row that names an account which another row of the plan has already."""
    accounts = meant(plan, [row.record_id for row in rows if row.record_id])
    words = dict(
        plan.ask(
            "SELECT match, min(row_no) FROM plan"  # noqa: S608  (our own constant)
            f" WHERE action IN ({ACTIVE}) AND list_contains(?, match) GROUP BY match",
            [[row.match for row in rows if row.match]],
        )
    )
    return [_once(row, accounts, words) for row in rows]


def _once(row: PlanRow, accounts: dict[int, int], words: dict[str, int]) -> PlanRow:
    if row.action not in (Planned.CREATE, Planned.UPDATE, Planned.UNCHANGED):
        return row
    first = accounts.get(row.record_id or 0) or words.get(row.match or "")
    if first is not None:
        return row._replace(
            action=Planned.REJECTED,
            reason=Reason.ALREADY_MEANT,
            params={"row": first},
            link=False,
        )
    if row.record_id is not None:
        accounts[row.record_id] = row.row_no
    if row.match is not None:
        words[row.match] = row.row_no
    return row
