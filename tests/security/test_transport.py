"""V4.2, V12: where a request ends, and whom we trust on the way out."""

from __future__ import annotations

import ssl

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser

from crmapp.connectors import door
from crmapp.connectors.openid import ALGORITHMS
from crmapp.mail.post import Smtp

HEAD = b"POST /accounts HTTP/1.1\r\nHost: crm.example\r\n"


def read(raw):
    """Read requests as our server does; return the bodies that it found."""
    return [request.body.read() for request in RequestParser(Config(), iter([raw]), ("::1", 1))]


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"Content-Length: +5\r\n\r\nabcde",
        b"Content-Length: 5, 5\r\n\r\nabcde",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n",
        b"X: a\r\n folded: b\r\n\r\n",
        b"X: a\nContent-Length: 3\n\nabc",
        b"X\x00: a\r\n\r\n",
    ],
    ids=range(11),
)
def test_a_request_with_two_ends_is_none(lines):
    with pytest.raises((ParseException, ValueError, OSError)):
        read(HEAD + lines)


def test_two_requests_with_one_end_each_are_two():
    first = HEAD + b"Content-Length: 3\r\n\r\nabc"
    second = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n"

    assert read(first + second) == [b"abc", b"xyz"]


def test_other_systems_are_spoken_to_by_a_present_tls_and_by_their_certificates():
    trusted = door._trusted()

    assert trusted.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert trusted.verify_mode == ssl.CERT_REQUIRED
    assert trusted.check_hostname


def test_no_weak_cipher_is_offered():
    names = [cipher["name"] for cipher in door._trusted().get_ciphers()]
    weak = ("RC4", "3DES", "DES-CBC", "NULL", "EXPORT", "MD5", "anon", "IDEA", "SEED")

    assert names
    assert [name for name in names if any(word in name for word in weak)] == []


def test_who_vouches_for_a_person_signs_by_a_key_that_we_cannot_have():
    names = {name for each in ALGORITHMS.values() for name in each}

    assert names
    assert {name[:2] for name in names} <= {"RS", "PS", "ES", "Ed"}


def test_letters_go_by_a_port_that_is_encrypted_where_that_is_said():
    assert Smtp("smtps://mail.example.com", "crm@example.com")._port == 465
