"""Real clients of others, unmodified but for the address and the certificate that they trust."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from crmapp.connectors.sandbox.salesforce import create_app
from crmapp.connectors.sandbox.salesforce.apps import CLIENT_ID, CLIENT_SECRET
from crmapp.connectors.sandbox.serving import Server
from tests.connectors.peers.address import HOST

PROGRAMS = Path(sys.executable).parent
JSFORCE = Path(__file__).with_name("jsforce")
Step = dict[str, Any]


@pytest.fixture
def salesforce(tmp_path: Path) -> Iterator[Server]:
    """A pretend Salesforce over plain HTTP."""
    app = create_app(tmp_path / "salesforce")
    with Server(app) as server:
        yield server
    app.store.close()


@pytest.fixture
def safe_salesforce(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A pretend Salesforce over TLS, with the authority that its certificate is of."""
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    app = create_app(tmp_path / "salesforce")
    with Server(app, certificate=tmp_path / "server.pem") as server:
        yield server, tmp_path / "authority.pem"
    app.store.close()


@pytest.fixture(scope="session")
def jsforce() -> Callable[[str, Server], dict[str, Step]]:
    """Return a function that runs a script with jsforce and returns the steps it printed."""
    _install(JSFORCE)

    def run(script: str, server: Server) -> dict[str, Step]:
        environment = {
            **_environment(),
            "SANDBOX": server.url,
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": CLIENT_SECRET,
        }
        ended = subprocess.run(
            [PROGRAMS / "node", JSFORCE / script],
            env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        steps = [json.loads(line) for line in ended.stdout.splitlines()]
        return {each.pop("step"): each for each in steps}

    return run


def _install(folder: Path) -> None:
    """Install what the lock file names, once: several processes of tests may want it."""
    done = folder / "node_modules" / ".installed"
    lock = folder / "package-lock.json"
    with lock.open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
            return
        ended = subprocess.run(
            [PROGRAMS / "npm", "ci", "--ignore-scripts"],
            cwd=folder,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        done.touch()


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
