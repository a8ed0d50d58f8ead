"""A real Tryton: installed into a cache once, started where a test needs the ERP itself."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from crmapp.config import ROOT
from crmapp.jobs.lifeline import die_with_parent
from tests.support import apart
from tests.support.processes import eventually

LOCK = ROOT / "tests" / "tryton" / "requirements.lock"
USER, PASSWORD = "admin", "a password that only tests use"
DATABASE = "prepared"
MODULES = ("ir", "res", "sale")
"""What is activated, with all that it depends on: parties, addresses, countries, products."""
# A session's time-out is also how long the list of databases is kept, and tests add some.
CONFIGURATION = """\
[database]
uri = sqlite://
path = {folder}
[web]
listen = 127.0.0.1:0
[session]
timeout = 0
"""
STAMPED = (
    "party_party",
    "party_address",
    "party_contact_mechanism",
    "party_identifier",
    "sale_sale",
)
_RUNNING = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


class NoTryton(Exception):
    """Tryton cannot be installed or prepared; the message says what to do."""


def cache() -> Path:
    """Return the folder in which Tryton is kept from one run of the tests to the next."""
    return apart.cache("tryton-8.2.1", "CRMAPP_TRYTON_CACHE")


def prepare() -> Path:
    """Install Tryton and make its database, unless that was done before; return the cache.

    Several processes may ask for it at the same time. What was interrupted is done anew.

    Raises:
        NoTryton: it cannot be done, mostly for want of a network.
    """
    folder = cache()
    with apart.alone(folder):
        mark, wanted = folder / "installed", f"{apart.digest(LOCK)} {MODULES} {sys.version}"
        if not mark.exists() or mark.read_text() != wanted:
            mark.unlink(missing_ok=True)
            _database(folder).unlink(missing_ok=True)
            with _told():
                apart.install(LOCK, folder)
            mark.write_text(wanted)
        if not _database(folder).exists():
            _make_database(folder)
    return folder


def _database(folder: Path) -> Path:
    return folder / f"{DATABASE}.sqlite"


def _make_database(folder: Path) -> None:
    """Make the database under another name, so that there is never a part of one."""
    making = folder / "making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    made = _database(making)
    made.touch()  # Tryton makes none by itself
    password = making / "password"
    password.write_text(f"{PASSWORD}\n")
    words = ["-d", DATABASE, "-u", *MODULES, "--activate-dependencies"]
    command = [*_program(folder, "trytond-admin", making), *words, "--email", "admin@erp.example"]
    with _told():
        apart.run(command, making, TRYTONPASSFILE=str(password))
    made.replace(_database(folder))
    shutil.rmtree(making)


def _program(cached: Path, name: str, folder: Path) -> list[str]:
    """Return the words that start one of Tryton's programs with its databases in ``folder``."""
    configuration = folder / "trytond.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder))
    binaries = cached / "venv" / "bin"
    return [str(binaries / "python"), str(binaries / name), "-c", str(configuration)]


@contextmanager
def _told() -> Iterator[None]:
    """Say what to do when something cannot be prepared."""
    try:
        yield
    except apart.Failed as error:
        raise NoTryton(
            f"Tryton could not be prepared in {cache()}. Check the network and run the tests"
            f" again, or name a folder that has it by CRMAPP_TRYTON_CACHE.\n{error}"
        ) from error


