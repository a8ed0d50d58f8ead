"""A private MariaDB server: made and removed by the tests that need one."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import partial
from glob import glob
from pathlib import Path
from typing import Any

import pymysql

from crmapp.jobs.lifeline import die_with_parent

_PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/opt/homebrew/opt/mariadb*/bin")
_FAST = {
    "skip-networking": "0",
    "bind-address": "127.0.0.1",
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-buffer-pool-size": "32M",
    "innodb-log-file-size": "8M",
    "sync-binlog": "0",
    "performance-schema": "OFF",
    "skip-log-bin": "",
    "skip-name-resolve": "",
}


class NoServer(Exception):
    """MariaDB is not installed; the message says how to install it."""


def binary() -> Path:
    """Return the installed MariaDB server.

    Raises:
        NoServer: there is none.
    """
    found = shutil.which("mariadbd")
    paths = [Path(place) / "mariadbd" for pattern in _PLACES for place in glob(pattern)]
    for path in [Path(found)] if found else paths:
        if path.exists() and shutil.which("mariadb-install-db"):
            return path
    raise NoServer("no MariaDB server found: install 'mariadb-server' with apt or Homebrew")


class Server:
    """A server in a temporary folder, on a port of 127.0.0.1 and on a Unix socket in the folder.

    MariaDB does not like to run as root, so under root it runs as ``mysql`` or ``nobody``. It dies
    with the process that started it. With a ``certificate`` and its ``key``, in PEM, it speaks TLS.
    """

    def __init__(self, certificate: bytes = b"", key: bytes = b"") -> None:
        self._binary = binary()
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.home = Path(tempfile.mkdtemp(prefix="crmapp-my-"))
        self._log = self.home / "log"
        self._socket = self.home / "socket"
        self.port = 0
        self._tls = {"ssl-cert": self.home / "cert.pem", "ssl-key": self.home / "key.pem"}
        for path, text in zip(self._tls.values(), (certificate, key), strict=True):
            path.write_bytes(text)
            path.chmod(0o644)  # the folder keeps others out
        if not certificate:
            self._tls = {}
        if self._user:
            os.chown(self.home, self._user.pw_uid, self._user.pw_gid)
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def connect(self, database: str | None = None) -> pymysql.Connection[Any]:
        """Return a connection as the one who may do everything."""
        return pymysql.connect(
            unix_socket=str(self._socket), user="root", database=database, autocommit=True
        )

    def run(self, *statements: str) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def start(self) -> None:
        self.port = _free_port()
        settings = [f"--{name}={value}" if value else f"--{name}" for name, value in _FAST.items()]
        settings += [f"--{name}={path}" for name, path in self._tls.items()] or ["--skip-ssl"]
        places = [f"--datadir={self.home / 'cluster'}", f"--socket={self._socket}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "--no-defaults", *places, f"--port={self.port}", *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                preexec_fn=partial(die_with_parent, os.getpid(), signal.SIGTERM),
                **self._identity(),
            )
        self._wait_until_it_answers()

    def close(self) -> None:
        """Stop the server and remove its folder."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)
        self._process = None
        shutil.rmtree(self.home, ignore_errors=True)

    def _initialise(self) -> None:
        options = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
        made = subprocess.run(
            ["mariadb-install-db", *options, f"--datadir={self.home / 'cluster'}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.home,
            check=False,
            **self._identity(),
        )
        if made.returncode:
            raise NoServer(f"mariadb-install-db failed: {made.stdout}{made.stderr}"[-2000:])

    def _identity(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self._knock()
            except OSError:
                if self._process is None or self._process.poll() is not None:
                    raise NoServer(f"MariaDB ended: {self._log.read_text()[-2000:]}") from None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def _knock(self) -> None:
        """Connect without a word: a client of MariaDB leaves sockets behind where nobody is."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self._socket))
        self.run("SELECT 1")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("mysql", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("MariaDB refuses to run as root, and there is no user 'mysql' or 'nobody'")
