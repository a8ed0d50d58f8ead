"""``crmapp doctor``: what is well, what is not, and what to do about it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import click
from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy.exc import SQLAlchemyError

from crmapp.cli import outside
from crmapp.cli.installation import is_new, opened, settings_in_force
from crmapp.cli.supervision.preflight import SPACE, open_home
from crmapp.config import Settings
from crmapp.config import settings as active
from crmapp.db import db
from crmapp.db.schema import is_current
from crmapp.errors import CRMError
from crmapp.queue import redis_client
from crmapp.services import datasets, feed_sources, key_rotation, runs, seal_check


@dataclass(frozen=True)
class Finding:
    """``state`` is ok, warn or fail; only a failure makes the command fail."""

    state: str
    what: str
    detail: str


@click.command()
@click.option(
    "--seal", metavar="NUMBER:DIGEST", help="A seal of the audit trail that you noted before."
)
@click.option("--send-to", metavar="ADDRESS", help="Send a letter there to see that it arrives.")
def doctor(seal: str | None, send_to: str | None) -> None:
    """Check this installation from top to bottom, without changing anything."""
    settings = settings_in_force()
    sys.exit(tell(_findings(settings, seal or "", send_to or "")))


def tell(findings: Iterable[Finding]) -> bool:
    """Print what was found as it is found; say whether something is wrong."""
    wrong = False
    for finding in findings:
        wrong |= finding.state == "fail"
        click.echo(f"{finding.state:<5} {finding.what:<10} {finding.detail}")
    return wrong


def _findings(settings: Settings, seal: str, letter_to: str) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", "python", f"{version} at {sys.executable}")
    home = _checked("folder", lambda: _home(settings))
    yield home
    if home.state == "fail":
        return
    if is_new(settings):
        yield Finding("fail", "database", "none yet; start crmapp up once")
        return
    with opened(settings):
        yield _checked("database", _database)
        yield _checked("queue", _queue)
        yield _checked("workers", _workers)
        yield _checked("runs", _runs)
        yield from data(seal)
        yield from surroundings(settings, letter_to)


def data(seal: str = "") -> Iterator[Finding]:
    """Look at what a backup holds."""
    yield _checked("datasets", _datasets)
    yield _checked("sources", _sources)
    yield _checked("secrets", _secrets)
    yield _checked("audit", partial(_audit, seal))


def surroundings(settings: Settings, letter_to: str = "") -> Iterator[Finding]:
    """Look at what other servers have to do with: letters, HTTPS and the time."""
    answer: outside.Asked | OSError | None
    try:
        answer = outside.asked(settings)
    except OSError as error:
        answer = error
    yield _checked("mail", partial(outside.mail, settings, letter_to))
    yield _checked("https", partial(outside.https, settings, answer))
    yield _checked("clock", partial(outside.clock, answer))


def _checked(what: str, check: Callable[[], tuple[str, str]]) -> Finding:
    try:
        state, detail = check()
    except click.ClickException as error:
        return Finding("fail", what, error.message)
    except (CRMError, SQLAlchemyError, RedisError, OSError) as error:
        original = getattr(error, "orig", None) or error
        return Finding("fail", what, str(original).strip().splitlines()[0])
    return Finding(state, what, detail)


def _home(settings: Settings) -> tuple[str, str]:
    if not settings.home.exists():
        return "fail", f"{settings.home} does not exist yet; start crmapp up once"
    settings.refuse_half_restored()
    open_home(settings.home)
    free = shutil.disk_usage(settings.home).free
    return "ok" if free > 10 * SPACE else "warn", f"{settings.home}, {free >> 20} MB free"


def _database() -> tuple[str, str]:
    name = db.engine.url.render_as_string(hide_password=True)
    if not is_current(db.engine):
        return "fail", f"{name} has another schema than this code; start crmapp up to migrate it"
    return "ok", name


def _queue() -> tuple[str, str]:
    if active().redis_url is None:
        return "warn", "the embedded one is not running; crmapp up starts it"
    with redis_client() as client:
        facts = client.info("server")
    return "ok", f"answers, version {facts.get('valkey_version') or facts['redis_version']}"


def _workers() -> tuple[str, str]:
    if active().redis_url is None:
        return "warn", "none, without a queue"
    with redis_client() as client:
        count = Worker.count(connection=client)
    return ("ok" if count else "warn"), f"{count} at work or waiting"


def _runs() -> tuple[str, str]:
    waiting = len(runs.due())
    return ("warn" if waiting else "ok"), f"{waiting} that nobody works on"


def _datasets() -> tuple[str, str]:
    found = datasets.listed()
    wrong = [str(one.problem) for one in found if one.problem]
    unloaded = [one.name for one in found if one.snapshot is None]
    if wrong:
        return "fail", "; ".join(wrong)
    if unloaded:
        return "warn", f"not loaded: {', '.join(unloaded)}; run crmapp datasets refresh"
    return "ok", ", ".join(f"{one.name} ({one.snapshot})" for one in found)


def _sources() -> tuple[str, str]:
    found = feed_sources.tried()
    wrong = [f"{name}: {problem.sentence}" for name, problem in found if problem]
    return ("fail", "; ".join(wrong)) if wrong else ("ok", f"{len(found)} can be opened")


def _secrets() -> tuple[str, str]:
    lost = key_rotation.unreadable()
    if lost:
        return "fail", f"no key opens those of {', '.join(lost)}: enter them again"
    return "ok", "the keys open all of them"


def _audit(noted: str) -> tuple[str, str]:
    """Check the whole audit trail; ``noted`` is a seal from before, which has to be there still."""
    heads: list[str] = []
    found = seal_check.check(heads=lambda number, digest: heads.append(f"{number}:{digest}"))
    if found.broken:
        return "fail", str(found.broken.sentence)
    if noted and noted not in heads:
        return "fail", f"no seal is {noted}: seals were made anew, or taken away, since"
    last = f"; the last is {heads[-1]}" if heads else ""
    told = f"{found.seals} seals over {found.rows} rows fit, {found.waiting} rows wait{last}"
    return "ok", told
