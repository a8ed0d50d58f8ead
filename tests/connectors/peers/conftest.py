"""Real clients of others, unmodified but for the address and the certificate that they trust."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from crmapp.connectors.sandbox.salesforce import create_app
from crmapp.connectors.sandbox.salesforce.apps import CLIENT_ID, CLIENT_SECRET
from crmapp.connectors.sandbox.serving import Server
from tests.connectors.peers.address import HOST
from tests.support.node import NODE, environment, install

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
    install(JSFORCE)

    def run(script: str, server: Server) -> dict[str, Step]:
        told = {
            **environment(),
            "SANDBOX": server.url,
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": CLIENT_SECRET,
        }
        ended = subprocess.run(
            [NODE, JSFORCE / script],
            env=told, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        steps = [json.loads(line) for line in ended.stdout.splitlines()]
        return {each.pop("step"): each for each in steps}

    return run
