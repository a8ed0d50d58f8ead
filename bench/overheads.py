"""What permissions and the seals of the audit trail cost, over the same without them.

``python -m bench.overheads --rows 20000 --times 5``. The manager asks for the list and for a record
and creates accounts: restricted to the accounts of her teams and territories, all of which are
there, over without a restriction. What accounts and a run wrote is sealed, as the sweeper does it,
over left without a seal.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import func, select, update

from bench.bulk_edits import by_pipeline
from bench.figures import Figure, Size, table, times_over
from bench.filled import ZONES, Filled, filled
from bench.people import MANAGER, manager
from bench.timing import Timing
from crmapp.db import session, unit_of_work
from crmapp.domain.reach import Part
from crmapp.models import Account, User
from crmapp.services import accounts, seals

MOST = 1.1
_CREATED = 100
_REACH = [Part.TEAM.value, Part.TERRITORY.value]
_numbers = count(1)


def _restrict(restricted: bool) -> None:
    """Let the manager reach accounts by her territories, or all of them."""
    said = _REACH if restricted else None
    values = {"sees": said, "edits": said, "territories": list(ZONES)}
    with unit_of_work():
        session.execute(update(User).where(User.email == MANAGER).values(values))


def _compared(
    what: str, times: int, pieces: int, work: Callable[[], object], turn: Callable[[bool], object]
) -> Figure:
    """Do ``work`` with and without what ``turn`` turns on, after once for nothing.

    They go first in turn: the table grows, and so does what one account more costs.
    """
    ours, raw = Timing(what), Timing("without")
    for number in range(times + 1):
        pair = ((raw, False), (ours, True))
        for timing, on in pair if number % 2 else reversed(pair):
            turn(on)
            if number:
                timing.run(work)
            else:
                work()
    return times_over(what, ours, raw, MOST, "without", pieces)


def of_permissions(of: Filled, size: Size) -> Iterator[Figure]:
    """Measure the list, a record and new accounts with a restriction, over without."""
    with unit_of_work():
        session.execute(update(Account).values(territory=ZONES[0]))
    for what, address in (("list", "/accounts"), ("record", "/accounts/7")):

        def ask(address: str = address) -> None:
            for _page in range(size.pages):
                of.ask(address)

        yield _compared(f"permission: {what}", size.times, size.pages, ask, _restrict)
    yield _compared("permission: create", size.times, _CREATED, _create, _restrict)
    _restrict(False)


def of_seals(size: Size) -> Iterator[Figure]:
    """Measure new accounts and a run with the seals of what they wrote, over without."""
    sealing = False

    def turn(on: bool) -> None:
        nonlocal sealing
        sealing = on
        _seal()

    def create() -> None:
        _create()
        if sealing:
            _seal()

    def run() -> None:
        by_pipeline(_other_owner(), session.scalar(select(func.count(Account.id))) or 0)
        if sealing:
            _seal()

    yield _compared("audit: create and seal", size.times, _CREATED, create, turn)
    yield _compared("audit: a run and its seals", size.times, 1, run, turn)


def _create() -> None:
    """Create accounts whose names are like none before, as customers' are."""
    for _one in range(_CREATED):
        name = f"{next(_numbers) * 2_654_435_761 % 2**40:010x} Ltd"
        accounts.create({"name": name, "territory": ZONES[0]}, by=manager())


def _other_owner() -> int:
    """Return somebody who owns nothing: each account changes when it is given to her."""
    owned = select(Account.owner_id).where(Account.owner_id.is_not(None))
    found = session.scalars(select(User.id).where(User.id.not_in(owned), User.active)).first()
    return found or session.scalars(select(User.id).where(User.email != MANAGER)).all()[-1]


def _seal() -> None:
    while seals.seal(at_least=1, soon=timedelta(0)):
        pass


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """What permissions and seals cost, on SQLite, in this process."""
    with filled(folder / "overheads", size.rows) as of, of.app.app_context():
        yield from of_permissions(of, size)
        yield from of_seals(size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        size = replace(Size(options.times), rows=options.rows)
        print(table(list(figures(size, Path(folder)))))


if __name__ == "__main__":
    main()
