"""A private PostgreSQL server: made, crashed and removed by the tests that need one."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from glob import glob
from pathlib import Path

import psycopg
from psycopg import sql

from crmapp.jobs.lifeline import die_with_parent

SUPERUSER = "crmapp"
_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "autovacuum": "off",
    "listen_addresses": "",
}


class NoServer(Exception):
    """PostgreSQL is not installed; the message says how to install it."""


def binaries() -> Path:
    """Return the folder of the newest installed PostgreSQL server.

    Raises:
        NoServer: there is none.
    """
    found = shutil.which("initdb")
    folders = [Path(place) for pattern in _PLACES for place in glob(pattern)]
    folders = [folder for folder in folders if (folder / "initdb").exists()]
    if folders:
        return max(folders, key=lambda folder: [int(n) for n in _digits(str(folder))])
    if found:
        return Path(found).resolve().parent
    raise NoServer("no PostgreSQL server found: install 'postgresql' with apt or Homebrew")


def _digits(text: str) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in text).split()


class Server:
    """A server in a temporary folder, reached by a Unix socket in it, without any durability.

    ``settings`` overrule those that make it fast; with ``listen_addresses`` and ``port`` it is on
    the network, too, where it wants passwords. PostgreSQL refuses to run as root, so under root
    it runs as ``postgres`` or ``nobody``. It dies with the process that started it.
    """

    def __init__(self, **settings: str) -> None:
        self._settings = _FAST | settings
        self._binaries = binaries()
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.home = Path(tempfile.mkdtemp(prefix="crmapp-pg-"))
        self._log = self.home / "log"
        if self._user:
            os.chown(self.home, self._user.pw_uid, self._user.pw_gid)
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise

    def url(self, database: str) -> str:
        port = self._settings.get("port", "5432")
        return f"postgresql://{SUPERUSER}@/{database}?host={self.home}&port={port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def run(self, statement: str, *names: str) -> None:
        """Run one statement on the maintenance database; ``{}`` stands for each quoted name."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def recreate(self, database: str, template: str = "template0") -> None:
        """Make ``database`` anew as a copy of ``template``, ending sessions that use it."""
        self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)
        self.run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", database, template)

    def start(self) -> None:
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        command = [str(self._binaries / "postgres"), f"-D{self.home / 'cluster'}", *settings]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, f"-cunix_socket_directories={self.home}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                preexec_fn=partial(die_with_parent, os.getpid(), signal.SIGQUIT),
                **self._identity(),
            )
        self._wait_until_it_answers()

    def crash(self) -> None:
        """Drop everything at once, as a power cut would; the next start recovers from its log."""
        self._end(signal.SIGQUIT)

    def crash_and_restart(self) -> None:
        self.crash()
        self.start()

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self._end(signal.SIGINT)
        shutil.rmtree(self.home, ignore_errors=True)

    def _initialise(self) -> None:
        locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        options = [
            "--no-sync",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
        ]
        made = subprocess.run(
            [self._binaries / "initdb", *options, f"--locale={locale}", self.home / "cluster"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.home,
            check=False,
            **self._identity(),
        )
        if made.returncode:
            raise NoServer(f"initdb failed: {made.stderr.strip()}")

    def _identity(self) -> dict[str, object]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                if self._process is None or self._process.poll() is not None:
                    raise NoServer(f"PostgreSQL ended: {self._log.read_text()[-2000:]}") from None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def _end(self, sig: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(sig)
            self._process.wait(30)
        self._process = None


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody'")
