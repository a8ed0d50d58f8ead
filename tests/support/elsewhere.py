"""Another place for an installation, and whether two hold the same."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import URL, make_url

from crmapp import config
from crmapp.config import Settings
from crmapp.db import Base
from crmapp.db.dumps import PostgresCopies
from crmapp.db.session import ENGINE_OPTIONS
from crmapp.services import vault

PASSPHRASE = "correct horse battery"
SECRET = {"password": "of the ERP"}
FORKS = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
RESTORED = {
    "sign_in": frozenset({"*"}),
    "audit_event": frozenset({"*"}),
    "user": frozenset({"fs_uniquifier"}),
    "mail_outbox": frozenset({"status", "error"}),
    "run": frozenset(
        {"status", "fence", "lease_until", "retry_at", "claims", "finished_at", "error"}
    ),
}
"""What a restore changes on purpose: table → columns, or all of them."""


@contextmanager
def place_like(address: str, home: Path) -> Iterator[dict[str, str]]:
    """Have an empty place with a database of the same kind, as an operator names it."""
    named = {"CRMAPP_HOME": str(home)}
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        made = URL.create("sqlite", database=str(home / "crmapp.db")).render_as_string()
        yield {**named, "DATABASE_URL": made}
        return
    with PostgresCopies(url).beside() as beside:
        yield {**named, "DATABASE_URL": beside.render_as_string(hide_password=False)}


def content(address: str) -> dict[str, tuple[int, str]]:
    """Return of each table how many rows it has, and a digest of what a restore leaves alone."""
    engine = create_engine(psycopg_named(address), **ENGINE_OPTIONS)
    found = {}
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            changed = RESTORED.get(table.name, frozenset())
            if "*" in changed:
                continue
            kept = [column for column in table.c if column.name not in changed]
            rows = connection.execute(select(*kept).order_by(*table.primary_key)).all()
            digest = hashlib.sha256(repr([tuple(row) for row in rows]).encode())
            found[table.name] = (len(rows), digest.hexdigest())
    engine.dispose()
    return found


def psycopg_named(address: str) -> str:
    """Name the driver, as the settings do."""
    return address.replace("postgresql:", "postgresql+psycopg:")


def killed(work: Callable[[], Any], owner: Any, name: str, turn: int) -> bool:
    """Do ``work`` in a process that is killed when it calls ``owner.name`` for the nth time.

    Say whether it came to that.
    """
    child = os.fork()
    if child == 0:
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(owner, name, _dying(getattr(owner, name), turn))
                work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _dying(original: Callable[..., Any], turn: int) -> Callable[..., Any]:
    calls = iter(range(1, turn))

    def call(*args: Any, **kwargs: Any) -> Any:
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    return call


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder: name → content."""
    every = partial(folder.rglob, "*")
    return {str(each.relative_to(folder)): each.read_bytes() for each in every() if each.is_file()}


def rows(place: Mapping[str, str], query: str) -> list[tuple[Any, ...]]:
    """Return what a query finds in the database of a place."""
    engine = create_engine(psycopg_named(place["DATABASE_URL"]))
    with engine.connect() as connection:
        found = connection.execute(text(query)).all()
    engine.dispose()
    return [tuple(row) for row in found]


def home_of(place: Mapping[str, str]) -> Path:
    return Path(place["CRMAPP_HOME"])


def opened_secret(place: Mapping[str, str]) -> dict[str, Any]:
    """Return what the secrets of the source say, by the keys of that place alone."""
    ((sealed,),) = rows(place, "SELECT secrets FROM feed_source")
    config.use(Settings.from_env(place))
    return vault.unseal(sealed)
