"""V3.4, V4.1, V14.3: what every answer tells a browser."""

from __future__ import annotations

import re

import pytest

from crmapp.domain.scopes import Scope
from crmapp.services import api_tokens
from crmapp.web import security
from tests.security.walk import addresses, known

TEXTS = re.compile(r"text/|application/(?:problem\+)?json|\+xml")


@pytest.fixture
def answers(app, make, as_user, client):
    """Answers of all kinds: pages, files, errors, of a person, of a visitor, of a program."""
    people = as_user(make.alice)
    token = {"Authorization": f"Bearer {api_tokens.make('T', tuple(Scope), 30, by=make.alice)}"}
    paths = [path for _, path in addresses(app, known(make))]
    found = {f"person {path}": people.get(path) for path in paths}
    found |= {f"visitor {path}": client.get(path) for path in ("/", "/login", "/reset", "/health")}
    found |= {
        "none": people.get("/no-such-page"),
        "method": people.post("/health"),
        "unreadable": people.get("/accounts?q=%00"),
        "style": client.get(app.jinja_env.globals["static_url"]("app.css")),
        "program": client.get("/api/v1/accounts", headers=token),
        "refused": client.get("/api/v1/accounts"),
    }
    assert len(found) > 80
    return found


def policy(answer):
    directives = (each.split() for each in answer.headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in directives}


def those(answers, breaks):
    return [name for name, answer in answers.items() if breaks(answer)]


def test_each_answer_has_a_policy_that_runs_and_embeds_nothing_strange(answers):
    def strange(answer):
        found = policy(answer)
        scripts = found.get("script-src", found["default-src"])
        return (
            (found.get("object-src") or found["default-src"]) != ["'none'"]
            or found["base-uri"] != ["'none'"]
            or {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "data:"} & {*scripts}
        )

    assert those(answers, strange) == []


def test_no_answer_is_shown_within_a_page_of_others(answers):
    assert those(answers, lambda it: policy(it)["frame-ancestors"] != ["'none'"]) == []


def test_each_answer_is_taken_for_what_it_says_it_is(answers):
    def unclear(answer):
        kind = answer.headers.get("Content-Type", "")
        silent = bool(answer.data) and not kind
        text = kind.startswith("text/") and "charset=" not in kind
        return answer.headers["X-Content-Type-Options"] != "nosniff" or silent or text

    assert those(answers, unclear) == []


def test_no_answer_is_open_to_pages_of_others(answers):
    def is_open(answer):
        return any(name.lower().startswith("access-control-") for name, _ in answer.headers)

    assert those(answers, is_open) == []


def test_an_address_within_is_told_to_nobody(answers):
    tells = ("no-referrer", "same-origin")

    assert those(answers, lambda it: it.headers["Referrer-Policy"] not in tells) == []


def test_no_page_keeps_hold_of_a_window_of_others(answers):
    assert (
        those(answers, lambda it: it.headers["Cross-Origin-Opener-Policy"] != "same-origin") == []
    )


def test_nothing_that_needs_a_sign_in_is_kept(answers):
    def kept(answer):
        return "no-store" not in answer.headers.get("Cache-Control", "")

    found = {name: it for name, it in answers.items() if name.startswith(("person ", "program"))}
    public = {"person /manifest.webmanifest"}

    assert [name for name in those(found, kept) if name not in public] == []


def test_no_answer_says_what_it_is_made_with(answers):
    made_with = re.compile(r"werkzeug|flask|python|sqlalchemy", re.IGNORECASE)

    def tells(answer):
        return any(made_with.search(f"{name}: {value}") for name, value in answer.headers)

    assert those(answers, tells) == []


def test_behind_https_each_answer_binds_the_browser_to_it_with_all_below():
    age = int(re.search(r"max-age=(\d+)", security.STRICT)[1])

    assert age >= 365 * 24 * 3600
    assert security.STRICT.endswith("; includeSubDomains")
