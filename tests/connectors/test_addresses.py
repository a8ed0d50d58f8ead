from __future__ import annotations

import socket

import pytest

from crmapp.connectors.addresses import Reach
from crmapp.connectors.door import Door, Request
from crmapp.connectors.errors import WrongInstance
from tests.connectors.wire import http, listening

ACME = Reach("Example", (r"[a-z-]+\.example\.com",))


def resolving(monkeypatch, *addresses):
    """Let every name lead to ``addresses``, the next of them for each question."""
    turns, really = iter(addresses), socket.getaddrinfo

    def found(host, port, *args, **more):
        if ":" in host or host.replace(".", "").isdigit():
            return really(host, port, *args, **more)
        texts = next(turns)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in texts.split()]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.example.com.evil.org",
        "https://evil.org/acme.example.com",
        "https://acme.example.com@evil.org",
        "https://user:pw@acme.example.com",
        "https://127.0.0.1",
        "http://acme.example.com",
        "https://acme.example.com:8443",
        "https://acme.example.com:port",
        "file:///etc/passwd",
        "gopher://acme.example.com",
        "acme.example.com",
        "https://xn--a.example.com",
        "https://[::1",
        "",
    ],
)
def test_what_is_not_on_the_list_is_refused(url):
    with pytest.raises(WrongInstance):
        ACME.checked(url)


@pytest.mark.parametrize("url", ["https://acme.example.com/x", "https://ACME.example.com.:443"])
def test_what_is_on_the_list_may_be_reached(url):
    assert ACME.checked(url).scheme == "https"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - it is what must be refused
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
    ],
)
def test_a_name_that_leads_inside_is_refused(monkeypatch, address):
    resolving(monkeypatch, address)

    with pytest.raises(WrongInstance, match="private"):
        ACME.addresses("acme.example.com", 443)


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    resolving(monkeypatch, "93.184.215.14 127.0.0.1")

    with pytest.raises(WrongInstance, match="private"):
        ACME.addresses("acme.example.com", 443)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "64:ff9b::5db8:d70e"])
def test_public_addresses_may_be_reached(monkeypatch, address):
    resolving(monkeypatch, address)

    assert [str(each) for each in ACME.addresses("acme.example.com", 443)] == [address]


def test_a_sandbox_may_be_on_this_machine():
    reach = Reach("Example", sandbox=True)

    reach.checked("http://127.0.0.1:8080")
    assert reach.addresses("127.0.0.1", 8080)


def test_a_host_of_ones_own_may_be_inside(monkeypatch):
    resolving(monkeypatch, "10.0.0.7")
    reach = Reach("Example", own=frozenset({"erp.internal"}))

    assert reach.checked("http://ERP.internal.:8000").port == 8000
    assert [str(each) for each in reach.addresses("erp.internal", 8000)] == ["10.0.0.7"]


@pytest.mark.parametrize("url", ["http://erp.internal.evil.org", "ftp://erp.internal", "http://db"])
def test_what_is_not_ones_own_is_refused(url):
    with pytest.raises(WrongInstance):
        Reach("Example", own=frozenset({"erp.internal"})).checked(url)


def test_a_connection_that_is_no_sandbox_never_connects_inside(monkeypatch):
    connected = []
    resolving(monkeypatch, "127.0.0.1", "127.0.0.1", "127.0.0.1")
    monkeypatch.setattr(socket, "create_connection", lambda *a, **_more: connected.append(a))
    door = Door(ACME)

    with pytest.raises(WrongInstance):
        door.send(Request("GET", "https://acme.example.com/", idempotent=True))

    assert connected == []


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch):
    """What was resolved and checked is connected to; the name is not asked a second time."""
    connected = []
    resolving(monkeypatch, "93.184.215.14", "127.0.0.1")

    def refuse(address, *_args, **_more):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    door = Door(ACME)

    with pytest.raises(WrongInstance):
        door.send(Request("GET", "https://acme.example.com/", idempotent=True))

    assert connected == [("93.184.215.14", 443)]


def test_the_next_address_is_tried_if_the_first_does_not_answer(monkeypatch):
    with listening(http()) as peer:
        resolving(monkeypatch, "::1 127.0.0.1")
        door = Door(Reach("Example", sandbox=True))

        assert door.send(Request("GET", f"http://pretend.example:{peer.port}")).status == 200
    door.close()