class Erp:
    """One database of the server, as somebody uses it who works in the ERP itself."""

    def __init__(self, url: str, file: Path) -> None:
        self.url = url
        self.file = file
        self.database = file.stem
        self._client = httpx.Client(base_url=f"{url}/{self.database}", timeout=60)
        self._header: dict[str, str] = {}

    def sign_in(self) -> None:
        # The server loads a database only when somebody asks for one of its own pages.
        self._client.get("/r/none")
        user, token, _ = self.call("common.db.login", USER, {"password": PASSWORD})
        session = base64.b64encode(f"{USER}:{user}:{token}".encode()).decode()
        self._header = {"Authorization": f"Session {session}"}

    def close(self) -> None:
        self._client.close()

    def call(self, method: str, *params: Any) -> Any:
        body = {"id": 1, "method": method, "params": params}
        answer = self._client.post("/rpc/", json=body, headers=self._header).json()
        assert "result" in answer, answer
        return answer["result"]

    def create(self, model: str, *records: dict[str, Any]) -> list[int]:
        ids: list[int] = self.call(f"model.{model}.create", list(records), {})
        return ids

    def write(self, model: str, id: int, **values: Any) -> None:
        self.call(f"model.{model}.write", [id], values, {})

    def delete(self, model: str, id: int) -> None:
        self.call(f"model.{model}.delete", [id], {})

    def read(self, model: str, id: int, *fields: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.call(f"model.{model}.read", [id], list(fields), {})
        return found[0]

    def let_time_pass(self) -> None:
        """Let all that was done until now have been done an hour ago: nothing of it is new."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            for table in STAMPED:
                for stamp in ("create_date", "write_date"):
                    connection.execute(
                        f"UPDATE {table} SET {stamp} ="  # noqa: S608 - our own names
                        f" strftime('%Y-%m-%d %H:%M:%f', {stamp}, '-1 hour')"
                    )

    def fill(self, names: Sequence[str]) -> None:
        """Write many parties at once, for which Tryton itself would take long."""
        rows = [(f"fill-{number}", name) for number, name in enumerate(names)]
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.executemany(
                "INSERT INTO party_party (code, name, active, create_uid, create_date)"
                " VALUES (?, ?, 1, 1, CURRENT_TIMESTAMP)",
                rows,
            )

    def end_sessions(self) -> None:
        """Sign everybody out, as the server does with who was idle for too long."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute("DELETE FROM ir_session")

    def sessions(self) -> int:
        with closing(sqlite3.connect(self.file)) as connection:
            found: int = connection.execute("SELECT count(*) FROM ir_session").fetchone()[0]
            return found

    def merge(self, party: int, into: int) -> None:
        """Replace one party by another, by the wizard that people do it with."""
        asked = {"ask": {"source": party, "destination": into}}
        session, _, _ = self.call("wizard.party.replace.create", {})
        for known in self._differences(party, into):
            self.create("res.user.warning", {"user": 1, "name": known, "always": True})
        self.call("wizard.party.replace.execute", session, asked, "replace", {})
        self.call("wizard.party.replace.delete", session, {})

    def _differences(self, party: int, into: int) -> list[str]:
        """Return the warnings that a person would have to click away."""
        return [f"party.replace {of} {party} {into}" for of in ("name", "tax_identifier")]


class TrytonServer:
    """``trytond`` on a port that the system chose, with databases in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._cached = prepare()
        self._folder = folder
        self._log = folder / "log"
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> TrytonServer:
        shutil.copy(_database(self._cached), _database(self._folder))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)

    def _start(self) -> None:
        command = _program(self._cached, "trytond", self._folder)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "-d", DATABASE, "-v"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                preexec_fn=partial(die_with_parent, os.getpid(), signal.SIGKILL),
            )
        eventually(lambda: _RUNNING.search(self.output) or self._ended(), "Tryton ran", 60)
        found = _RUNNING.search(self.output)
        assert found, self.output
        self.url = found[1]

    @property
    def output(self) -> str:
        return self._log.read_text()

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def copied(self) -> Path:
        """Return the file of a new database, which the server has not loaded yet."""
        file = self._folder / f"erp{next(self._names)}.sqlite"
        shutil.copy(_database(self._cached), file)
        return file

    @contextmanager
    def erp(self) -> Iterator[Erp]:
        """Give out a new database to work in, without any customer."""
        erp = Erp(self.url, self.copied())
        try:
            erp.sign_in()
            yield erp
        finally:
            erp.close()


if __name__ == "__main__":
    try:
        print(f"Tryton is ready in {prepare()}")  # noqa: T201 - for whoever runs the tests
    except NoTryton as reason:
        sys.exit(str(reason))
