"""A program asks ten thousand times in a burst: all are answered, and others do not wait for it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from crmapp.blueprints.api.door import RATE
from crmapp.db import session
from crmapp.domain.scopes import Scope
from crmapp.models import Account, User
from crmapp.services import api_tokens
from tests.faults.ground import Databases, lay_ground, opened
from tests.faults.house import House

REQUESTS, PROGRAMS = 10_000, 8
A_MINUTE = int(RATE.partition(" ")[0])
WRITES = 10
"""Each so many requests, an account is sent, and sent again under the same key."""


@dataclass(frozen=True)
class Said:
    """What was answered: the status, what a program may read of it, and what stood in it."""

    status: int
    kind: str
    wait: str | None
    body: dict[str, object] = field(default_factory=dict)


class Program:
    """A program with a token, on one connection that it keeps."""

    def __init__(self, url: str, token: str) -> None:
        address = urlsplit(url)
        self._connection = HTTPConnection(str(address.hostname), address.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}"}

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def read(self) -> Said:
        return self._ask("GET", None, {})

    def create(self, name: str) -> Said:
        headers = {"Content-Type": "application/json", "Idempotency-Key": name}
        return self._ask("POST", json.dumps({"name": name}), headers)

    def _ask(self, method: str, body: str | None, more: dict[str, str]) -> Said:
        self._connection.request(method, "/api/v1/accounts", body, {**self._headers, **more})
        answer = self._connection.getresponse()
        said = json.loads(answer.read())
        headers = answer.headers
        return Said(answer.status, headers.get_content_type(), headers.get("Retry-After"), said)


@pytest.fixture
def house(tmp_path: Path, databases: Databases) -> Iterator[House]:
    ground = lay_ground(tmp_path, databases, chunk="1000", linger="0")
    with opened(ground.settings()), House(ground) as house:
        yield house
    databases.drop(ground.url)


def token_of(name: str) -> str:
    person = session.scalars(select(User).where(User.email == f"{name}@crm.example")).one()
    word = api_tokens.make("Burst", list(Scope), 30, by=person)
    session.rollback()
    return word


def burst(url: str, token: str, number: int, count: int) -> list[Said]:
    """Ask so often over one connection; sometimes an account is sent, twice in a row."""
    answers = list[Said]()
    with Program(url, token) as program:
        while len(answers) < count:
            if len(answers) % WRITES or len(answers) + 2 > count:
                answers.append(program.read())
                continue
            name = hashlib.sha256(f"{token} {number} {len(answers)}".encode()).hexdigest()
            answers += [program.create(name), program.create(name)]
    return answers


def resident(house: House) -> float:
    """Return what the processes that answer hold of the memory, in MB."""
    pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in house.servers()]
    return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE") / 1e6


def all_at_once(house: House, token: str, requests: int) -> list[Said]:
    url, each = house.installation.url, requests // PROGRAMS
    with ThreadPoolExecutor(PROGRAMS) as pool:
        work = [pool.submit(burst, url, token, number, each) for number in range(PROGRAMS)]
        return [said for done in work for said in done.result()]


def test_ten_thousand_requests_in_a_burst(house: House, tell: Callable[[str], None]) -> None:
    token, monas = token_of("bob"), token_of("mona")
    before = all_at_once(house, token_of("alice"), REQUESTS // 10)
    over, theirs, began = threading.Event(), list[int](), resident(house)
    since = time.monotonic()

    def be_neighbour() -> None:
        while not over.wait(0.2):
            with Program(house.installation.url, monas) as program:
                theirs.append(program.read().status)

    beside = threading.Thread(target=be_neighbour)
    beside.start()
    answers = all_at_once(house, token, REQUESTS)
    minutes = 1 + int((time.monotonic() - since) // 60)
    over.set()
    beside.join()

    statuses, grown = Counter(each.status for each in answers), resident(house) / began
    tell(f"{dict(statuses)}, beside them {len(theirs)} of somebody else; memory {grown:.2f}x")
    assert len(answers) == REQUESTS
    assert set(statuses) == {200, 201, 429}
    assert A_MINUTE <= statuses[200] + statuses[201] <= minutes * A_MINUTE
    refused = {(each.kind, each.wait) for each in answers if each.status == 429}
    assert refused == {("application/problem+json", "60")}
    made = Counter(each.body["id"] for each in [*before, *answers] if each.status == 201)
    assert set(session.scalars(select(Account.id))) == set(made)
    assert max(made.values()) == 2
    assert theirs
    assert set(theirs) == {200}
    assert grown < 1.25
