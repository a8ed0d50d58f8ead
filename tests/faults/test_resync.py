"""A resync of a managed list whose worker is killed at every step ends right on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.runs import receipt
from crmapp.models import Change, MailOutbox, Run, User
from crmapp.services import managed_lists, remotes
from tests.faults.crowd import start_process
from tests.faults.ground import Ground, lay_ground, opened
from tests.support.lists import CODE, Sides

VALUES = 100
PLACES = (
    ("intacct-read", 2),  # planning, while Intacct is read
    ("salesforce-read", 1),  # planning, while Salesforce is read
    ("commit", 4),  # planning: a part of the plan is all but kept
    ("salesforce-upsert", 2),  # some is written there, nothing of the next chunk
    ("salesforce-upsert-done", 1),  # written there while others are written here, and not noted
    ("salesforce-upsert-done", 2),
    ("salesforce-upsert-done", 5),
    ("commit", 12),  # some is written here, some there
    ("commit", 16),
    ("commit", 20),
    ("mail-accepted", 1),  # the letter is on its way, and that is not noted
)
COMMITS = 16
"""More than a resync of so few values has: each is where a worker dies once."""


@pytest.fixture
def ground(tmp_path: Path, databases) -> Iterator[Ground]:
    laid = lay_ground(tmp_path, databases, chunk="20", linger="0")
    with opened(laid.settings()):
        yield laid
        remotes.use(None)


@pytest.fixture
def sides(ground: Ground) -> Sides:
    made = Sides(ground.home)
    made.source(*(f"v{n:03}" for n in range(VALUES)))
    remotes.use(made.remotes)
    return made


def begin() -> int:
    alice = session.scalars(select(User).where(User.email == "alice@crm.example")).one()
    return managed_lists.synchronize(CODE, by=alice)


def turn(ground: Ground, run_id: int, place: str = "", times: int = 0) -> bool:
    """Let a worker work on the run; say whether it lived. A dead one's lease is over at once."""
    session.rollback()
    sent = {"run": run_id, "sides": str(ground.home), "place": place, "times": times}
    lived = start_process(ground, "resyncer", sent).communicate(timeout=120)[0] == "lived"
    with unit_of_work():
        session.execute(update(Run).values(lease_until=None))
    return lived


def breaks(sides: Sides, run_id: int, expected: dict[str, tuple[str, bool]]) -> Iterator[str]:
    """Compare all sides row by row."""
    session.rollback()
    run = session.get_one(Run, run_id)
    if run.status != "done":
        yield f"the run is {run.status}: {run.error}"
    if not receipt(run.total or 0, run.done, run.control).balances:
        yield f"the receipt is {run.done} of {run.total}"
    for name, found in (("here", sides.here()), ("there", sides.there())):
        for key in expected.keys() | found.keys():
            if found.get(key) != expected.get(key):
                yield f"{name}: {key} is {found.get(key)}, not {expected.get(key)}"
    changes = session.execute(
        select(Change.object, Change.record_id).where(Change.run_id == run_id)
    )
    for record, count in Counter(map(tuple, changes)).items():
        if count > 1:
            yield f"{record} was changed {count} times"
    made = Counter(
        key for key, new in sides.salesforce.writes(sides.managed.salesforce_object) if new
    )
    for key, count in made.items():
        if count > 1:
            yield f"{key} was made {count} times in Salesforce"


@pytest.mark.parametrize("place, times", PLACES)
def test_a_worker_that_is_killed_at_a_place_loses_and_doubles_nothing(ground, sides, place, times):
    run_id = begin()

    killed = not turn(ground, run_id, place, times)
    lived = turn(ground, run_id)

    assert (killed, lived) == (True, True)
    expected = {f"v{n:03}": (f"v{n:03}", True) for n in range(VALUES)}
    assert list(breaks(sides, run_id, expected)) == []


def test_workers_that_die_one_after_the_other_at_each_commit_end_it_all_the_same(ground, sides):
    run_id = begin()
    turn(ground, run_id)
    sides.source(v000="Renamed", new="New")
    sides.gone("v001", "v002")
    again = begin()

    deaths = sum(not turn(ground, again, "commit", 2 + n % 3) for n in range(COMMITS))
    turn(ground, again)

    assert deaths >= 3
    expected = {f"v{n:03}": (f"v{n:03}", n not in (1, 2)) for n in range(VALUES)}
    expected |= {"v000": ("Renamed", True), "new": ("New", True)}
    assert list(breaks(sides, again, expected)) == []


def test_a_letter_that_was_accepted_and_sent_again_is_the_same_letter(ground, sides):
    run_id = begin()
    turn(ground, run_id, "mail-accepted", 1)
    free_letters()

    turn(ground, run_id)

    lines = (ground.home / "post.txt").read_text().splitlines()
    assert len(lines) == 2
    assert len(set(lines)) == 1


def free_letters() -> None:
    """Let the lease of the letters pass."""
    with unit_of_work():
        session.execute(update(MailOutbox).values(next_at=utcnow(), status="queued"))
