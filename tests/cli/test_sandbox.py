"""What ``crmapp sandbox`` says and serves."""

from __future__ import annotations

import socket
import ssl

import httpx
import trustme
from click.testing import CliRunner

from crmapp.cli import commands
from tests.support.sandboxes import SandboxProcess


def test_a_sandbox_is_served_and_says_where(tmp_path):
    with SandboxProcess("salesforce", tmp_path / "sandbox") as process:
        page = httpx.get(f"{process.url}/__control").text
        versions = httpx.get(f"{process.url}/services/data").json()

    assert "The pretend Salesforce" in page
    assert f"its faults at {process.url}/__control" in process.output
    assert versions[-1]["version"] == "68.0"
    assert (tmp_path / "sandbox" / "salesforce.db").exists()


def test_a_sandbox_speaks_tls_with_a_certificate(tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "server.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "server.key")
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    words = ["--certificate", str(tmp_path / "server.pem"), "--key", str(tmp_path / "server.key")]

    with SandboxProcess("salesforce", tmp_path / "sandbox", *words) as process:
        answer = httpx.get(f"{process.url}/services/data", verify=trust)

    assert process.url.startswith("https://")
    assert answer.status_code == 200


def test_a_port_that_is_taken_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ["sandbox", "salesforce", "--port", port, "--folder", str(tmp_path)]
        result = CliRunner().invoke(commands, words)

    assert result.exit_code == 1
    assert "The sandbox cannot be served" in result.output


def test_only_known_systems_are_pretended():
    result = CliRunner().invoke(commands, ["sandbox", "hubspot"])

    assert result.exit_code == 2
    assert "intacct" in result.output
