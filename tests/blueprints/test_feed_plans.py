"""A prepared run of a CRM mapping on the screen, and its page once it has run."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select

from crmapp.config import settings
from crmapp.db import session
from crmapp.models import Run
from crmapp.services import feed_missing, feeds, runs
from tests.support.feeds import Erp, customer, feed, mapping, source, work
from tests.support.pages import flat
from tests.support.web import htmx

WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])


def plan_of(run):
    return f"/admin/feeds/{run.id}/plan"


@pytest.fixture
def erp():
    return Erp([customer(n) for n in range(1, 8)])


@pytest.fixture
def rule(make, erp):
    return mapping(make, source(make, erp))


@pytest.fixture
def dry(make, rule):
    return feed(make, rule, dry=True)


@WAYS
def test_a_dry_run_says_what_it_would_do(make, as_user, clock, dry, headers):
    text = flat(as_user(make.ivan).get(plan_of(dry), headers=headers))

    assert "This is a dry run" in text
    assert "Run writes 7 accounts." in text
    assert "Our ERP all rows, 6/15/26, 9:30 AM 7 7 0 0 0 0" in text
    assert "Customer 1 Name Customer 1" in text


@WAYS
def test_a_source_that_shrank_is_told_with_its_figures(make, as_user, rule, erp, headers):
    feed(make, rule)
    del erp.rows[4:]
    run = feed(make, rule)

    text = flat(as_user(make.ivan).get(plan_of(run), headers=headers))

    assert "A source has shrunk, so this run waits for you" in text
    assert "“Our ERP” had 7 rows and has 4 now." in text
    assert "3 customers are gone" in text
    assert "Customer 5 K5 Our ERP" in text
    assert "It may lose 20 % of its rows" in text


@WAYS
def test_customers_that_are_gone_are_listed_before_they_become_inactive(
    make, as_user, rule, erp, headers
):
    feed(make, rule)
    del erp.rows[6]
    feed(make, rule)
    (run,) = session.scalars(select(Run).where(Run.status == "planned"))

    text = flat(as_user(make.ivan).get(plan_of(run), headers=headers))

    assert "1 customer is gone in the sources" in text
    assert "Its account would become inactive." in text
    assert "Customer 7 Active Yes No" in text
    assert "Rows read" not in text


@WAYS
def test_what_was_looked_at_is_carried_out(make, as_user, dry, headers):
    browser = as_user(make.ivan)
    said = {"plan_hash": dry.plan_hash}

    answer = browser.post(f"/admin/feeds/{dry.id}/run", data=said, headers=headers)
    again = browser.post(f"/admin/feeds/{dry.id}/run", data=said)

    assert answer.headers["HX-Redirect" if headers else "Location"] == f"/runs/{dry.id}"
    assert runs.get(dry.id, by=make.ivan).status == "queued"
    assert again.status_code == 303
    assert "This run has begun already." in flat(browser.get(f"/runs/{dry.id}"))


@WAYS
@pytest.mark.parametrize("word", ["", "x"])
def test_a_plan_that_nobody_has_seen_so_is_refused(make, as_user, dry, headers, word):
    answer = as_user(make.ivan).post(
        f"/admin/feeds/{dry.id}/run", data={"plan_hash": word}, headers=headers
    )

    assert answer.status_code == 409
    assert "Look at it again before you run it." in flat(answer)
    assert "Run writes 7 accounts." in flat(answer)
    assert runs.get(dry.id, by=make.ivan).status == "planned"


def test_a_plan_that_was_withdrawn_says_so(make, as_user, rule, dry):
    browser = as_user(make.ivan)
    feeds.start(rule, by=make.alice)

    answer = browser.post(f"/admin/feeds/{dry.id}/run", data={"plan_hash": dry.plan_hash})

    assert answer.headers["Location"] == f"/runs/{dry.id}"
    assert "This plan was withdrawn" in flat(browser.get(f"/runs/{dry.id}"))


@WAYS
def test_a_plan_that_is_still_made_looks_again_until_it_is_there(make, as_user, rule, headers):
    run_id = feeds.start(rule, by=make.alice, dry=True)
    browser = as_user(make.ivan)
    page = f"/admin/feeds/{run_id}/plan"

    before = browser.get(page, headers=headers)
    runs.work(run_id)
    after = browser.get(page, headers=headers)

    assert f'hx-get="{page}?looked=1"' in before.text
    assert "The sources are read: 0 rows so far." in flat(before)
    assert 'hx-trigger="every' not in after.text
    assert "Run writes 7 accounts." in flat(after)


@WAYS
def test_a_run_that_goes_on_by_itself_leads_to_its_page(make, as_user, rule, headers):
    run_id = feeds.start(rule, by=make.alice)
    runs.work(run_id)

    answer = as_user(make.ivan).get(f"/admin/feeds/{run_id}/plan", headers=headers)

    assert answer.headers["HX-Redirect" if headers else "Location"] == f"/runs/{run_id}"


@WAYS
def test_a_run_that_found_nothing_to_do_leads_away_with_a_word(make, as_user, rule, headers):
    feed(make, rule)
    run_id = feeds.start(rule, by=make.alice)
    work(run_id)
    browser = as_user(make.ivan)

    plan = browser.get(f"/admin/feeds/{run_id}/plan", headers=headers)
    progress = browser.get(f"/runs/{run_id}/progress?looked=2", headers=htmx())

    assert "/admin/" in plan.headers["HX-Redirect" if headers else "Location"]
    assert progress.headers["HX-Redirect"] == "/runs"
    text = flat(browser.get("/runs"))
    assert "Nothing is to be done: the sources say what the accounts say." in text
    assert "The run found nothing to do, and is not kept." in text


def test_a_run_of_another_kind_has_no_such_plan(make, as_user):
    other = make.run(kind="upsert", status="planned")
    browser = as_user(make.ivan)

    assert browser.get(plan_of(other)).status_code == 303
    assert browser.post(f"/admin/feeds/{other.id}/run").status_code == 404


def test_a_plan_whose_file_is_lost_says_so_and_cannot_be_run(make, as_user, dry):
    (settings().artefacts_dir / dry.artefacts[0]["name"]).unlink()

    answer = as_user(make.ivan).get(plan_of(dry))

    assert "The rows of this run cannot be shown" in flat(answer)
    assert f"/admin/feeds/{dry.id}/run" not in answer.text


def test_rows_of_which_nobody_knows_the_account_name_those_that_may_be_meant(
    make, as_user, rule, erp
):
    make.account("Acme Boults")
    erp.rows[0] = customer(1, "Acme Bolts")
    run = feed(make, rule, dry=True)

    text = flat(as_user(make.ivan).get(f"{plan_of(run)}?show=ambiguous"))

    assert "Of 1 row it is not certain which account is meant" in text
    assert "a person has to say. Acme Boults" in text


def test_the_page_of_the_run_leads_to_its_preview(make, as_user, dry):
    answer = as_user(make.ivan).get(f"/runs/{dry.id}")

    assert f'href="{plan_of(dry)}"' in answer.text
    assert "/upserts/" not in answer.text


@WAYS
def test_who_is_gone_is_listed_page_by_page(make, as_user, rule, erp, monkeypatch, headers):
    monkeypatch.setattr(feed_missing, "PAGE", 2)
    feed(make, rule)
    del erp.rows[2:]
    run = feed(make, rule)

    text = flat(as_user(make.ivan).get(f"{plan_of(run)}?gone=2", headers=headers))

    assert "Customer 5 K5 Our ERP Customer 6 K6 Our ERP 3–4 of 5" in text


@WAYS
def test_where_only_open_questions_were_looked_at_again_it_says_so(make, as_user, clock, headers):
    make.account("Acme Boults")
    erp = Erp([customer(1, "Acme Bolts")], delta=True, deletions=False)
    rule = mapping(make, source(make, erp))
    feed(make, rule)
    browser, texts = as_user(make.ivan), []

    for erp.rows in ([], [customer(2)]):
        run = feed(make, rule, whole=True, dry=True)
        texts.append(flat(browser.get(plan_of(run), headers=headers)))

    assert "Our ERP nothing new; open questions again, 6/15/26, 9:30 AM 1" in texts[0]
    assert "Our ERP what was new, 6/15/26, 9:30 AM; 1 open question again 2" in texts[1]


@WAYS
def test_the_end_of_a_feed_is_told_and_its_receipt_balances_for_each_source(
    make, as_user, clock, erp, headers
):
    shop = Erp([{**customer(2), "id": "S2"}, {**customer(20), "id": "S20"}, {"id": "S0"}])
    rule = mapping(make, source(make, erp), source(make, shop, "Shop"))
    run = feed(make, rule)
    browser = as_user(make.ivan)

    text = flat(browser.get(f"/runs/{run.id}/progress", headers=htmx("runs-run")))
    page = flat(browser.get(f"/runs/{run.id}", headers=headers))

    assert f"Run {run.id} is done, but 1 row was left out." in text
    assert "Our ERP all rows, 6/15/26, 9:30 AM 7 7 0 0 0 0 balances" in page
    assert "Shop all rows, 6/15/26, 9:30 AM 3 1 0 1 0 1 balances" in page
    assert "Kind Feed of accounts" in page
    assert "CRM mapping ERP, version 1" in page
    assert "Show its accounts" in page


def test_failed_rows_are_a_file_with_the_columns_of_the_sources(make, as_user, erp):
    erp.rows.append({**customer(1, "Again"), "id": "K99"})
    shop = Erp([{"id": "S0", "city": "Lyon"}])
    rule = mapping(make, source(make, erp), source(make, shop, "Shop"))
    run = feed(make, rule)

    answer = as_user(make.ivan).get(f"/runs/{run.id}/failed-rows.csv")

    heads, *rows = csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")))
    assert heads == ["Source", "id", "code", "name", "phone", "city", "Reason"]
    assert [row[:6] for row in rows] == [
        ["Our ERP", "K99", "C1", "Again", "555 123", ""],
        ["Shop", "S0", "", "", "", "Lyon"],
    ]
    assert rows[0][6] == "The source has C1 more than once; only the first row counts."


def test_a_feed_of_one_source_says_no_source(make, as_user, rule, erp):
    erp.rows.append({**customer(1, "Again"), "id": "K99"})
    run = feed(make, rule)

    answer = as_user(make.ivan).get(f"/runs/{run.id}/failed-rows.csv")

    assert answer.get_data(as_text=True).lstrip("\ufeff").startswith("id,code,name,phone,Reason")


def test_what_was_left_out_is_narrowed_to_one_reason(make, as_user, rule, erp):
    erp.rows += [{**customer(1, "Again"), "id": "K99"}, {"id": "K98"}]
    run = feed(make, rule)
    browser = as_user(make.ivan)

    narrowed = flat(browser.get(f"/runs/{run.id}?reason=duplicate_key"))
    forged = flat(browser.get(f"/runs/{run.id}?reason=%27&about=x"))

    assert "Again Skipped The source has C1 more than once" in narrowed
    assert "Rejected Name" not in narrowed
    assert "Nothing was left out" in forged


def test_a_feed_that_failed_says_why(make, as_user, rule, erp):
    erp.columns = lambda _locale: []
    erp.missing = lambda names: ["id"]
    run = feed(make, rule)

    text = flat(as_user(make.ivan).get(f"/runs/{run.id}"))

    assert run.status == "failed"
    assert "The sources could not be read “Our ERP”: The column id is not there" in text
    assert "Look at the source" in text


def test_the_list_of_runs_is_narrowed_to_feeds(make, as_user, dry):
    text = flat(as_user(make.mona).get("/runs?kind=feed"))

    assert f"Run {dry.id} ERP Feed of accounts" in text


def test_a_plan_of_several_sources_says_of_which_each_row_is(make, as_user, erp):
    shop = Erp([{**customer(20, "Shop only"), "id": "S20"}])
    rule = mapping(make, source(make, erp), source(make, shop, "Shop"))
    run = feed(make, rule, dry=True)

    text = flat(as_user(make.ivan).get(f"{plan_of(run)}?show=create"))

    assert "Customer 7 Our ERP Name" in text
    assert "Shop only Shop Name" in text


def test_rows_that_stay_as_they_are_say_why_and_are_narrowed_to_that(make, as_user, erp):
    shop = Erp([{**customer(2), "id": "S2"}])
    rule = mapping(make, source(make, erp), source(make, shop, "Shop"))
    run = feed(make, rule)
    browser = as_user(make.ivan)

    every = flat(browser.get(f"/runs/{run.id}?show=unchanged"))
    narrowed = flat(browser.get(f"/runs/{run.id}?show=unchanged&reason=other_source"))

    assert "A source further left has C2; what that says counts. 1" in every
    assert "Customer 2 Shop A source further left has C2" in narrowed
