"""The oracle of feeds: says from the truth alone what became of each customer, in plain steps.

It knows nothing of rules, plans and matches; it looks at the accounts before and after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GOOD = ("found", "asked")
"""What may become of a row whose customer has an account here."""


@dataclass(frozen=True)
class Seen:
    """An account after a feed: what it is called there, and its number and telephone."""

    id: int
    keys: frozenset[str]
    number: str
    phone: str


@dataclass(frozen=True)
class Told:
    """A row as the oracle knows it: whose it is, and whether a person is asked about it."""

    kind: str
    entity: int
    key: str
    number: str
    asked: bool


@dataclass(frozen=True)
class Verdict:
    """What became of a row; ``had``: its customer had an account here before."""

    kind: str
    outcome: str
    had: bool
    key: str


def judge(
    rows: Sequence[Told],
    whose: dict[int, int],
    phones: Mapping[str, int],
    now: Sequence[Seen],
) -> list[Verdict]:
    """Say what became of each row.

    ``whose`` is account → customer as it was before, and is brought up to date; ``phones`` whose
    each telephone is: nobody shares one.
    """
    had = set(whose.values())
    verdicts = []
    for row in rows:
        mine = [account for account in now if row.key in account.keys]
        if row.asked:
            outcome = "asked"
        elif not mine:
            outcome = "lost"
        elif mine[0].id not in whose:
            outcome = "duplicate" if row.entity in whose.values() else "created"
            whose[mine[0].id] = row.entity
        elif whose[mine[0].id] != row.entity:
            outcome = "wrong merge"
        else:
            outcome = "found" if mine[0].number == row.number else "behind"
        verdicts.append(Verdict(row.kind, outcome, row.entity in had, row.key))
    kinds = {row.entity: row.kind for row in rows}
    for account in now:
        if account.phone and phones[account.phone] != whose.get(account.id):
            kind = kinds.get(phones[account.phone], "")
            verdicts.append(Verdict(kind, "wrong merge", True, f"account {account.id}"))
    return verdicts
