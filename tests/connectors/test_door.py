from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
import trustme

from crmapp.connectors.addresses import Reach
from crmapp.connectors.door import Door, Request
from crmapp.connectors.errors import (
    Cause,
    ConnectorError,
    Retryable,
    Unreachable,
    WrongInstance,
)
from tests.connectors.wire import http, listening

SANDBOX = Reach("Example", sandbox=True)
HTML = b"<html>Service down</html>"


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def exchanges():
    return []


@pytest.fixture
def door(pauses, exchanges):
    door = Door(SANDBOX, log=exchanges.append, pause=pauses.append)
    yield door
    door.close()


def get(url, **more):
    return Request("GET", url, idempotent=True, **more)


def test_an_answer_comes_back_whole(door):
    with listening(http("201 Created", b'{"a": 1.10}', X_More="yes")) as peer:
        answer = door.send(get(f"{peer.url}/path?a=1"))

    assert (answer.status, answer.headers["x-more"]) == (201, "yes")
    assert str(answer.json()["a"]) == "1.10"
    assert peer.requests[0].startswith(b"GET /path?a=1 HTTP/1.1")
    assert b"User-Agent: crmapp/" in peer.requests[0]


def cut_in_the_body(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 200 O", cut_in_the_body, b"SSH-2.0-x\r\n"])
def test_a_cut_answer_is_told_from_other_causes(door, answer):
    with listening(answer) as peer, pytest.raises(Unreachable) as failed:
        door.send(get(peer.url))

    assert failed.value.cause is Cause.CUT
    assert len(peer.requests) == 3


def test_an_answer_that_is_half_json_is_cut(door):
    with listening(http(body=b'[{"Id": "001')) as peer:
        answer = door.send(get(peer.url))

    with pytest.raises(Unreachable) as failed:
        answer.json()
    assert failed.value.cause is Cause.CUT


def test_nobody_listening_is_told(door):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 cannot be reached") as failed:
        door.send(get(f"http://127.0.0.1:{port}"))
    assert failed.value.cause is Cause.REFUSED


def test_a_name_that_nobody_has_is_told(door, monkeypatch):
    def unknown(*_args, **_more):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(Unreachable, match=r"no host named acme\.example") as failed:
        door.send(get("http://acme.example"))
    assert failed.value.cause is Cause.NAME


@contextmanager
def at_last(event):
    try:
        yield
    finally:
        event.set()


def test_a_peer_that_drips_is_left_at_the_deadline(door):
    over = threading.Event()

    def drip(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not over.wait(0.01):
            connection.sendall(b" ")

    with listening(drip) as peer, at_last(over), pytest.raises(Unreachable) as failed:
        door.send(get(peer.url, within=0.3))

    assert failed.value.cause is Cause.TIME
    assert len(peer.requests) == 1


def test_a_silent_peer_is_left_at_the_deadline(door):
    over = threading.Event()

    with (
        listening(lambda _: over.wait(10)) as peer,
        at_last(over),
        pytest.raises(Unreachable) as failed,
    ):
        door.send(get(peer.url, within=0.2))

    assert failed.value.cause is Cause.TIME


@pytest.fixture
def authority(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return authority


def secure(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_a_certificate_of_the_given_authority_is_trusted(authority, tmp_path):
    door = Door(SANDBOX, ca_file=tmp_path / "ca.pem")

    with listening(http(), tls=secure(authority)) as peer:
        assert door.send(get(peer.url)).status == 200
    door.close()


def test_an_unknown_certificate_is_told(door, authority):
    with listening(http(), tls=secure(authority)) as peer, pytest.raises(Unreachable) as failed:
        door.send(get(peer.url))

    assert failed.value.cause is Cause.TLS
    assert "certificate" in str(failed.value.message)


def test_a_busy_system_is_asked_again_after_as_long_as_it_says(door, pauses):
    busy = http("503 Service Unavailable", HTML, Retry_After="2")

    with listening(busy, http()) as peer:
        assert door.send(get(peer.url)).status == 200

    assert len(pauses) == 1
    assert 2 <= pauses[0] <= 4


def test_a_system_that_is_busy_for_long_is_left_alone(door, pauses):
    busy = http("429 Too Many Requests", HTML, X_IA_Hourly_Retry_After="600")

    with listening(busy) as peer, pytest.raises(Retryable) as failed:
        door.send(get(peer.url))

    assert (failed.value.after, pauses, len(peer.requests)) == (600, [], 1)


def test_a_date_to_wait_for_is_understood(door, clock):
    busy = http("429 Too Many Requests", b"", Retry_After="Mon, 15 Jun 2026 09:40:00 GMT")

    with listening(busy) as peer, pytest.raises(Retryable) as failed:
        door.send(get(peer.url))

    assert failed.value.after == 600


def test_what_must_not_be_sent_twice_is_sent_once(door, pauses):
    with listening(None) as peer, pytest.raises(Unreachable):
        door.send(Request("POST", peer.url, content=b"{}"))

    assert (len(peer.requests), pauses) == (1, [])


def test_what_was_refused_before_anything_was_done_is_sent_again(door, pauses):
    busy = http("429 Too Many Requests", b"", Retry_After="1")

    with listening(busy, http()) as peer:
        assert door.send(Request("POST", peer.url, content=b"{}")).status == 200

    assert len(pauses) == 1


def test_a_turn_is_not_waited_for_beyond_the_deadline():
    turns = threading.BoundedSemaphore(1)
    turns.acquire()

    with (
        Door(SANDBOX, turns=turns) as door,
        listening(http()) as peer,
        pytest.raises(Unreachable) as failed,
    ):
        door.send(get(peer.url, within=0.1))

    assert (failed.value.cause, peer.requests) == (Cause.TIME, [])


def test_an_answer_without_end_is_refused(door):
    with listening(http(body=b" " * 3000)) as peer, pytest.raises(ConnectorError, match="larger"):
        door.send(get(peer.url, max_bytes=1000))


def test_a_redirect_on_the_same_host_is_followed(door):
    with listening(http("302 Found", b"", Location="/there"), http()) as peer:
        assert door.send(get(peer.url)).status == 200

    assert peer.requests[1].startswith(b"GET /there ")


@pytest.mark.parametrize("to", ["http://127.0.0.2/", "https://elsewhere.example/steal"])
def test_a_redirect_to_another_host_is_not_followed(door, to):
    with (
        listening(http("302 Found", b"", Location=to)) as peer,
        pytest.raises(WrongInstance, match="leads to another one"),
    ):
        door.send(get(peer.url))

    assert len(peer.requests) == 1


@pytest.mark.parametrize("to", ["https://xn--a/", "https://xn--a.example.com/"])
def test_a_redirect_to_what_is_no_address_is_refused(door, to):
    with (
        listening(http("302 Found", b"", Location=to)) as peer,
        pytest.raises(WrongInstance),
    ):
        door.send(get(peer.url))


def test_each_exchange_is_logged_without_secrets(exchanges):
    door = Door(SANDBOX, log=exchanges.append, secrets=lambda: ["hunter2-Token"])
    body = b'[{"message": "Session hunter2-Token expired", "access_token": "abc.def"}]'

    with listening(http("401 Unauthorized", body)) as peer:
        door.send(
            Request(
                "POST",
                f"{peer.url}/login?client_secret=s3cret&q=SELECT+Id",
                headers={"Authorization": "Bearer hunter2-Token"},
                content=b"password=pa55word",
            )
        )
    door.close()

    (exchange,) = exchanges
    assert (exchange.method, exchange.status, exchange.sent) == ("POST", 401, 17)
    assert exchange.received == len(body)
    assert "expired" in exchange.detail
    assert exchange.path.startswith("/login?")
    assert "127.0.0.1" not in exchange.path
    for secret in ("hunter2", "s3cret", "abc.def", "pa55word"):
        assert secret not in repr(exchange)


def test_what_got_no_answer_is_logged_with_its_cause(door, exchanges):
    with listening(None) as peer, pytest.raises(Unreachable):
        door.send(Request("GET", peer.url))

    assert [(each.status, each.error) for each in exchanges] == [(None, "cut")]


@pytest.mark.parametrize("url", ["http://[::1", "http://exa\x00mple/", "http:///x"])
def test_what_is_no_address_is_told(door, url):
    with pytest.raises(WrongInstance, match="not an address"):
        door.send(get(url))


def test_a_header_that_cannot_be_sent_is_told(door):
    with pytest.raises(ConnectorError, match="cannot be sent"):
        door.send(get("http://127.0.0.1", headers={"X-Entity": "Zürich"}))
