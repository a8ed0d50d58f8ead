"""The line to a MariaDB server is as safe as the address asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crmapp.connectors.errors import ConfigBroken, ConnectorError, WrongInstance
from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.sql.reader import SqlReader
from crmapp.connectors.sql.settings import SqlSettings
from tests.connectors.sql.databases import PASSWORD, READER, mariadb_server, opened
from tests.support import mariadb

QUERY = (
    "SELECT 'cipher' AS k, VARIABLE_VALUE AS cipher FROM information_schema.SESSION_STATUS"
    " WHERE VARIABLE_NAME = 'SSL_CIPHER'"
)


def self_signed(host: str) -> tuple[bytes, bytes]:
    """Return a certificate for a host that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made.public_bytes(serialization.Encoding.PEM), private


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[mariadb.Server, bytes]]:
    """A server whose certificate is for localhost, and that certificate."""
    certificate, key = self_signed("localhost")
    server = mariadb.Server(certificate, key)
    server.run(f"CREATE USER {READER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
    yield server, certificate
    server.close()


@pytest.fixture
def folder(tmp_path: Path, served: tuple[mariadb.Server, bytes]) -> Path:
    """A folder of the operator's, with the authority that knows the server, and another."""
    (tmp_path / "ca.pem").write_bytes(served[1])
    (tmp_path / "other.pem").write_bytes(self_signed("localhost")[0])
    (tmp_path / "none.pem").write_bytes(b"no certificate")
    return tmp_path


def ask(server: mariadb.Server, folder: Path, options: str, host: str = "localhost") -> str:
    """Return the cipher of the line, empty if there is none."""
    reach = SourceReach((folder,), ("localhost", "127.0.0.1"))
    url = f"mariadb://{READER}@{host}:{server.port}/?{options.format(folder=folder)}"
    told = {"url": url, "password": PASSWORD, "query": QUERY, "key": "k"}
    with SqlReader(SqlSettings.from_json(told), reach) as reader:
        ((record,), *_rest) = [page.records for page in reader.read("query", ("cipher",))]
    return str(record["cipher"] or "")


@pytest.mark.parametrize(
    "options",
    [
        "sslmode=require",
        "ssl=true",
        "sslmode=verify-ca&ssl_ca={folder}/ca.pem",
        "sslmode=verify-full&ssl_ca={folder}/ca.pem",
        "ssl_ca={folder}/ca.pem",
        "ssl=true&ssl_ca={folder}/ca.pem",
        "",
    ],
)
def test_the_line_is_encrypted(served, folder, options):
    assert ask(served[0], folder, options).startswith("TLS_")


@pytest.mark.parametrize("options", ["sslmode=disable", "ssl=false"])
def test_it_is_not_where_that_is_asked_for(served, folder, options):
    assert ask(served[0], folder, options) == ""


@pytest.mark.parametrize(
    "options, host",
    [
        ("sslmode=verify-full", "localhost"),
        ("sslmode=verify-ca", "localhost"),
        ("ssl_ca={folder}/other.pem", "localhost"),
        ("sslmode=verify-ca&ssl_ca={folder}/other.pem", "localhost"),
        ("ssl_ca={folder}/ca.pem", "127.0.0.1"),
    ],
)
def test_a_server_that_nobody_vouches_for_is_refused(served, folder, options, host):
    with pytest.raises(WrongInstance) as refused:
        ask(served[0], folder, options, host)

    assert "not as safe as the address asks for" in str(refused.value)
    assert "certificate" in refused.value.remote


def test_by_its_authority_alone_a_server_may_have_any_name(served, folder):
    options = "sslmode=verify-ca&ssl_ca={folder}/ca.pem"

    assert ask(served[0], folder, options, "127.0.0.1").startswith("TLS_")


@pytest.mark.usefixtures("_servers")
def test_a_server_that_cannot_encrypt_is_refused_where_that_is_asked_for(folder):
    assert ask(mariadb_server(), folder, "sslmode=prefer", "127.0.0.1") == ""

    with pytest.raises(WrongInstance) as refused:
        ask(mariadb_server(), folder, "sslmode=require", "127.0.0.1")

    assert "not as safe as the address asks for" in str(refused.value)


@pytest.mark.usefixtures("_servers")
def test_postgresql_says_the_same_of_a_server_that_cannot(tmp_path):
    with opened("postgresql", tmp_path) as erp:
        erp.url += "?sslmode=require"

        with erp.reader() as reader, pytest.raises(WrongInstance) as refused:
            reader.check()

    assert "not as safe as the address asks for" in str(refused.value)


@pytest.mark.parametrize(
    "options, error, words",
    [
        ("sslmode=maybe", WrongInstance, "disable, prefer, require, verify-ca, verify-full"),
        ("ssl=perhaps", WrongInstance, "true or false"),
        ("ssl_ca=/etc/passwd", WrongInstance, "CRMAPP_SOURCE_FOLDERS"),
        ("ssl_ca={folder}/gone.pem", ConfigBroken, "is not there"),
        ("ssl_ca={folder}/none.pem", WrongInstance, "holds no certificates"),
        ("ssl_key={folder}/ca.pem", WrongInstance, "must not be said"),
    ],
)
def test_an_option_that_there_is_not_is_named(served, folder, options, error, words):
    with pytest.raises(ConnectorError) as refused:
        ask(served[0], folder, options)

    assert isinstance(refused.value, error)
    assert words in str(refused.value)
