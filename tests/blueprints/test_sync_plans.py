"""A prepared sync of accounts on the screen: what it would write, searched, carried out."""

from __future__ import annotations

import re

import pytest

from crmapp import artefacts
from crmapp.config import settings
from crmapp.services import account_sync_preview, runs
from tests.support import sync_states
from tests.support.pages import flat
from tests.support.sync_states import planned, row
from tests.support.web import htmx

PLANS = "/admin/sync-health/plans"
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])


@pytest.fixture
def run(make):
    sync_states.enable(make.alice)
    acme, other = make.account("Acmé", number="N-1"), make.account("Other", number="N-2")
    return planned(
        make,
        row(acme, "account", phone=["1", "2"]),
        row(acme, "intacct", **{"DISPLAYCONTACT.PHONE1": ["1", "2"]}),
        row(other, "salesforce", "create", Name=[None, "Other"], Gone__c=[None, "x"]),
        row(other, "account", "unchanged"),
    )


@WAYS
def test_it_says_what_would_be_written_on_each_side(make, as_user, run, headers):
    text = flat(as_user(make.ivan).get(f"{PLANS}/{run.id}", headers=headers))

    assert "Here 0 1 1 Sage Intacct 0 1 0 Salesforce 1 0 0" in text
    assert "Acmé Here Phone 1 2" in text
    assert "Acmé Sage Intacct Primary phone 1 2" in text
    assert "Other Salesforce New Account Name Other Gone__c x" in text
    assert "Other Here The link to its record is kept." in text


def test_each_cell_says_what_it_is_where_it_stands_below_another(make, as_user, run):
    page = as_user(make.ivan).get(f"{PLANS}/{run.id}").text

    cells = re.findall(r"<td[^>]*>", page)
    assert cells
    assert [cell for cell in cells if "data-label" not in cell] == []
    assert page.count('class="grid fit stacked') == 2


@WAYS
@pytest.mark.parametrize(
    "asked, seen, unseen",
    [
        ("q=acme", "Acmé Here", "Other Salesforce"),
        ("q=n-2", "Other Salesforce", "Acmé Here"),
        ("side=intacct", "Acmé Sage Intacct", "Acmé Here"),
        ("side=here&q=oth", "Other Here", "Other Salesforce"),
        ("side=forged", "Acmé Here", "No rows here"),
        ("q=%25", "No rows here", "Acmé Here"),
        ("page=99", "Acmé Here", "No rows here"),
    ],
)
def test_rows_are_searched_by_name_number_and_side(
    make, as_user, run, headers, asked, seen, unseen
):
    text = flat(as_user(make.ivan).get(f"{PLANS}/{run.id}?{asked}", headers=headers))

    assert seen in text
    assert unseen not in text


def test_many_rows_come_page_by_page(make, as_user, monkeypatch, run):
    monkeypatch.setattr(account_sync_preview, "PAGE", 3)
    browser = as_user(make.ivan)

    first = browser.get(f"{PLANS}/{run.id}?q=e")
    second = flat(browser.get(f"{PLANS}/{run.id}?q=e&page=2"))

    assert "1–3 of 4" in flat(first)
    assert f'href="{PLANS}/{run.id}?page=2&amp;q=e"' in first.text
    assert "4–4 of 4" in second
    assert "Other Here" in second


@WAYS
def test_what_was_looked_at_is_carried_out(make, as_user, run, headers):
    browser = as_user(make.ivan)

    answer = browser.post(
        f"{PLANS}/{run.id}/run", data={"plan_hash": run.plan_hash}, headers=headers
    )
    again = browser.post(f"{PLANS}/{run.id}/run", data={"plan_hash": run.plan_hash})

    assert answer.headers["HX-Redirect" if headers else "Location"] == f"/runs/{run.id}"
    assert runs.get(run.id, by=make.ivan).status == "queued"
    assert again.status_code == 303
    assert "This run has begun already." in flat(browser.get(f"/runs/{run.id}"))


@WAYS
@pytest.mark.parametrize("word", ["", "x"])
def test_a_plan_that_nobody_has_seen_so_is_refused(make, as_user, run, headers, word):
    answer = as_user(make.ivan).post(
        f"{PLANS}/{run.id}/run", data={"plan_hash": word}, headers=headers
    )

    assert answer.status_code == 409
    assert "Look at it again before you run it." in flat(answer)
    assert "Acmé Here" in flat(answer)
    assert runs.get(run.id, by=make.ivan).status == "planned"


@WAYS
def test_a_plan_that_is_not_kept_leads_to_the_health(make, as_user, run, headers):
    other = make.run(kind="upsert", status="planned")
    browser = as_user(make.ivan)

    for run_id in (other.id, 4711):
        answer = browser.get(f"{PLANS}/{run_id}", headers=headers)
        where = answer.headers["HX-Redirect" if headers else "Location"]
        assert where == "/admin/sync-health"
        assert browser.post(f"{PLANS}/{run_id}/run", headers=headers).status_code == 404


def test_a_run_that_has_begun_leads_to_its_page(make, as_user, run):
    other = make.run(kind="account_sync", status="running")

    answer = as_user(make.ivan).get(f"{PLANS}/{other.id}")

    assert answer.headers["Location"] == f"/runs/{other.id}"


def test_the_page_of_the_run_leads_to_its_preview(make, as_user, run):
    answer = as_user(make.ivan).get(f"/runs/{run.id}")

    assert f'href="{PLANS}/{run.id}"' in answer.text
    assert "/upserts/" not in answer.text


def test_a_plan_whose_file_is_lost_says_so_and_cannot_be_run(make, as_user, run):
    (settings().artefacts_dir / run.artefacts[0]["name"]).unlink()

    answer = as_user(make.ivan).get(f"{PLANS}/{run.id}")

    assert artefacts.lost([run.artefacts[0]["name"]])
    assert "The rows of this run cannot be shown" in flat(answer)
    assert f"{PLANS}/{run.id}/run" not in answer.text


def test_the_list_of_runs_is_narrowed_to_such_runs(make, as_user, run):
    text = flat(as_user(make.mona).get("/runs?kind=account_sync"))

    assert f"Run {run.id} Accounts Synchronization of accounts" in text
