"""What must hold after any fault, checked row by row against what was asked and acknowledged.

Each check returns the breaks that it found, as sentences; none means that it holds.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from crmapp.db import session
from crmapp.db.bulk import dialect
from crmapp.domain.fields import freeze, thaw
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.domain.runs import ENDED, Status, receipt
from crmapp.models import Account, Change, ExternalIdentity, MailOutbox, Run, RunException
from tests.faults.clerk import Ledger
from tests.faults.made import KIND, MAPPING, Book

Breaks = Iterator[str]
UNSAID: dict[str, Any] = {"active": True, "tags": []}
"""What an account holds that was created without a word about it."""


def breaks(ledger: Ledger, artefacts: Path) -> list[str]:
    """Return every way in which the database differs from what was asked of it."""
    session.rollback()
    found = Found(ledger, artefacts)
    checks = (
        runs_are_those_asked_for(found),
        receipts_balance(found),
        rows_are_applied_once(found),
        accounts_follow_from_their_changes(found),
        nobody_is_there_twice(found),
        identities_follow_from_the_changes(found),
        edits_are_kept(found),
        undone_is_undone(found),
        each_end_is_one_message(found),
        forms_made_one_account_each(found),
        plans_are_whole(found),
    )
    session.rollback()
    return list(chain.from_iterable(checks))


def breaks_of_any(artefacts: Path) -> list[str]:
    """Return every way in which a database contradicts itself, whatever was asked of it."""
    session.rollback()
    found = Found(Ledger(), artefacts)
    done = {Status.DONE, Status.DONE_WITH_ERRORS}
    runs = ((run_id, run) for run_id, run in found.runs.items() if run["status"] in done)
    checks = (
        tables_are_whole(),
        *(receipt_balances(run_id, run) for run_id, run in runs),
        accounts_follow_from_their_changes(found),
        identities_follow_from_the_changes(found),
        plans_are_whole(found),
    )
    return list(chain.from_iterable(checks))


@dataclass
class Found:
    """What the database holds, read once."""

    ledger: Ledger
    artefacts: Path

    @cached_property
    def runs(self) -> Mapping[int, Mapping[str, Any]]:
        rows = session.execute(select(Run.__table__)).mappings()
        return {row["id"]: row for row in rows}

    @cached_property
    def accounts(self) -> Mapping[int, Mapping[str, Any]]:
        rows = session.execute(select(Account.__table__)).mappings()
        return {row["id"]: row for row in rows}

    @cached_property
    def changes(self) -> Mapping[int, Sequence[Mapping[str, Any]]]:
        """The changes of each account, oldest first."""
        query = select(Change.__table__).where(Change.object == "account").order_by(Change.id)
        found = defaultdict(list)
        for row in session.execute(query).mappings():
            found[row["record_id"]].append(row)
        return found

    @cached_property
    def by_run(self) -> Mapping[int, Sequence[Mapping[str, Any]]]:
        found = defaultdict(list)
        for row in chain.from_iterable(self.changes.values()):
            if row["run_id"]:
                found[row["run_id"]].append(row)
        return found

    @cached_property
    def exceptions(self) -> Mapping[int, int]:
        return Counter(session.scalars(select(RunException.run_id)))

    def ended(self, run_id: int) -> bool:
        return run_id in self.runs and self.runs[run_id]["status"] in ENDED

    def entered(self) -> Iterator[tuple[int, Book]]:
        return (
            (run_id, book) for run_id, book in self.ledger.entered.items() if self.ended(run_id)
        )


def runs_are_those_asked_for(found: Found) -> Breaks:
    asked = set(found.ledger.runs)
    for run_id in asked - found.runs.keys():
        yield f"run {run_id} was acknowledged and is gone"
    for run_id in found.runs.keys() - asked:
        yield f"run {run_id} was not asked for, or a second time"
    fine = {Status.DRAFT, Status.PLANNED, Status.DONE, Status.DONE_WITH_ERRORS, Status.UNDONE}
    for run_id, run in found.runs.items():
        if run["status"] not in fine:
            yield f"run {run_id} is {run['status']}: {run['error']}"
        if run["lease_until"] is not None:
            yield f"run {run_id} is {run['status']} and still held"


def receipts_balance(found: Found) -> Breaks:
    for run_id, run in found.runs.items():
        if found.ended(run_id):
            yield from receipt_balances(run_id, run)
    for run_id, book in found.entered():
        written = found.runs[run_id]["control"].get("credit_limit", {}).get("written")
        if Decimal(written or 0) != book.total():
            yield f"run {run_id} wrote {written} of limits, its rows hold {book.total()}"


def receipt_balances(run_id: int, run: Mapping[str, Any]) -> Breaks:
    if not receipt(run["total"] or 0, run["done"], run["control"]).balances:
        yield f"run {run_id}: {run['done']} of {run['total']} rows, {run['control']}"
    if run["cursor"] != run["total"]:
        yield f"run {run_id} ended at row {run['cursor']} of {run['total']}"


def rows_are_applied_once(found: Found) -> Breaks:
    """Each good row of a book is one change of its account in its run, with the row's values."""
    for run_id, book in found.entered():
        rows = Counter(change["source"].get("key") for change in found.by_run[run_id])
        for key in book.changing() - rows.keys():
            yield f"run {run_id} never applied row {key}"
        for key in rows.keys() - book.changing():
            yield f"run {run_id} applied row {key}, which it should not"
        for key, count in rows.items():
            if count > 1:
                yield f"run {run_id} applied row {key} {count} times"
        yield from _outcomes(found, run_id, book)
        yield from _values(found, run_id, book)


