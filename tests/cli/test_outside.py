"""What the doctor finds when it asks the mail server, the public address and the clocks."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import time_machine
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import update

from crmapp.cli import outside
from crmapp.db import session, unit_of_work, utcnow
from crmapp.models import AuditEvent
from crmapp.services import audit
from tests.support.inbox import Inbox, end, open_inbox

HSTS = "max-age=31536000; includeSubDomains"


class Proxy:
    """An HTTPS server before crmapp, as far as ``/health`` is concerned."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.hsts = HSTS
        self.date = ""


@contextmanager
def proxy(folder: Path, *, days: int = 90, name: str = "localhost") -> Iterator[Proxy]:
    """Serve on a free port with a certificate of an authority that is trusted meanwhile."""
    told = Proxy()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(told.status)
            self.send_header("Date", told.date or format_datetime(datetime.now(UTC)))
            self.send_header("Strict-Transport-Security", told.hsts)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    authority = trustme.CA()
    own = folder / "server.pem"
    end = datetime.now(UTC) + timedelta(days=days, hours=1)
    authority.issue_cert(name, not_after=end).private_key_and_cert_chain_pem.write_to_path(own)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told.url = f"https://localhost:{server.server_port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
        yield told
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def behind(settings):
    """Settings of an installation behind a proxy that is well."""
    return lambda url: replace(settings, public_url=url, secure_cookies=True, proxies=1)


def looked_at(settings):
    try:
        answer = outside.asked(settings)
    except OSError as error:
        answer = error
    return outside.https(settings, answer)


def test_https_that_is_well_says_for_how_long(behind, tmp_path):
    with proxy(tmp_path) as server:
        state, detail = looked_at(behind(server.url))

    assert (state, "good for 90 days" in detail) == ("ok", True)


@pytest.mark.parametrize(
    "wrong, state, why",
    [
        ({"secure_cookies": False}, "fail", "CRMAPP_SECURE_COOKIES is not 1"),
        ({"proxies": 0}, "fail", "CRMAPP_PROXIES is 0"),
        ({"public_url": "http://crm.example"}, "fail", "is not encrypted"),
        ({"public_url": ""}, "warn", "CRMAPP_PUBLIC_URL is not set"),
    ],
)
def test_settings_that_do_not_fit_https_are_named(behind, tmp_path, wrong, state, why):
    with proxy(tmp_path) as server:
        answer = outside.asked(behind(server.url))
        found = outside.https(replace(behind(server.url), **wrong), answer)

    assert (found[0], why in found[1]) == (state, True)


def test_a_certificate_that_ends_soon_is_named(behind, tmp_path):
    with proxy(tmp_path, days=5) as server:
        assert looked_at(behind(server.url)) == (
            "warn",
            "the certificate ends in 5 days: see why it was not renewed",
        )


def test_a_certificate_of_another_name_or_that_has_ended_fails(behind, tmp_path):
    with proxy(tmp_path, name="elsewhere.example") as server:
        named = looked_at(behind(server.url))
    with proxy(tmp_path, days=-2) as server:
        ended = looked_at(behind(server.url))

    assert (named[0], "certificate" in named[1]) == ("fail", True)
    assert (ended[0], "expired" in ended[1]) == ("fail", True)


def test_an_address_that_does_not_answer_fails(behind, tmp_path):
    with proxy(tmp_path) as server:
        server.status = 502
        wrong = looked_at(behind(server.url))

    assert (wrong[0], "answers 502" in wrong[1]) == ("fail", True)
    assert looked_at(behind(server.url))[0] == "fail"


@pytest.mark.parametrize("hsts", ["", "max-age=60", "includeSubDomains", "max-age=much"])
def test_a_proxy_that_takes_hsts_away_is_named(behind, tmp_path, hsts):
    with proxy(tmp_path) as server:
        server.hsts = hsts

        assert "Strict-Transport-Security" in looked_at(behind(server.url))[1]


