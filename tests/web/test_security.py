import re
from dataclasses import replace

from flask import Flask

from crmapp.web import security


def nonce(response):
    return re.search(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"])[1]


def test_only_our_own_scripts_may_run(client):
    response = client.get("/login")

    policy = response.headers["Content-Security-Policy"]
    assert "'strict-dynamic'" in policy
    assert "unsafe" not in policy
    assert {*re.findall(r'<script [^>]*nonce="([^"]+)"', response.text)} == {nonce(response)}


def test_every_answer_has_a_nonce_of_its_own(client):
    assert nonce(client.get("/login")) != nonce(client.get("/login"))


def test_the_browser_is_told_to_stay_strict(client):
    headers = client.get("/no-such-page").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_pages_of_a_signed_in_person_are_not_kept(as_user, make):
    assert as_user(make.bob).get("/change").headers["Cache-Control"] == "no-store"


def test_behind_https_cookies_and_addresses_are_bound_to_it(settings):
    app = Flask("secure")
    security.init_app(app, replace(settings, secure_cookies=True))

    assert app.config["SESSION_COOKIE_SECURE"] is True
    assert app.config["SESSION_COOKIE_HTTPONLY"] is True
    assert app.config["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_the_sign_in_page_does_without_inline_code(client):
    text = client.get("/login").text

    assert "style=" not in text
    assert not re.search(r"<script(?![^>]*src=)", text)
