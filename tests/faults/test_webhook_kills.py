"""Whoever sends the messages of webhooks dies by ``kill -9``; each change is told all the same."""

from __future__ import annotations

import signal
import socket
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from crmapp.db import session, unit_of_work
from crmapp.models import Delivery, User, Webhook
from crmapp.services import webhook_events, webhooks
from tests.connectors.wire import Peer, http, listening
from tests.faults.aim import SMALL
from tests.faults.ground import lay_ground, opened
from tests.faults.house import House, is_alive, send
from tests.support.processes import eventually
from tests.support.webhooks import changed, hook, is_signed_by, saved, told

BEFORE, UNANSWERED, ANSWERED = "before it came", "before it was answered", "once it was answered"
ACCOUNTS, VERSIONS = 8, 3
KILLS = (1, 6, 7, 15)
"""At which messages the sender dies, repeated ones among them: at one of them twice."""


@dataclass
class Murderer:
    """Receives messages, and kills who sends some of them; or everybody, at the first of those."""

    house: House
    moment: str
    everybody: bool = False
    sender: int = 0
    arrived: int = 0
    killed: int = 0
    mourned: int = 0

    def arriving(self, connection: socket.socket) -> None:
        self.sender = self.house.at_the_other_end(connection)
        if not self.sender:
            raise ConnectionAbortedError
        self.arrived += 1
        if self.moment == BEFORE and self._is_due():
            self._kill()
            raise ConnectionAbortedError

    def answer(self, connection: socket.socket) -> None:
        if self.moment == UNANSWERED and self._is_due():
            self._kill()
            return
        connection.sendall(http())
        if self.moment == ANSWERED and self._is_due():
            self._kill()

    def _is_due(self) -> bool:
        return self.arrived in KILLS and not (self.everybody and self.killed)

    def _kill(self) -> None:
        if self.everybody:
            self.house.kill_all()
        else:
            send(self.sender, signal.SIGKILL)
            eventually(lambda: not is_alive(self.sender), "the sender was gone")
        self.killed += 1

    def all_is_told(self, hook_id: int) -> bool:
        """Say whether nothing is left to send; let the lease of a dead one be over."""
        session.rollback()
        if self.killed > self.mourned:
            self.mourned += 1
            if self.everybody:
                self.house.installation.start()
            with unit_of_work():
                session.execute(update(Webhook).values(leased_until=None))
        at = session.scalar(select(Webhook.cursor).where(Webhook.id == hook_id)) or 0
        waits = select(Delivery.id).where(Delivery.state == "waiting").limit(1)
        return at >= webhook_events.newest() and session.scalar(waits) is None


@pytest.fixture
def house(tmp_path, databases) -> Iterator[House]:
    """A house for each test: whoever dies often is started later and later."""
    ground = lay_ground(tmp_path, databases, **SMALL)
    ground = replace(ground, env={**ground.env, "CRMAPP_WEBHOOK_HOSTS": "127.0.0.1"})
    with opened(ground.settings()), House(ground) as house:
        yield house


@pytest.fixture
def somebody(house) -> Any:
    return SimpleNamespace(alice=session.scalars(select(User).where(User.id == 1)).one())


def work(somebody: Any) -> set[tuple[int, int]]:
    """Make accounts and change them; return each with its versions."""
    ids = [saved(somebody, f"Told {number}") for number in range(ACCOUNTS)]
    for version in range(1, VERSIONS):
        for account_id in ids:
            changed(somebody, account_id, phone=f"+33 {account_id} {version}")
    return {(each, version) for each in ids for version in range(1, VERSIONS + 1)}


def breaks(peer: Peer, secret: str, expected: set[tuple[int, int]]) -> list[str]:
    """Say what was lost, made up, told by two ids, out of order, or not signed."""
    ids, versions = defaultdict(set), defaultdict(list)
    for event in told(peer):
        data = event["data"]
        ids[data["record_id"], data["version"]].add(event["id"])
        versions[data["record_id"]].append(data["version"])
    shared = Counter(each for several in ids.values() for each in several)
    unsigned = [n for n in range(len(peer.requests)) if not is_signed_by(secret, peer, n)]
    return [
        *(f"lost {each}" for each in expected - ids.keys()),
        *(f"made up {each}" for each in ids.keys() - expected),
        *(f"{each} has ids {several}" for each, several in ids.items() if len(several) > 1),
        *(f"{each} tells of {count} changes" for each, count in shared.items() if count > 1),
        *(f"{each} came as {seen}" for each, seen in versions.items() if seen != sorted(seen)),
        *(f"message {number} is not signed" for number in unsigned),
    ]


@pytest.mark.parametrize(
    "moment, everybody, repeated",
    [
        (BEFORE, False, [0]),
        (UNANSWERED, False, [len(KILLS)]),
        (ANSWERED, False, range(len(KILLS) + 1)),
        (UNANSWERED, True, [1]),
    ],
)
def test_every_change_is_told_in_order_though_its_sender_is_killed(
    moment, everybody, repeated, house, somebody
):
    murderer = Murderer(house, moment, everybody)
    with listening(murderer.answer, arriving=murderer.arriving) as peer:
        hook_id, secret = hook(somebody, peer.url)
        expected = work(somebody)

        eventually(lambda: murderer.all_is_told(hook_id), "all was told", 120)

        webhooks.remove(hook_id, by=somebody.alice)
    assert breaks(peer, secret, expected) == []
    assert murderer.killed == (1 if everybody else len(KILLS))
    assert len(peer.requests) - len(expected) in repeated
