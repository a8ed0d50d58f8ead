"""Thousands of requests that no page of ours would make, to a real server, and what they broke."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import hypothesis
from flask import Flask
from hypothesis import HealthCheck, Phase
from sqlalchemy import func, select

from crmapp.cli.supervision import valkey
from crmapp.config import Settings
from crmapp.db import session
from crmapp.domain.permissions import Role
from crmapp.domain.runs import ACTIVE
from crmapp.models import Run, User
from crmapp.services import users
from soak.cooking import Request, cook
from soak.pages import TOKEN, Page
from soak.recipes import Recipe, recipes
from soak.site import Site, Target
from tests.faults import invariants
from tests.faults.ground import opened
from tests.faults.visitor import AWAY, Answer, Visitor
from tests.support.hostile import TAG
from tests.support.postgres import Server
from tests.support.processes import Installation, eventually
from tests.support.sales import SALES
from tests.support.web import sign_in

PEOPLE = [role.value for role in (Role.ADMIN, Role.IMPLEMENTER, Role.REP, Role.VIEWER)]
NOBODY = "nobody"
ASKING = [PEOPLE[0], PEOPLE[0], PEOPLE[0], *PEOPLE, NOBODY]
"""Who asks how often: most doors are open only to those who administer."""
PROPER = Recipe(PEOPLE[0], 0, "proper", [(0, "")], [], ("a.csv", SALES.encode()), fragment=False)
READ = frozenset({200, 403, 404, 409, 422})
"""Answers whose pages offer something."""

Say = Callable[[str], None]


@dataclass
class Toll:
    """What was asked, how it was answered, and what broke."""

    answers: Counter[int] = field(default_factory=Counter)
    targets: set[Target] = field(default_factory=set)
    reached: set[Target] = field(default_factory=set)  # what was done as it was asked for, once
    newcomers: int = 0
    breaks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        answers = ", ".join(f"{times} x {status}" for status, times in sorted(self.answers.items()))
        return (
            f"{self.answers.total()} requests to {len(self.targets)} targets,"
            f" {len(self.reached)} of which did what they are for; answered {answers};"
            f" {self.newcomers} people locked out, {len(self.breaks)} breaks"
        )


def soak(kind: str, requests: int, seed: int, say: Say) -> Toll:
    """Send so many bad requests to an installation with the demo on a database of the kind."""
    folder = Path(tempfile.mkdtemp(prefix="crmapp-soak-"))
    with database(kind) as env, running(folder / "home", env) as siege:
        siege.say = say
        siege.explore()
        siege.press(requests, seed)
        siege.settle()
        toll = siege.toll
    if toll.breaks:
        say("\n".join(["  BROKEN:", *toll.breaks[:40], f"  see {folder}"]))
    else:
        shutil.rmtree(folder)
    return toll


@contextmanager
def database(kind: str) -> Iterator[Mapping[str, str]]:
    """Have an empty database of the kind; the settings that name it."""
    if kind == "sqlite":
        yield {}
        return
    server = Server()
    try:
        server.recreate("soak")
        yield {"DATABASE_URL": server.url("soak")}
    finally:
        server.close()


@contextmanager
def running(home: Path, env: Mapping[str, str]) -> Iterator[Siege]:
    """Start an installation with the demo, and join it."""
    site = Installation(home, {"CRMAPP_SWEEP_INTERVAL": "0.5", **env, "CRMAPP_DEMO": "1"})
    site.patience = 300
    with site:
        joined = {**site.env, "REDIS_URL": valkey.url(home)}
        with opened(Settings.from_env(joined)) as app:
            yield Siege(site, app)


@dataclass
class Person(Visitor):
    """``token`` is what her forms carry."""

    token: str = ""


class Siege:
    """Asks one installation for everything, in every wrong way."""

    def __init__(self, installation: Installation, app: Flask) -> None:
        self.installation, self._app = installation, app
        self.site, self.toll = Site(app), Toll()
        self.say: Say = lambda _text: None
        self._read = len(installation.output)
        self._keys = count(1)
        self._people = {name: self._newcomer(name) for name in PEOPLE}
        self._people[NOBODY] = Person(installation.url)
        self._visits: Counter[str] = Counter()
        for who in self._people:
            self._come(who)

    def _newcomer(self, role: str) -> Person:
        """Sign in a new person of the role; nobody is asked for a password."""
        email = f"{role}-{next(self._keys)}@soak.example"
        users.add(name=role.title(), email=email, role=Role(role), by=None)
        user = session.scalars(select(User).where(User.email == email)).one()
        cookie = sign_in(self._app, user).get_cookie("crmapp")
        session.rollback()
        return Person(self.installation.url, {"crmapp": cookie.value if cookie else ""})

    # --- asking ---------------------------------------------------------------------------------

    def explore(self) -> None:
        """Walk, send each form as it is, and walk to what came of it."""
        self.walk(each=2)
        for target in self.site.fullest_forms():  # those that only say *delete* are the last
            self._send(target, PROPER, f"soak-{next(self._keys)}")
            self.walk(each=2)

    def walk(self, each: int = 1) -> None:
        """Go from page to page, to each endpoint so many times, as somebody who may see all."""
        while found := self.site.unvisited(self._visits, each):
            endpoint, path = found
            self._visits[endpoint] += 1
            self._open(path, PEOPLE[0])

    def press(self, requests: int, seed: int) -> None:
        """Send ``requests`` bad requests, to one target after the other."""
        targets = self.site.targets
        turns = count(1)

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=requests,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(recipes(ASKING))
        def send(recipe: Recipe) -> None:
            turn = next(turns)
            self._send(targets[turn % len(targets)], recipe, f"soak-{next(self._keys)}")
            if turn % 1000 == 0:
                self.say(f"  {self.toll}")

        send()

    def _send(self, target: Target, recipe: Recipe, key: str) -> None:
        person = self._people[recipe.who]
        form = self.site.form(target, recipe.pick)
        request = cook(form, recipe, person.token, key)
        self.toll.targets.add(target)
        answer = self._ask(recipe.who, request)
        if answer and answer.status in (200, 303):
            self.toll.reached.add(target)
        self._follow(recipe.who, answer)

    def _come(self, who: str) -> None:
        """Have somebody open a first page, from which she has the token for her forms."""
        self._open("/login" if who == NOBODY else "/help", who)

    def _open(self, path: str, who: str) -> None:
        self._follow(who, self._ask(who, Request("GET", path, None, {})))

    def _follow(self, who: str, answer: Answer | None) -> None:
        """Go where an answer leads to, once."""
        if answer and answer.status in (302, 303) and answer.location.startswith("/"):
            self._ask(who, Request("GET", answer.location, None, {}))

    def _ask(self, who: str, request: Request) -> Answer | None:
        """Ask as somebody, look at the answer and into the log, and learn from the page."""
        person = self._people[who]
        try:
            answer = person.send(request.method, request.path, request.body, request.headers)
        except AWAY as error:
            self._broke(f"{error!r}", who, request)
            return None
        self.toll.answers[answer.status] += 1
        for wrong in wrongs(answer, self.installation.url):
            self._broke(wrong, who, request)
        if "Traceback" in (logged := self._logged()):
            self._broke(f"in the log: {logged[-1500:]}", who, request)
        self._learn(who, request.path, answer)
        return answer

    def _learn(self, who: str, path: str, answer: Answer) -> None:
        if who != NOBODY and (answer.status == 401 or answer.location.startswith("/login?")):
            self.toll.newcomers += 1
            self._people[who] = self._newcomer(who)
            self._come(who)
            return
        is_page = answer.headers.get_content_type() == "text/html"
        if is_page and answer.status in READ:
            self.site.learn(path, answer.body)
            forms = Page(path, answer.body).forms
            tokens = [value for form in forms for name, value in form.pairs if name == TOKEN]
            self._people[who].token = (tokens or [self._people[who].token])[0]

    def _broke(self, what: str, who: str, request: Request) -> None:
        self.toll.breaks.append(f"{what} after {who}'s {request}")

    def _logged(self) -> str:
        """Return what has been logged since we last looked."""
        if self.installation.log.stat().st_size <= self._read:
            return ""
        with self.installation.log.open("rb") as log:
            log.seek(self._read)
            found = log.read()
        self._read += len(found)
        return found.decode(errors="replace")

    # --- afterwards -----------------------------------------------------------------------------

    def settle(self) -> None:
        """Wait until nobody works any more, and look whether anything was half written."""
        eventually(lambda: not self._at_work(), "was all work done", 180)
        if "Traceback" in (logged := self._logged()):
            self.toll.breaks.append(f"in the log: {logged[-1500:]}")
        artefacts = self.installation.home / "artefacts"
        self.toll.breaks += invariants.breaks_of_any(artefacts)

    def _at_work(self) -> int:
        session.rollback()
        active = [status.value for status in ACTIVE]
        return session.scalar(select(func.count()).where(Run.status.in_(active))) or 0


def wrongs(answer: Answer, ours: str) -> Iterator[str]:
    """Say what must not be so, whatever was asked of the server at ``ours``."""
    location = answer.location.removeprefix(ours)
    if answer.status >= 500:
        yield f"{answer.status}: {answer.body[:300]}"
    if "X-Evil" in answer.headers:
        yield "a header of ours holds another one"
    if location.startswith("//") or not f"{location}/".startswith("/"):
        yield f"it leads to {location}"
    if answer.headers.get_content_type() == "text/html" and TAG in answer.body:
        yield "a page holds markup that somebody sent"