# --- letters --------------------------------------------------------------------------------------


@contextmanager
def encrypted(folder: Path) -> Iterator[Inbox]:
    """A mail server that wants STARTTLS, and then a name and a password."""
    authority = trustme.CA()
    own = folder / "mail.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(own)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def authenticate(_server, _session, _envelope, _mechanism, told):
        return AuthResult(success=told.password == b"good", handled=False)

    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=authenticate,
    )
    controller.start()
    inbox.url = f"smtp://crm:good@localhost:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
        yield inbox
    end(controller)


def test_a_mail_server_is_signed_in_to_and_gets_no_letter(settings, tmp_path):
    with encrypted(tmp_path) as inbox:
        state, detail = outside.mail(replace(settings, smtp_url=inbox.url), "")

    assert (state, "answers, encrypted" in detail) == ("ok", True)
    assert inbox.letters == []


def test_a_letter_goes_to_whom_one_names(settings, tmp_path):
    with encrypted(tmp_path) as inbox:
        state, detail = outside.mail(replace(settings, smtp_url=inbox.url), "ana@crm.example")

    assert (state, "on its way to ana@crm.example" in detail) == ("ok", True)
    (letter,) = inbox.letters
    assert letter["Subject"] == "A letter from crmapp doctor"


def test_a_wrong_password_for_the_mail_server_is_told_and_not_shown(settings, tmp_path):
    with encrypted(tmp_path) as inbox:
        url = inbox.url.replace("good", "wrong-one")
        state, detail = outside.mail(replace(settings, smtp_url=url), "")

    assert (state, "535" in detail, "wrong-one" in detail) == ("fail", True, False)


def test_a_mail_server_without_encryption_is_named(settings):
    with open_inbox() as inbox:
        state, detail = outside.mail(replace(settings, smtp_url=inbox.url), "")

    assert (state, "no encryption" in detail) == ("warn", True)


def test_a_letter_that_is_refused_fails(settings):
    with open_inbox() as inbox:
        inbox.answer = "550 no such person"
        found = outside.mail(replace(settings, smtp_url=inbox.url), "nobody@crm.example")

    assert found[0] == "fail"


def test_a_mail_server_that_is_away_fails_and_none_at_all_is_named(settings):
    away = outside.mail(replace(settings, smtp_url="smtp://127.0.0.1:1"), "")

    assert away[0] == "fail"
    assert outside.mail(settings, "")[0] == "warn"


# --- clocks ---------------------------------------------------------------------------------------


def test_clocks_that_agree_are_well(app):
    assert outside.clock(None)[0] == "ok"


def test_a_clock_that_differs_from_the_public_address_is_named(app):
    def answer(ahead):
        return outside.clock(outside.Asked(200, HSTS, None, ahead))

    assert answer(-10.0)[0] == "warn"
    assert "10 s ahead of what answers" in answer(-10.0)[1]
    assert (answer(45.0)[0], "45 s behind" in answer(45.0)[1]) == ("fail", True)


def test_the_date_of_the_answer_is_compared(behind, tmp_path):
    with proxy(tmp_path) as server:
        server.date = format_datetime(datetime.now(UTC) + timedelta(hours=1))
        asked = outside.asked(behind(server.url))

    assert asked.ahead == pytest.approx(3600, abs=60)


def test_a_clock_that_has_stepped_back_is_told_by_the_newest_rows(app):
    with unit_of_work():
        audit.note("signed_in", by=None)
        session.execute(update(AuditEvent).values(at=utcnow() + timedelta(hours=2)))
        audit.note("signed_out", by=None)

    state, detail = outside.clock(None)

    assert (state, "behind the newest row" in detail) == ("fail", True)


def test_the_clock_of_the_database_server_is_compared(app, database):
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1)):
        state, detail = outside.clock(None)

    if database.url.startswith("postgresql"):
        assert (state, "behind the database server" in detail) == ("fail", True)
    else:
        assert state == "ok"
