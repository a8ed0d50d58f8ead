"""What somebody in a browser may have read: nothing that the operator has not named."""

from __future__ import annotations

import socket

import pytest

from crmapp.connectors.errors import ConfigBroken, Unreachable, WrongInstance
from crmapp.connectors.source_reach import SourceReach


@pytest.fixture
def folders(tmp_path):
    """An operator's folder with a file, and things beside it that are none of anybody's."""
    (tmp_path / "erp" / "home").mkdir(parents=True)
    (tmp_path / "erp" / "customers.csv").write_text("code")
    (tmp_path / "erp" / "home" / "secret_key").write_text("secret")
    (tmp_path / "erp" / "ours.db").write_text("records")
    (tmp_path / "erpx").mkdir()
    (tmp_path / "erpx" / "other.csv").write_text("code")
    (tmp_path / "erp" / "link").symlink_to(tmp_path / "erpx")
    (tmp_path / "erp" / "ring").symlink_to(tmp_path / "erp" / "ring")
    return tmp_path


@pytest.fixture
def reach(folders):
    erp = folders / "erp"
    return SourceReach((erp,), home=erp / "home", database_url=f"sqlite:///{erp}/ours.db")


def test_a_file_below_the_operators_folder_may_be_read(folders, reach):
    assert reach.place(f"{folders}/erp/customers.csv") == folders / "erp" / "customers.csv"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "{0}/erpx/other.csv",
        "{0}/erp/../erpx/other.csv",
        "{0}/erp/link/other.csv",
        "{0}/erp/ring",
        "{0}/erp/home/secret_key",
        "{0}/erp/ours.db",
        "{0}/erp/ours.db-wal",
        "{0}/erp/\0",
        "customers.csv",
        "",
    ],
)
def test_no_other_file_is(folders, reach, path):
    with pytest.raises(WrongInstance, match="CRMAPP_SOURCE_FOLDERS"):
        reach.place(path.format(folders))


def test_nothing_is_read_while_no_folder_is_named(folders):
    with pytest.raises(WrongInstance):
        SourceReach().place(f"{folders}/erp/customers.csv")


def test_a_file_that_is_not_there_is_named(folders, reach):
    with pytest.raises(ConfigBroken) as gone:
        reach.place(f"{folders}/erp/gone.csv")

    assert gone.value.field == f"{folders}/erp/gone.csv"


def resolving(monkeypatch, *addresses):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: found)


@pytest.mark.parametrize("rule", ["erp.corp.example", ".corp.example", "10.1.2.3", "10.1.0.0/16"])
def test_a_private_host_that_the_operator_names_may_be_asked(monkeypatch, rule):
    resolving(monkeypatch, "10.1.2.3")

    assert SourceReach(hosts=(rule,)).addresses("ERP.corp.example.", 5432)


@pytest.mark.parametrize("rule", ["corp.example", "rp.corp.example", "10.2.0.0/16", "fd00::/8"])
@pytest.mark.parametrize("addresses", [["10.1.2.3"], ["93.184.215.14", "127.0.0.1"]])
def test_no_other_private_host_is(monkeypatch, addresses, rule):
    resolving(monkeypatch, *addresses)

    with pytest.raises(WrongInstance, match="CRMAPP_SOURCE_HOSTS"):
        SourceReach(hosts=(rule,)).addresses("erp.corp.example", 5432)


def test_a_public_host_may_be_asked(monkeypatch):
    resolving(monkeypatch, "93.184.215.14")

    assert SourceReach().addresses("erp.example.com", 5432)


@pytest.mark.parametrize("ours", ["postgresql+psycopg://crm@127.0.0.1/crm", "postgresql:///crm"])
def test_our_own_database_is_never_asked_however_it_is_called(monkeypatch, ours):
    resolving(monkeypatch, "127.0.0.1")
    reach = SourceReach(hosts=("db.example",), database_url=ours)

    with pytest.raises(WrongInstance, match="crmapp itself"):
        reach.addresses("db.example", 5432, "crm")
    assert reach.addresses("db.example", 5432, "erp")
    assert reach.addresses("db.example", 5433, "crm")


def test_a_name_that_nobody_knows_is_said():
    with pytest.raises(Unreachable, match=r"nowhere\.invalid"):
        SourceReach().addresses("nowhere.invalid", 5432)
