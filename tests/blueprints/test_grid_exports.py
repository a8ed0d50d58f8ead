"""Grids with more rows than a file that is sent at once may have: written by a run."""

from __future__ import annotations

import io
import os
import re
from datetime import timedelta

import pytest
from python_calamine import CalamineWorkbook

from crmapp.analytics import dataset, snapshots
from crmapp.analytics.engines import duckdb as engines
from crmapp.config import ROOT
from crmapp.db import session, unit_of_work, utcnow
from crmapp.errors import Unavailable
from crmapp.models import MailOutbox, Run
from crmapp.services import datasets, exports, grids, retention, runs
from tests.blueprints.test_grid_modes import CUSTOMERS, MODES
from tests.support.pages import flat
from tests.support.snapshots import lay_out_sales

EXPORTS = "/analytics/sales/customers/exports"


@pytest.fixture(autouse=True)
def _sales(settings, monkeypatch):
    lay_out_sales(settings)
    monkeypatch.setattr(engines, "_BUNCH", 10)


@pytest.fixture
def alice(make, as_user):
    return as_user(make.alice)


def ask(client, query="", kind="csv", key="a-key"):
    """Have the file made; return the run."""
    answer = client.post(EXPORTS + query, data={"kind": kind, "idempotency_key": key})
    assert answer.status_code == 303, answer.text
    return session.get(Run, int(answer.headers["Location"].rpartition("/")[2]))


def made(client, query="", kind="csv", key="a-key"):
    """Have the file made and download it."""
    run = ask(client, query, kind, key)
    runs.work(run.id)
    answer = client.get(f"/runs/{run.id}/file")
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("mode", MODES)
def test_it_holds_what_a_file_that_is_sent_at_once_holds(alice, mode):
    query = MODES[mode].rstrip("?")
    at_once = alice.get(f"/analytics/sales/customers.csv{query}")

    later = made(alice, query)

    assert later.data == at_once.data
    assert "sales-customers.csv" in later.headers["Content-Disposition"]
    assert later.mimetype == "text/csv"


def test_a_workbook_ends_with_the_total_too(alice):
    query = "?period=ytd&sort=name"
    at_once = CalamineWorkbook.from_filelike(
        io.BytesIO(alice.get(f"/analytics/sales/customers.xlsx{query}").data)
    )

    later = CalamineWorkbook.from_filelike(io.BytesIO(made(alice, query, "xlsx").data))

    rows = later.get_sheet_by_index(0).to_python()
    assert rows == at_once.get_sheet_by_index(0).to_python()
    assert rows[-1][0] == "Total"


def test_a_rep_finds_only_her_customers_in_it(make, as_user, alice):
    rep = as_user(make.bob)

    assert len(made(rep).text.splitlines()) == 2  # the headings and the total: nothing is hers
    assert len(made(alice, key="hers").text.splitlines()) > 20


def test_the_page_of_a_large_grid_offers_it_and_says_how_many_rows(alice, monkeypatch):
    assert "in the background" not in alice.get(CUSTOMERS).text

    monkeypatch.setattr(grids, "WHOLE", 20)
    page = alice.get(f"{CUSTOMERS}?sort=name").text

    assert f'action="{EXPORTS}?' in page
    assert "rows, made in the background" in page


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_address_of_a_file_of_a_large_grid_leads_to_where_it_is_made(alice, monkeypatch, kind):
    monkeypatch.setattr(grids, "WHOLE", 20)

    answer = alice.get(f"/analytics/sales/customers.{kind}?sort=name&page=2")
    offer = alice.get(answer.headers["Location"])

    assert answer.status_code == 303
    assert offer.status_code == 200
    assert re.search(f'action="{EXPORTS}[?][^"]*sort=name', offer.text)
    assert "This grid has 80 rows, more than" in offer.text


def test_a_grid_that_is_not_large_may_be_made_in_the_background_too(alice):
    offer = flat(alice.get("/analytics/sales/customers/exports/new?q=gift"))

    assert "Make a CSV file" in offer
    assert "more than" not in offer


def test_a_large_grid_leads_back_to_ones_own_last_file(make, as_user, alice, monkeypatch):
    ask(as_user(make.mona), key="hers")
    monkeypatch.setattr(grids, "WHOLE", 20)
    assert 'href="/runs/last-file"' in alice.get(CUSTOMERS).text
    assert alice.get("/runs/last-file").headers["Location"] == "/analytics"

    ask(alice)
    run = ask(alice, key="another")

    assert alice.get("/runs/last-file").headers["Location"] == f"/runs/{run.id}"


def test_a_form_that_is_sent_twice_makes_one_file(alice):
    assert ask(alice).id == ask(alice).id


@pytest.mark.parametrize("kind", ["", "pdf", "\0"])
def test_another_kind_of_file_is_refused(alice, kind):
    answer = alice.post(EXPORTS, data={"kind": kind})

    assert answer.status_code == 422
    assert session.query(Run).count() == 0


def test_a_workbook_takes_no_more_rows_than_a_sheet_has(alice, monkeypatch):
    monkeypatch.setattr(exports, "MOST_LINES", 50)

    answer = alice.post(EXPORTS, data={"kind": "xlsx"})

    assert answer.status_code == 422
    assert "Take the CSV file." in answer.text