def _outcomes(found: Found, run_id: int, book: Book) -> Breaks:
    good, changing = len(book.good()), len(book.changing())
    expected = {
        "created" if book.wave == 1 else "updated": changing,
        "unchanged": good - changing,
        "rejected": book.size - good,
    }
    done = {name: count for name, count in found.runs[run_id]["done"].items() if count}
    if done != {name: count for name, count in expected.items() if count}:
        yield f"run {run_id} says {done}, its rows say {expected}"
    if found.exceptions.get(run_id):
        yield f"run {run_id} left out {found.exceptions[run_id]} rows"


def _values(found: Found, run_id: int, book: Book) -> Breaks:
    good = book.good()
    for change in found.by_run[run_id]:
        cells = good.get(change["source"].get("key"), {})
        for name, (_before, after) in change["fields"].items():
            cell = cells.get(MAPPING.columns[name])
            if str(thaw(ACCOUNT_FIELDS[name], after)) != str(cell):
                yield f"run {run_id} wrote {after!r} from {cell!r} as {name}"


def accounts_follow_from_their_changes(found: Found) -> Breaks:
    """An account is what its changes, one after the other, made of it: none lost, none half."""
    for account_id, account in found.accounts.items():
        changes = found.changes[account_id]
        versions = [change["version"] for change in changes if change["action"] != "linked"]
        if versions != list(range(1, len(versions) + 1)) or account["version"] != len(versions):
            yield f"account {account_id} has version {account['version']}, changes {versions}"
        state: dict[str, Any] = {}
        last: dict[str, int] = {}
        for change in changes:
            for name, (before, after) in change["fields"].items():
                if state.get(name) != before:
                    yield f"account {account_id}: change {change['id']} overwrote {name} unseen"
                state[name], last[name] = after, change["id"]
            if change["action"] == "created":
                state = UNSAID | state
        held = {**account, **account["custom"]}
        for name, value in state.items():
            if freeze(held.get(name)) != value:
                yield f"account {account_id} has {name} {held.get(name)!r}, its changes {value!r}"
        if {name: account["lineage"].get(name) for name in last} != last:
            yield f"account {account_id} misnames where its values come from"
        gone = bool(changes) and changes[-1]["action"] == "deleted"
        if gone != (account["deleted_at"] is not None):
            yield f"account {account_id} is deleted without a change, or the other way round"
    for account_id in found.changes.keys() - found.accounts.keys():
        yield f"account {account_id} has changes and no row"


def nobody_is_there_twice(found: Found) -> Breaks:
    alive = [row for row in found.accounts.values() if row["deleted_at"] is None]
    numbers = Counter(row["number"] for row in alive if row["number"])
    for number, count in numbers.items():
        if count > 1:
            yield f"account {number} is there {count} times"
    for identity in session.execute(select(ExternalIdentity.__table__)).mappings():
        account = found.accounts.get(identity["account_id"])
        if identity["system"] == KIND and (
            account is None or account["number"] != identity["external_id"]
        ):
            yield f"identity {identity['external_id']} names the wrong account"


def identities_follow_from_the_changes(found: Found) -> Breaks:
    """The ledger is what the links in the changes, one after the other, made of it."""
    ledger: dict[tuple[str, str, str], tuple[int, int]] = {}
    for change in sorted(chain.from_iterable(found.changes.values()), key=lambda row: row["id"]):
        for system, object_, external_id, before, after in change["links"]:
            key = (system, object_, external_id)
            if ledger.get(key, (None, 0))[0] != before:
                yield f"change {change['id']} moved {external_id} unseen"
            ledger.pop(key, None)
            if after is not None:
                ledger[key] = (after, change["id"])
    rows = session.execute(select(ExternalIdentity.__table__)).mappings()
    present = {
        (row["system"], row["object"], row["external_id"]): (row["account_id"], row["change_id"])
        for row in rows
    }
    for key in ledger.keys() | present.keys():
        if ledger.get(key) != present.get(key):
            yield f"identity {key} is {present.get(key)}, its changes say {ledger.get(key)}"


