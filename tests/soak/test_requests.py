"""No request, however bad, breaks a page of a real server or leaves something half written."""

from __future__ import annotations

from email.message import Message

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Account
from soak import requests
from tests.faults import invariants
from tests.faults.visitor import Answer
from tests.support.hostile import TAG
from tests.support.upserts import carry_out, edit, plan

SEED = 2026
OURS = "http://127.0.0.1:8000"


def answer(status=200, body="", **headers):
    found = Message()
    for name, value in ({"content_type": "text/html"} | headers).items():
        found[name.replace("_", "-")] = value
    return Answer(status, body, found)


@pytest.mark.parametrize(
    "bad",
    [
        answer(500),
        answer(503),
        answer(x_evil="1"),
        answer(302, location="//evil.example"),
        answer(302, location="https://evil.example/"),
        answer(302, location=f"{OURS}.evil.example/"),
        answer(body=f"<p>{TAG}</p>"),
    ],
)
def test_what_must_not_be_answered_is_seen(bad):
    assert len(list(requests.wrongs(bad, OURS))) == 1


@pytest.mark.parametrize(
    "good",
    [
        answer(404),
        answer(303, location="/accounts"),
        answer(308, location=f"{OURS}/runs"),
        answer(body=TAG, content_type="text/csv"),
    ],
)
def test_what_may_be_answered_is_fine(good):
    assert list(requests.wrongs(good, OURS)) == []


def test_generated_bad_requests_break_nothing(empty_database, tmp_path):
    with requests.running(tmp_path / "home", empty_database) as siege:
        siege.walk()
        siege.press(len(siege.site.targets) + 20, SEED)  # those that are found meanwhile, too
        siege.settle()

    assert siege.toll.breaks == []
    assert siege.toll.answers[200] > 50
    assert len(siege.toll.targets) == len(siege.site.targets)


def test_what_people_add_to_an_account_of_a_run_is_no_break(make, settings):
    name = make.field("Motto").name
    carry_out(make, plan(make))
    for account in session.scalars(select(Account)).all():
        edit(make, account, tags=["key"], active=False, **{name: "Ever on"})

    assert invariants.breaks_of_any(settings.artefacts_dir) == []
