"""The rules of matching on the screen, and the decisions that are kept."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from crmapp.db import session
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.matching import LADDER
from crmapp.models import MatchAnswer
from crmapp.services import decisions, match_rules, runs
from tests.support.pages import flat
from tests.support.upserts import carry_out, plan, rows_of
from tests.support.web import htmx

ORDER = [rule.value for rule in LADDER]
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])


def kept(make, answer):
    """Have a decision about the row Acme kept."""
    prospect = make.account("Acme", number=None, owner_id=make.mallory.id)
    planned = plan(make, rows_of("Acme"))
    answer = answer.format(prospect.id)
    decisions.decide(planned.id, {1: answer}, plan_hash=planned.plan_hash, by=make.mona)
    return carry_out(make, runs.get(planned.id, by=make.mona))


@WAYS
def test_rules_are_switched_and_moved_in_one_step(make, as_user, headers):
    sent = {"rule": ORDER, "active": ["number", "near_name"], "down": "number"}

    answer = as_user(make.ivan).post("/admin/matching", data=sent, headers=headers)

    assert answer.status_code == (200 if headers else 303)
    assert [each.code for each in match_rules.every()][:2] == ["tax_id", "number"]
    assert match_rules.ladder() == ["number", "near_name"]


@pytest.mark.parametrize(
    "sent", [{"rule": "number"}, {"rule": [*ORDER, "x"]}, {"rule": ORDER, "active": "x"}, {}]
)
def test_rules_that_are_not_ours_are_refused(make, as_user, sent):
    answer = as_user(make.ivan).post("/admin/matching", data=sent)

    assert answer.status_code == 422
    assert "Reload the page and try again." in answer.text
    assert match_rules.ladder() == ORDER


def test_the_first_rule_cannot_go_up_nor_the_last_down(make, as_user):
    text = as_user(make.ivan).get("/admin/matching").text

    assert re.findall(r'value="(\w+)" disabled', text) == ["number", "near_name"]
    sent = {"rule": ORDER, "active": ORDER, "up": "number"}
    assert as_user(make.ivan).post("/admin/matching", data=sent).status_code == 303
    assert match_rules.ladder() == ORDER


@pytest.mark.parametrize(
    "answer, said", [("update:{}", "Acme"), ("create", "A new account"), ("skip", "Skipped")]
)
def test_decisions_that_are_kept_are_listed(make, as_user, answer, said):
    kept(make, answer)

    page = flat(as_user(make.mona).get("/upserts/answers"))

    assert re.search(rf"Acme C1 test · customers {said} Mona", page)


def test_a_decision_is_withdrawn(make, as_user):
    kept(make, "skip")
    number = session.scalars(select(MatchAnswer.id)).one()
    mona = as_user(make.mona)

    answer = mona.post(f"/upserts/answers/{number}/withdrawal", follow_redirects=True)

    assert "The decision is withdrawn" in answer.text
    assert "No decisions are kept yet" in answer.text
    assert session.scalar(select(func.count(MatchAnswer.id))) == 0
    assert mona.post(f"/upserts/answers/{number}/withdrawal").status_code == 404


def test_a_rep_neither_sees_nor_withdraws_decisions(make, as_user):
    kept(make, "skip")
    bob = as_user(make.bob)

    assert bob.get("/upserts/answers").status_code == 403
    assert bob.post("/upserts/answers/1/withdrawal").status_code == 403


def test_the_preview_says_why_a_row_is_uncertain_and_that_the_decision_is_kept(make, as_user):
    make.account("Acme", number=None)
    planned = plan(make, rows_of("Acme"))

    page = flat(as_user(make.mona).get(f"/upserts/{planned.id}/plan?show=ambiguous"))

    assert "The name is the same or nearly so." in page
    assert "the next preview of the same row does not ask" in page


def test_the_preview_says_how_an_account_was_found(make, as_user):
    make.account("Acme", number=None, email="x@acme.example")
    rows = {"C1": {**rows_of("Acme")["C1"], "email": "y@acme.example"}}
    mapping = {"name": "name", "number": "code", "email": "email"}
    planned = plan(make, rows, FieldMapping(mapping))

    page = flat(as_user(make.mona).get(f"/upserts/{planned.id}/plan"))

    assert "Found because: The name and the domain of the e-mail address are the same" in page


@pytest.mark.parametrize("who", ["mona", "bob", "carol"])
def test_who_may_not_set_the_rules_learns_what_she_lacks(make, as_user, who):
    answer = as_user(getattr(make, who)).post("/admin/matching", data={"rule": ORDER})

    assert answer.status_code == 403
    assert "integration.manage" in answer.text
    assert match_rules.ladder() == ORDER