def edits_are_kept(found: Found) -> Breaks:
    """What a person was told is saved is there: as her change, and as the field's last value."""
    latest = {(edit.account_id, edit.field): edit.value for edit in found.ledger.edits}
    for (account_id, name), value in latest.items():
        account = found.accounts.get(account_id)
        if account is None or account[name] != value or account["deleted_at"] is not None:
            yield f"account {account_id} lost the edit {name} = {value!r}"


def undone_is_undone(found: Found) -> Breaks:
    """Each change of an undone run is taken back once, except where somebody changed it since."""
    for undo_id, undone_id in found.ledger.undone.items():
        if not found.ended(undo_id):
            continue
        back = defaultdict(list)
        for change in found.by_run[undo_id]:
            back[change["record_id"]].append(change)
        for change in found.by_run[undone_id]:
            account_id = change["record_id"]
            taking = back.pop(account_id, [])
            until = taking[0]["id"] if taking else math.inf
            before = [each for each in found.changes[account_id] if each["id"] < until]
            expected = _taken_back(change, before)
            took = [(each["action"], each["fields"]) for each in taking]
            if took != ([expected] if expected else []):
                yield f"undo {undo_id} did {took} to account {account_id}, not {expected}"
        for account_id in back:
            yield f"undo {undo_id} changed account {account_id}, which its run had not"
        if found.runs[undone_id]["status"] != Status.UNDONE:
            yield f"run {undone_id} is {found.runs[undone_id]['status']}, and was undone"


def _taken_back(
    change: Mapping[str, Any], before: Sequence[Mapping[str, Any]]
) -> tuple[str, dict[str, Any]] | None:
    """Say what undo should have done about ``change``, seeing the changes ``before`` it.

    An account that a run created goes unless people changed it since; one that is gone stays so.
    """
    others = [each for each in before if each["id"] > change["id"]]
    since = {name for each in others for name in each["fields"]}
    if any(each["action"] == "deleted" for each in others):
        return None
    if change["action"] == "created":
        people = any(each["by_id"] is not None for each in others)
        return None if people else ("deleted", {})
    back = {name: both[::-1] for name, both in change["fields"].items() if name not in since}
    return ("updated", back) if back else None


def each_end_is_one_message(found: Found) -> Breaks:
    mails = session.execute(select(MailOutbox.kind, MailOutbox.params, MailOutbox.message_id))
    ends = [(mail.params["run_id"], mail.message_id) for mail in mails if mail.kind == "run_ended"]
    told = Counter(run_id for run_id, _message in ends)
    for run_id in found.runs:
        if told[run_id] != found.ended(run_id):
            yield f"run {run_id} is {found.runs[run_id]['status']} and sent {told[run_id]} messages"
    if len({message for _run_id, message in ends}) != len(ends):
        yield "two messages share a Message-ID"


def forms_made_one_account_each(found: Found) -> Breaks:
    """A form that was acknowledged made exactly one account, however often it was sent."""
    names = Counter(row["name"] for row in found.accounts.values())
    sent = set(found.ledger.sent)
    for key, name in found.ledger.created.items():
        if names[name] != 1:
            yield f"form {key} made {names[name]} accounts called {name}"
    for name, count in names.items():
        if name in sent and count > 1:
            yield f"a form made {count} accounts called {name}"
    for row in found.accounts.values():
        if row["number"] is None and row["name"] not in sent:
            yield f"account {row['id']} {row['name']!r} was not asked for"
    for answer in found.ledger.refused:
        yield f"a form was refused: {answer}"


def tables_are_whole() -> Breaks:
    """What SQLite may have to say against its own file; PostgreSQL sees to it by itself."""
    if dialect() == "sqlite":
        for check in ("integrity_check", "foreign_key_check"):
            found = [tuple(row) for row in session.execute(text(f"PRAGMA {check}"))]
            yield from (f"{check}: {row}" for row in found if row != ("ok",))


def plans_are_whole(found: Found) -> Breaks:
    for run_id, run in found.runs.items():
        for part in run["artefacts"]:
            file = found.artefacts / part["name"]
            if not file.exists():
                yield f"run {run_id}: its plan {part['name']} is gone"
            elif hashlib.sha256(file.read_bytes()).hexdigest() != part["sha256"]:
                yield f"run {run_id}: its plan {part['name']} is not what was written"