def test_nobody_else_gets_the_file(make, as_user, alice):
    run = ask(alice)
    runs.work(run.id)
    mona = as_user(make.mona)

    page = mona.get(f"/runs/{run.id}").text

    assert "can download it" in page
    assert f"/runs/{run.id}/file" not in page
    assert mona.get(f"/runs/{run.id}/file").status_code == 404


def test_she_is_told_when_it_is_ready(make, alice):
    run = ask(alice)
    runs.work(run.id)

    page = alice.get(f"/runs/{run.id}").text

    assert "The file is ready" in page
    assert "Download sales-customers.csv" in page
    assert session.query(MailOutbox).filter_by(user_id=make.alice.id).count() == 1


def dies_after(monkeypatch, bunches):
    """Let the worker die at the end of so many bunches, once."""
    each = engines.DuckDBEngine.each

    def until(*args, **options):
        for number, rows in enumerate(each(*args, **options), 1):
            yield rows
            if number == bunches:
                monkeypatch.setattr(engines.DuckDBEngine, "each", each)
                raise KeyboardInterrupt

    monkeypatch.setattr(engines.DuckDBEngine, "each", until)


def test_a_worker_that_dies_leaves_no_file_and_the_next_makes_a_whole_one(alice, monkeypatch):
    run = ask(alice)
    dies_after(monkeypatch, 3)

    with pytest.raises(KeyboardInterrupt):
        runs.work(run.id)
    assert alice.get(f"/runs/{run.id}/file").status_code == 404
    assert alice.get(f"/runs/{run.id}").status_code == 200
    with unit_of_work():
        session.get(Run, run.id).lease_until = None
    runs.work(run.id)

    whole = alice.get("/analytics/sales/customers.csv").data
    assert alice.get(f"/runs/{run.id}/file").data == whole


def test_it_stops_between_two_bunches_when_it_is_cancelled(alice, monkeypatch, settings):
    run = ask(alice)
    dies_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        runs.work(run.id)
    with unit_of_work():
        again = session.get(Run, run.id)
        again.lease_until, again.cancel_requested = None, True
    runs.work(run.id)

    session.expire_all()
    assert session.get(Run, run.id).status == "cancelled"
    assert list((settings.artefacts_dir / "exports").iterdir()) == []
    assert "This export was cancelled" in alice.get(f"/runs/{run.id}").text


def test_who_had_it_made_may_cancel_it_and_nobody_else_without_the_right(make, as_user):
    bob, carol = as_user(make.bob), as_user(make.carol)
    run = ask(bob)
    cancel = f"/runs/{run.id}/cancellation"
    assert cancel in bob.get(f"/runs/{run.id}").text

    refused, done = carol.post(cancel), bob.post(cancel)

    assert (refused.status_code, done.status_code) == (404, 303)
    session.expire_all()
    assert session.get(Run, run.id).status == "cancelled"


def test_the_list_of_runs_counts_no_accounts_for_it(alice):
    runs.work(ask(alice).id)

    assert "Export to a file Completed – Alice just now 80 – – –" in flat(alice.get("/runs"))


def test_a_question_that_takes_too_much_fails_and_says_why(alice, monkeypatch):
    each = engines.DuckDBEngine.each

    def too_much(*args, **options):
        yield next(each(*args, **options))
        raise Unavailable("This question needs more memory.")

    run = ask(alice)
    monkeypatch.setattr(engines.DuckDBEngine, "each", too_much)
    runs.work(run.id)

    page = alice.get(f"/runs/{run.id}").text
    assert "The file was not made" in page
    assert "This question needs more memory." in page


def test_a_file_is_removed_after_a_week(alice, settings):
    old = ask(alice)
    runs.work(old.id)
    with unit_of_work():
        session.get_one(Run, old.id).finished_at = utcnow() - exports.KEPT - timedelta(minutes=1)
    new = ask(alice, key="another")
    runs.work(new.id)

    retention.forget_old()

    assert alice.get(f"/runs/{old.id}/file").status_code == 404
    assert not (settings.artefacts_dir / "exports" / f"{old.id}.csv").exists()
    assert "not there any more" in alice.get(f"/runs/{old.id}").text
    assert alice.get(f"/runs/{new.id}/file").status_code == 200


def test_what_a_worker_that_died_has_begun_is_removed_when_a_file_is_made(alice, settings):
    begun = settings.artefacts_dir / "exports" / "7-1.part"
    begun.parent.mkdir(parents=True)
    begun.touch()
    long_ago = (utcnow() - timedelta(days=2)).timestamp()
    os.utime(begun, (long_ago, long_ago))

    runs.work(ask(alice).id)

    assert not begun.exists()


def test_the_figures_are_those_of_the_moment_when_it_was_asked_for(alice, settings):
    before = alice.get("/analytics/sales/customers.csv").data
    run = ask(alice)
    tables = ROOT / "datasets"
    snapshots.refresh(
        dataset.load(tables / "sales.yml"), tables, settings.snapshots_dir / "sales", utcnow()
    )
    datasets.prune("sales")

    runs.work(run.id)

    assert alice.get(f"/runs/{run.id}/file").data == before


def test_a_run_is_called_as_its_reader_calls_it(make, as_user, alice):
    run = ask(alice)
    french = {"headers": {"Accept-Language": "fr"}}

    title = run.title
    pages = [as_user(make.mona).get(f"/runs{page}", **french).text for page in ("", f"/{run.id}")]

    assert title == "Sales · Customers"
    assert all("Ventes · Clients" in page for page in pages)
    assert not any("Sales · Customers" in page for page in pages)
