"""Sync tools on the screen: a list is chosen, synchronized, looked at, scheduled."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from crmapp.connectors.errors import AuthFailed, Unreachable
from crmapp.db import session, unit_of_work
from crmapp.domain.managed_lists import MANAGED_LISTS
from crmapp.models import PickListValue, Run
from crmapp.services import managed_lists, runs, undo
from tests.support.lists import CODE, Sides, resync, use, work
from tests.support.pages import flat
from tests.support.web import htmx

PAGE = "/admin/managed-lists"
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])


@pytest.fixture
def sides(app: object, tmp_path: Path) -> Sides:
    return use(Sides(tmp_path))


def only_run(make) -> int:
    (run,) = managed_lists.history(CODE, by=make.alice)
    return run.id


@WAYS
@pytest.mark.parametrize("name", ["alice", "ivan"])
def test_admins_and_implementers_see_every_list(make, as_user, sides, name, headers):
    answer = as_user(getattr(make, name)).get(PAGE, headers=headers)

    assert answer.status_code == 200
    assert all(managed.label in flat(answer) for managed in MANAGED_LISTS.values())
    assert "never synchronized" in answer.text


@WAYS
@pytest.mark.parametrize("name", ["mona", "bob", "carol"])
def test_others_see_and_do_nothing(make, as_user, sides, name, headers):
    browser = as_user(getattr(make, name))

    assert browser.get(PAGE, headers=headers).status_code == 403
    assert browser.post(f"{PAGE}/{CODE}/runs", headers=headers).status_code == 403
    assert browser.post(f"{PAGE}/{CODE}/schedule", headers=headers).status_code == 403
    assert browser.post(f"{PAGE}/{CODE}/kept/deletion", headers=headers).status_code == 403
    assert managed_lists.history(CODE, by=make.alice) == []


def test_a_visitor_is_asked_to_sign_in(client, sides):
    assert client.get(PAGE).status_code == 302
    assert client.post(f"{PAGE}/{CODE}/runs").status_code == 302


@WAYS
def test_synchronize_says_that_it_has_begun_and_leads_to_the_run(make, as_user, sides, headers):
    sides.source("10")
    browser = as_user(make.ivan)

    answer = browser.post(f"{PAGE}/{CODE}/runs", headers=headers)
    shown = browser.get(PAGE, query_string={"list": CODE})

    assert answer.status_code == (200 if headers else 303)
    assert "The synchronization of Departments has begun." in flat(shown)
    assert f'<a href="/runs/{only_run(make)}">Look at it</a>' in shown.text


@WAYS
def test_a_second_press_shows_the_running_one(make, as_user, sides, headers):
    browser = as_user(make.ivan)
    browser.post(f"{PAGE}/{CODE}/runs")

    answer = browser.post(f"{PAGE}/{CODE}/runs", headers=headers)

    where = answer.headers["HX-Redirect" if headers else "Location"]
    assert where.endswith(f"/runs/{only_run(make)}")


@WAYS
def test_while_a_run_of_the_list_is_undone_a_press_leads_to_the_undo(make, as_user, sides, headers):
    sides.source("10")
    undoing = undo.undo_later(resync(make, sides).id, by=make.mona, key=None)
    browser = as_user(make.ivan)

    answer = browser.post(f"{PAGE}/{CODE}/runs", headers=headers)

    where = answer.headers["HX-Redirect" if headers else "Location"]
    assert where.endswith(f"/runs/{undoing}")
    assert "A run of this list is being undone." in flat(browser.get(where))


def test_the_section_looks_again_while_the_list_is_synchronized_and_no_longer(make, as_user, sides):
    sides.source("10")
    browser = as_user(make.ivan)
    browser.post(f"{PAGE}/{CODE}/runs")
    ask = {"path": f"{PAGE}/{CODE}/progress", "query_string": {"list": CODE, "looked": "3"}}
    during = browser.get(**ask, headers=htmx())
    work(only_run(make), make)

    after = browser.get(**ask, headers=htmx())

    assert 'hx-trigger="every' in during.text
    assert "hx-trigger" not in after.text
    assert "The synchronization has ended." in after.text
    assert "#settings-sync-history" not in during.text
    assert '<hx-partial hx-target="#settings-sync-history" hx-swap="outerHTML">' in after.text
    assert f"Run {only_run(make)} Completed" in flat(after)
    assert "Values that are offered 1" in flat(after)
    assert browser.get(**ask).status_code == 303


def test_the_history_counts_what_each_run_did_on_both_sides(make, as_user, sides):
    sides.source("10", "20")
    run = resync(make, sides)
    browser = as_user(make.alice)

    text = flat(browser.get(PAGE, query_string={"list": CODE}))
    receipt = flat(browser.get(f"/runs/{run.id}"))

    assert f"Run {run.id} Completed" in text
    assert "2 / 2" in text
    assert "Here 2 0 0 0 0 0 Salesforce 2 0 0 0 0 0" in receipt
    assert "The receipt balances" in receipt


def test_a_refused_row_shows_in_the_remote_s_words(make, as_user, sides):
    sides.source("10", "20")
    sides.salesforce.refuse = lambda row: "FIELD_CUSTOM_VALIDATION" if row["Name"] == "20" else None
    run = resync(make, sides)

    text = flat(as_user(make.alice).get(f"/runs/{run.id}"))

    assert "Completed with errors" in text
    assert "Salesforce refused it: FIELD_CUSTOM_VALIDATION" in text


def test_a_run_that_could_not_read_shows_why_and_no_green(make, as_user, sides):
    sides.remotes.problem["intacct"] = AuthFailed(remote="XL03000006")
    run = resync(make, sides)

    text = flat(as_user(make.alice).get(f"/runs/{run.id}"))

    assert "The other system refuses the credentials. Enter them again. XL03000006" in text
    assert "balances" not in text


def test_a_run_that_waits_for_a_system_says_for_what_and_of_no_death(make, as_user, sides):
    sides.remotes.problem["intacct"] = Unreachable()
    run_id = managed_lists.synchronize(CODE, by=make.ivan)
    for _turn in range(3):
        runs.work(run_id)
        with unit_of_work():
            session.execute(update(Run).values(retry_at=None))
    browser = as_user(make.ivan)

    on_run = flat(browser.get(f"/runs/{run_id}"))
    on_list = flat(browser.get(PAGE, query_string={"list": CODE}))

    told = f"It is tried again in a moment {Unreachable().message}"
    assert told in on_run
    assert told in on_list
    assert "has died" not in on_run


@WAYS
def test_a_schedule_is_saved(make, as_user, sides, headers):
    sent = {"every": "60"}

    answer = as_user(make.ivan).post(f"{PAGE}/{CODE}/schedule", data=sent, headers=headers)

    assert answer.status_code == (200 if headers else 303)
    found = next(each for each in managed_lists.listed(by=make.ivan) if each.managed.code == CODE)
    assert found.every == 60


@WAYS
@pytest.mark.parametrize("sent", ["schedule", "runs"])
def test_without_a_connection_nothing_is_planned_and_the_answer_leads_there(
    make, as_user, headers, sent
):
    browser = as_user(make.ivan)

    browser.post(f"{PAGE}/{CODE}/{sent}", data={"every": "60"}, headers=headers)
    shown = browser.get("/admin/pick-lists")

    assert "Connect Sage Intacct first: the lists are read from there." in flat(shown)
    assert 'href="/admin/connections/intacct">Connect Sage Intacct</a>' in shown.text
    assert all(each.every is None for each in managed_lists.listed(by=make.ivan))


def test_a_schedule_can_be_ended_without_a_connection(make, as_user, sides):
    managed_lists.schedule(CODE, 60, by=make.ivan)
    del sides.remotes.connectors["intacct"]

    as_user(make.ivan).post(f"{PAGE}/{CODE}/schedule", data={"every": ""})

    assert all(each.every is None for each in managed_lists.listed(by=make.ivan))


@pytest.mark.parametrize("every", ["7", "x", "99999999999"])
def test_no_other_schedule_is_taken(make, as_user, sides, every):
    browser = as_user(make.ivan)
    browser.post(f"{PAGE}/{CODE}/schedule", data={"every": every})

    assert "Choose one from the list." in flat(browser.get(PAGE))


def test_a_list_that_is_none_is_not_found(make, as_user, sides):
    browser = as_user(make.ivan)

    assert browser.post(f"{PAGE}/nothing/runs").status_code == 404
    assert browser.post(f"{PAGE}/nothing/schedule", data={"every": "60"}).status_code == 404
    assert browser.get(f"{PAGE}/nothing/progress").status_code == 404
    assert browser.get(f"{PAGE}/reviews/4711").status_code == 404


def test_before_intacct_is_connected_the_page_leads_there(make, as_user):
    answer = as_user(make.ivan).get(PAGE)

    assert "Sage Intacct is not connected" in flat(answer)
    assert 'href="/admin/connections/intacct"' in answer.text
    assert f'action="{PAGE}/ar_terms/' not in answer.text


def test_values_that_intacct_owns_cannot_be_changed_by_hand(make, as_user, sides):
    sides.source("10", "20")
    resync(make, sides)
    browser, lists = as_user(make.alice), f"/admin/pick-lists/{CODE}"
    shown = browser.get(lists)
    value = a_value(CODE)
    forged = [
        (f"{lists}/values", {"label_en": "Mine"}),
        (f"{lists}/values/{value}", {"label_en": "Mine", "version": "1"}),
        (f"{lists}/values/{value}/position", {"direction": "up"}),
        (f"{lists}/values/{value}/deletion", {}),
        (f"{lists}/values/{value}/replacement", {"to": "20"}),
        (f"{lists}/deletion", {}),
    ]

    answers = [browser.post(path, data=data).status_code for path, data in forged]

    assert "Sage Intacct owns this list" in flat(shown)
    assert f"{lists}/values/" not in shown.text
    assert answers == [409] * len(forged)
    assert sides.here() == {"10": ("10", True), "20": ("20", True)}


def test_once_intacct_is_not_connected_its_values_stay_and_are_changed_by_hand(
    make, as_user, sides
):
    sides.source("10")
    resync(make, sides)
    del sides.remotes.connectors["intacct"]
    browser, lists = as_user(make.alice), f"/admin/pick-lists/{CODE}"

    shown = browser.get(lists)
    answer = browser.post(f"{lists}/values", data={"label_en": "Mine", "active": "y"})

    assert "Sage Intacct owns this list" not in flat(shown)
    assert answer.status_code == 303
    assert sides.here() == {"10": ("10", True), "mine": ("Mine", True)}


@WAYS
def test_no_page_offers_to_delete_what_intacct_owns(make, as_user, sides, headers):
    sides.source("10")
    resync(make, sides)
    browser, lists = as_user(make.alice), f"/admin/pick-lists/{CODE}"
    offers = [f"{lists}/deletion", f"{lists}/values/{a_value(CODE)}/deletion"]

    answers = [browser.get(path, headers=headers) for path in offers]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert all("Sage Intacct owns this list." in flat(answer) for answer in answers)


def test_the_name_of_a_list_that_intacct_owns_is_changed_here_and_stays(make, as_user, sides):
    sides.source("10")
    resync(make, sides)
    browser, lists = as_user(make.alice), f"/admin/pick-lists/{CODE}"
    shown = browser.get(lists)

    sent = {"label_en": "Cost centres", "label_fr": "Centres de coûts", "version": "1"}
    answer = browser.post(lists, data=sent)
    sides.source("20")
    resync(make, sides)

    assert "The name of the list itself is yours to change." in flat(shown)
    assert answer.status_code == 303
    assert "Cost centres" in flat(browser.get(lists))


def a_value(list_code: str) -> int:
    return session.query(PickListValue).filter_by(list_code=list_code).first().id


def test_values_in_use_wait_for_a_person_who_sees_how_many_hold_them(make, as_user, tmp_path):
    terms = Sides(tmp_path, "ar_terms")
    use(terms)
    make.account("Held", terms="net_30")
    make.account("Held too", terms="net_30")
    terms.source("Prepaid", "Due on receipt", "Net 15", "Net 60")

    run = resync(make, terms)
    browser = as_user(make.ivan)
    shown = browser.get(f"{PAGE}/reviews/{run.id}")

    assert run.status == "planned"
    assert "Net 30 net_30 2" in flat(shown)
    assert 'href="/admin/managed-lists/reviews/' in browser.get(f"/runs/{run.id}").text
    sent = {"plan_hash": run.plan_hash, "otherwise": "-deactivate", "value:net_30": "net_60"}
    assert browser.post(f"{PAGE}/reviews/{run.id}", data=sent).status_code == 303
    assert work(run.id, make).status == "done"


@WAYS
def test_the_page_shows_what_is_kept_and_takes_it_back(make, as_user, tmp_path, headers):
    terms = Sides(tmp_path, "ar_terms")
    use(terms)
    make.account("Held", terms="net_30")
    terms.source("Prepaid", "Due on receipt", "Net 15", "Net 60")
    run, browser = resync(make, terms), as_user(make.ivan)
    sent = {"plan_hash": run.plan_hash, "otherwise": "-keep"}
    browser.post(f"{PAGE}/reviews/{run.id}", data=sent)
    work(run.id, make)
    asked = {"query_string": {"list": "ar_terms"}}

    before = flat(browser.get(PAGE, **asked))
    answer = browser.post(
        f"{PAGE}/ar_terms/kept/deletion", data={"value": "net_30"}, headers=headers
    )
    after = flat(browser.get(PAGE, **asked))

    assert "Net 30 net_30 Keep no longer" in before
    assert answer.status_code == (200 if headers else 303)
    assert "Kept against Sage Intacct" not in after
    assert "The next synchronization of the list decides about the value." in after


@pytest.mark.parametrize(
    "sent, status",
    [
        ({"otherwise": "-deactivate", "plan_hash": "x"}, 409),
        ({"otherwise": "?"}, 422),
        ({"otherwise": "-keep", "value:net_30": "nothing"}, 422),
        ({"otherwise": "-keep", "value:net_60": "-keep"}, 422),
    ],
)
def test_what_is_not_offered_in_a_review_is_refused(make, as_user, tmp_path, sent, status):
    terms = Sides(tmp_path, "ar_terms")
    use(terms)
    make.account("Held", terms="net_30")
    terms.source("Prepaid", "Due on receipt", "Net 15", "Net 60")
    run = resync(make, terms)

    data = {"plan_hash": run.plan_hash, **sent}
    answer = as_user(make.ivan).post(f"{PAGE}/reviews/{run.id}", data=data)

    assert answer.status_code == status
    assert runs.get(run.id, by=make.alice).status == "planned"


@pytest.mark.parametrize(
    "place", ["/admin/managed-lists", "/admin/subscriptions/advanced-crm/other"]
)
def test_a_list_that_there_is_not_is_not_found(make, as_user, place):
    browser = as_user(make.alice)

    assert browser.get(f"{place}?list=forged").status_code == 404
    assert browser.get(f"{place}?list=").status_code == 200
