"""Texts are sent gzipped to who can read them, and to nobody else."""

from __future__ import annotations

import gzip

import pytest
from flask import Response

from crmapp.web.access import public
from crmapp.web.assets import static_url
from crmapp.web.compression import LEAST

PACKED = {"Accept-Encoding": "gzip, br;q=0.9"}


@pytest.fixture
def text_of(app, monkeypatch):
    """Return a function that lets ``/health`` answer with something."""

    def answer(response: Response) -> None:
        monkeypatch.setitem(app.view_functions, "health.live", public(lambda: response))

    return answer


def test_a_page_is_gzipped_for_a_browser(client):
    plain = client.get("/login")
    packed = client.get("/login", headers=PACKED)

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "<title>" in gzip.decompress(packed.data).decode()
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity"])
def test_who_cannot_read_it_gets_it_plain(client, accepted):
    answer = client.get("/login", headers={"Accept-Encoding": accepted})

    assert "Content-Encoding" not in answer.headers
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert "<title>" in answer.text


@pytest.mark.parametrize("name", ["app.css", "app.js", "icons.svg", "vendor/htmx-4.0.1.min.js"])
def test_static_texts_are_gzipped(app, client, name):
    with app.test_request_context():
        url = static_url(name)

    packed, plain = client.get(url, headers=PACKED), client.get(url)

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data


def test_what_is_compressed_already_is_left_alone(app, client):
    with app.test_request_context():
        url = static_url("fonts/inter-latin.woff2")

    assert "Content-Encoding" not in client.get(url, headers=PACKED).headers


def test_a_file_that_the_browser_has_is_not_sent_again(app, client):
    with app.test_request_context():
        url = static_url("icons.svg")
    etag = client.get(url, headers=PACKED).headers["ETag"]

    again = client.get(url, headers={**PACKED, "If-None-Match": etag})

    assert (again.status_code, again.data) == (304, b"")


def test_a_few_bytes_are_not_worth_it(client, text_of):
    text_of(Response("x" * (LEAST - 1), mimetype="text/plain"))

    assert client.get("/health", headers=PACKED).data == b"x" * (LEAST - 1)


def test_a_stream_stays_a_stream(client, text_of):
    text_of(Response((part for part in ["x" * 999] * 2), mimetype="text/plain"))

    assert client.get("/health", headers=PACKED).data == b"x" * 1998
