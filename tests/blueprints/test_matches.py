"""The match inbox on the screen: looked at, narrowed, answered, carried out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crmapp.db import session, utcnow
from crmapp.models import Account, FeedSource, MatchAnswer, MatchQuestion, Run
from crmapp.services import runs
from tests.support.feeds import Erp, customer, feed, mapping, source
from tests.support.pages import flat
from tests.support.web import htmx

HEADERS = {"plain": {}, "htmx": htmx("settings-matches")}
VIEWS = [("GET", "/admin/matches"), ("POST", "/admin/matches"), ("POST", "/admin/matches/runs")]
view = pytest.mark.parametrize("method, address", VIEWS)


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return HEADERS[request.param]


@pytest.fixture
def erp():
    return Erp([customer(1, "Acme Bolts"), customer(2, "Cogs")])


@pytest.fixture
def rule(make, erp):
    make.account("Acme Boults")
    made = mapping(make, source(make, erp))
    feed(make, made)
    return made


@pytest.fixture
def question(rule):
    return session.scalars(select(MatchQuestion)).one()


def acme():
    session.rollback()
    return session.scalars(select(Account).where(Account.name == "Acme Boults")).one()


def sent(question, say, **more):
    name = f"question-{question.id}"
    return {name: say, f"version-{question.id}": "1", f"name-{question.id}": "Acme Bolts", **more}


@view
@pytest.mark.parametrize("who", ["alice", "ivan", "mona", "bob", "carol"])
def test_only_those_with_the_right_get_in(make, as_user, rule, method, address, headers, who):
    client = as_user(getattr(make, who))

    answer = client.open(address, method=method, data={"mapping": rule}, headers=headers)

    if who in ("alice", "ivan"):
        assert answer.status_code in (200, 303), answer.text
    else:
        assert answer.status_code == 403
        assert "integration.manage" in answer.text


@view
def test_nobody_gets_in_without_signing_in(client, method, address, headers):
    answer = client.open(address, method=method, headers=headers)

    assert answer.status_code == (401 if headers else 302)


@pytest.mark.parametrize("address", ["/admin/matches", "/admin/matches/runs"])
def test_a_forged_form_changes_nothing(app, alice, question, address):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = alice.post(address, data=sent(question, "skip"), headers={"X-CSRFToken": "forged"})

    assert answer.status_code == 400
    assert session.scalars(select(MatchAnswer)).all() == []


def test_a_customer_stands_beside_its_candidates(alice, question, headers):
    page = flat(alice.get("/admin/matches", headers=headers))

    assert "To answer 1" in page
    assert "Acme Bolts Our ERP · K1" in page
    assert "The name is the same or nearly so. ERP · waits since" in page
    assert "Name Acme Bolts differs: Acme Boults" in page
    assert "The same as Acme Boults no number" in page


def test_an_answer_takes_the_customer_out_of_the_inbox_and_offers_to_run(alice, question, headers):
    data = sent(question, f"same:{acme().id}")

    answer = alice.post("/admin/matches", data=data, headers=headers)
    page = alice.get("/admin/matches")

    assert answer.status_code == (200 if headers else 303)
    assert "1 answer is kept; the next run takes it up." in flat(page)
    assert page.text.count("/admin/matches/runs") == 2  # in the toast, and on the page
    assert "Nobody waits for an answer" in page.text
    assert session.scalars(select(MatchAnswer)).one().account_id == acme().id


def test_the_button_runs_the_mapping_which_carries_the_answer_out(make, alice, rule, question):
    data = sent(question, f"same:{acme().id}")
    alice.post("/admin/matches", data=data)

    answer = alice.post("/admin/matches/runs", data={"mapping": rule}, follow_redirects=True)
    run_id = session.scalars(select(Run.id).order_by(Run.id.desc())).first()
    for _phase in range(2):
        runs.work(run_id)

    assert "The CRM mapping runs now" in answer.text
    assert session.scalars(select(Account).where(Account.number == "C1")).one().name == "Acme Bolts"
    assert "Run it now" not in alice.get("/admin/matches").text


def test_a_mapping_that_runs_is_not_run_again(alice, rule):
    alice.post("/admin/matches/runs", data={"mapping": rule})

    answer = alice.post("/admin/matches/runs", data={"mapping": rule}, follow_redirects=True)

    assert "It runs already." in answer.text


def test_a_mapping_that_is_not_there_is_not_run(alice, rule):
    assert alice.post("/admin/matches/runs", data={"mapping": 999}).status_code == 404


def test_later_goes_to_the_other_tab_until_its_day(alice, question):
    day = (utcnow() + timedelta(days=3)).date().isoformat()

    alice.post("/admin/matches", data=sent(question, "later", **{f"until-{question.id}": day}))

    assert "Nobody waits for an answer" in alice.get("/admin/matches").text
    assert "put off until" in alice.get("/admin/matches?show=later").text


@pytest.mark.parametrize("day", ["", "tomorrow", "2001-01-01", "99999-01-01"])
def test_a_day_that_cannot_be_used_is_said_on_its_field_and_nothing_is_lost(
    alice, question, headers, day
):
    data = sent(question, "later", **{f"until-{question.id}": day})

    answer = alice.post("/admin/matches", data=data, headers=headers)

    assert answer.status_code == 422
    assert f'id="until-{question.id}-error"' in answer.text
    assert (
        f'id="question-{question.id}-later" name="question-{question.id}" value="later" checked'
        in (answer.text)
    )
    assert f'value="{day}"' in answer.text


@pytest.mark.parametrize("say", ["same:999999", "same:", "maybe", "same:x"])
def test_an_answer_that_is_not_offered_is_refused(alice, question, headers, say):
    answer = alice.post("/admin/matches", data=sent(question, say), headers=headers)

    assert answer.status_code == 422
    assert "Choose one of the answers that this customer offers." in answer.text


def test_no_answer_keeps_nothing(alice, question):
    answer = alice.post("/admin/matches", data=sent(question, ""), follow_redirects=True)

    assert "choose an answer of at least one customer" in answer.text
    assert "Acme Bolts" in answer.text


def test_the_second_of_two_people_hears_what_the_first_said(make, as_user, question, headers):
    as_user(make.ivan).post("/admin/matches", data=sent(question, "skip"))

    answer = as_user(make.alice).post(
        "/admin/matches", data=sent(question, "different"), headers=headers
    )

    assert answer.status_code == 409
    assert "“Acme Bolts” was answered by Ivan: it is always skipped." in flat(answer)
    assert "Nothing of what you chose is kept yet." in flat(answer)


def test_what_else_was_chosen_stays_chosen_when_an_answer_comes_too_late(
    make, as_user, erp, rule, question
):
    make.account("Widgets Inc")
    erp.rows = [*erp.rows, customer(3, "Widgets")]
    feed(make, rule)
    other = session.scalars(select(MatchQuestion).where(MatchQuestion.name == "Widgets")).one()
    as_user(make.ivan).post("/admin/matches", data=sent(question, "skip"))
    data = {**sent(question, "different"), **sent(other, "skip")}

    answer = as_user(make.alice).post("/admin/matches", data=data)

    assert answer.status_code == 409
    assert f'id="question-{other.id}-skip" name="question-{other.id}" value="skip" checked' in (
        answer.text
    )
    assert [each.name for each in session.scalars(select(MatchAnswer))] == ["Acme Bolts"]


@pytest.mark.parametrize("narrow", ["mapping=999", "source=999"])
def test_the_inbox_is_narrowed(alice, question, narrow, headers):
    page = flat(alice.get(f"/admin/matches?{narrow}", headers=headers))

    assert "Nobody waits for an answer" in page


def test_a_long_inbox_has_pages(make, alice, erp, rule):
    for n in range(10, 22):
        make.account(f"Maker {n}s")
    erp.rows = [*erp.rows, *(customer(n, f"Maker {n}z") for n in range(10, 22))]
    names = {f"Maker {n}z" for n in range(10, 22)}
    for n in range(10, 22):
        make.account(f"Maker {n}z Ltd")
    feed(make, rule)

    first, second = (alice.get(f"/admin/matches?page={n}").text for n in (1, 2))

    assert "1–10 of 13" in first
    assert "11–13 of 13" in second
    assert [sum(name in text for name in names) for text in (first, second)] == [9, 3]


def test_the_settings_say_how_many_wait(make, as_user, question):
    assert "1 waits" in flat(as_user(make.ivan).get("/admin"))


def test_kept_answers_name_the_source_and_are_open_to_who_manages_integrations(
    make, as_user, question
):
    ivan = as_user(make.ivan)
    ivan.post("/admin/matches", data=sent(question, "skip"))
    source_row = session.get(FeedSource, question.source_id)

    page = flat(ivan.get("/upserts/answers"))

    assert f"Acme Bolts K1 {source_row.name} Skipped Ivan" in page


def test_a_withdrawn_answer_is_back_in_the_inbox_at_once(alice, question):
    alice.post("/admin/matches", data=sent(question, "skip"))
    (kept,) = session.scalars(select(MatchAnswer.id))

    alice.post(f"/upserts/answers/{kept}/withdrawal")

    assert "Acme Bolts" in alice.get("/admin/matches").text


def test_the_record_and_its_history_name_the_source(alice, rule):
    cogs = session.scalars(select(Account).where(Account.number == "C2")).one().id

    record, history = (flat(alice.get(f"/accounts/{cogs}{tab}")) for tab in ("", "/history"))

    assert "Our ERP" in record
    assert "Is K2 in Our ERP" in history
    assert "CRM mapping ERP, K2" in history


def test_what_is_put_off_is_not_counted_among_what_the_next_run_takes(make, alice, erp):
    make.account("Acme Boults")
    erp.rows = [customer(1, "Acme Bolts"), customer(3, "Acme Bolts")]
    feed(make, mapping(make, source(make, erp)))
    first, other = session.scalars(select(MatchQuestion).order_by(MatchQuestion.id)).all()

    day = (utcnow() + timedelta(days=3)).date().isoformat()
    later = sent(other, "later", **{f"until-{other.id}": day})

    alice.post("/admin/matches", data=sent(first, "different") | later)

    page = flat(alice.get("/admin/matches"))
    assert "1 answer is kept; the next run takes it up. 1 is put off." in page
