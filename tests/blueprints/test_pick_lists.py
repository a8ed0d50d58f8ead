"""What an administrator does with pick lists, and what the others see of it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Account, PickListValue, Run
from crmapp.services import runs
from tests.support.pages import flat
from tests.support.web import htmx


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return htmx("div#drawer-body") if request.param == "htmx" else {}


def value_id(code: str, list_code: str = "terms") -> int:
    query = select(PickListValue.id).where(
        PickListValue.list_code == list_code, PickListValue.code == code
    )
    return session.scalars(query).one()


def test_every_list_says_where_it_is_used_and_how_many_values_it_has(make, as_user):
    text = as_user(make.alice).get("/admin/pick-lists").text

    assert "Activity: Call type" in text
    assert '<a href="/admin/pick-lists/terms">Terms</a>' in text


def test_in_french_the_heading_of_the_inactive_values_says_what_is_counted(make, as_user):
    text = as_user(make.user("dora", "admin", locale="fr")).get("/admin/pick-lists").text

    assert '<td class="num" data-label="Valeurs inactives">0</td>' in text
    assert "Inactif" not in text


def test_a_list_shows_its_values_in_order_with_who_holds_them(make, as_user):
    make.account("Held", terms="net_30")

    text = as_user(make.alice).get("/admin/pick-lists/terms").text

    assert text.index("Prepaid") < text.index("Net 30")
    assert '<td class="num" data-label="Held by">1</td>' in text


def test_a_value_is_added_by_the_form(make, as_user, headers):
    sent = {"label_en": "Net 90", "label_fr": "90 jours", "active": "y", "is_default": "y"}

    as_user(make.alice).post("/admin/pick-lists/terms/values", data=sent, headers=headers)

    added = session.get_one(PickListValue, value_id("net_90"))
    assert (added.label_fr, added.is_default) == ("90 jours", True)


def test_a_refused_value_keeps_what_was_typed(make, as_user, headers):
    sent = {"label_en": "Net 30", "code": "another", "active": "y"}

    answer = as_user(make.alice).post("/admin/pick-lists/terms/values", data=sent, headers=headers)

    assert answer.status_code == 422
    assert 'value="another"' in answer.text
    assert "already means another value" in answer.text


def test_whoever_edits_a_value_that_another_changed_sees_both(make, as_user, headers):
    address = f"/admin/pick-lists/terms/values/{value_id('net_30')}"
    sent = {"label_fr": "Net 30 jours", "active": "y", "version": "1"}
    client = as_user(make.alice)
    client.post(address, data={**sent, "label_en": "Theirs"}, headers=headers)

    answer = client.post(address, data={**sent, "label_en": "Mine"}, headers=headers)

    assert answer.status_code == 409
    assert all(text in answer.text for text in ("Mine", "Theirs", "Net 30"))


def test_buttons_change_the_order(make, as_user, headers):
    address = f"/admin/pick-lists/terms/values/{value_id('on_receipt')}/position"
    client = as_user(make.alice)

    client.post(address, data={"direction": "up"}, headers=headers)

    text = client.get("/admin/pick-lists/terms").text
    assert text.index("Due on receipt") < text.index("Prepaid")


def test_the_swapped_table_is_one_part(make, as_user):
    address = f"/admin/pick-lists/terms/values/{value_id('prepaid')}/position"

    answer = as_user(make.alice).post(
        address, data={"direction": "down"}, headers=htmx("#settings-values")
    )

    assert answer.text.lstrip().startswith('<div id="settings-values"')


def test_a_value_in_use_says_who_holds_it_instead_of_going(make, as_user, headers):
    make.account("Held", terms="net_30")
    address = f"/admin/pick-lists/terms/values/{value_id('net_30')}/deletion"
    client = as_user(make.alice)

    shown, sent = client.get(address, headers=headers), client.post(address, headers=headers)

    assert "Account: Terms" in shown.text
    assert (sent.status_code, "Account: Terms" in sent.text) == (422, True)
    assert session.get_one(PickListValue, value_id("net_30")).deleted_at is None


def test_an_unused_value_goes_and_the_history_says_who_and_when(make, as_user, headers):
    address = f"/admin/pick-lists/terms/values/{value_id('net_30')}/deletion"
    client = as_user(make.alice)

    client.post(address, headers=headers)

    text = client.get("/admin/pick-lists/terms/history").text
    assert "Net 30: Deleted" in text
    assert "Alice" in text


def test_a_list_of_ones_own_is_made_and_goes(make, as_user, headers):
    client = as_user(make.alice)
    client.post("/admin/pick-lists", data={"label_en": "Region"}, headers=headers)

    made = client.get("/admin/pick-lists/region")
    client.post("/admin/pick-lists/region/deletion", headers=headers)

    assert "No values yet" in made.text
    assert client.get("/admin/pick-lists/region").status_code == 404


def test_a_list_that_fields_use_says_so_and_stays(make, as_user, headers):
    answer = as_user(make.alice).post("/admin/pick-lists/terms/deletion", headers=headers)

    assert answer.status_code == 422
    assert "Account: Terms" in answer.text


def test_a_value_of_another_list_is_not_found(make, as_user):
    address = f"/admin/pick-lists/territory/values/{value_id('net_30')}/edit"

    assert as_user(make.alice).get(address).status_code == 404


def test_a_new_account_begins_with_the_default(make, as_user):
    text = as_user(make.alice).get("/accounts/new").text

    assert '<option selected value="current">Current</option>' in text


def test_the_reader_of_french_reads_french_labels(make, as_user):
    client = as_user(make.alice)
    client.post("/preferences", data={"locale": "fr"})

    assert "À réception" in client.get("/admin/pick-lists/terms").text


def start_replacement(client, headers, to="net_60"):
    address = f"/admin/pick-lists/terms/values/{value_id('net_30')}/replacement"
    return client.post(address, data={"to": to}, headers=headers)


def test_a_value_in_use_gives_way_to_another_after_a_look_at_who_holds_it(make, as_user, headers):
    account_id = make.account("Held", terms="net_30").id
    client = as_user(make.alice)

    answer = start_replacement(client, headers)
    (run,) = session.scalars(select(Run)).all()
    run_id, preview = run.id, f"/admin/replacements/{run.id}"
    assert (answer.headers.get("Location") or answer.headers["HX-Redirect"]) == preview
    assert "Preparing the preview" in client.get(preview).text
    runs.work(run_id)
    planned = client.get(preview).text
    plan_hash = make.again(Run, run_id).plan_hash
    client.post(f"{preview}/run", data={"plan_hash": plan_hash}, headers=headers)
    runs.work(run_id)
    receipt = client.get(f"/runs/{run_id}")

    assert "1 record gets another value; then the value is deleted" in planned
    assert '<span class="change"><del>Net 30</del>' in planned
    assert "2 Changes planned 2 Changes made 0 Unchanged 0 Skipped The receipt" in flat(receipt)
    assert make.again(Account, account_id).terms == "net_60"


def test_a_replacement_by_nothing_chosen_is_refused_at_its_field(make, as_user, headers):
    make.account("Held", terms="net_30")

    answer = start_replacement(as_user(make.alice), headers, to="")

    assert answer.status_code == 422
    assert "Choose the value that takes its place." in answer.text


def test_a_plan_that_was_not_looked_at_is_not_run(make, as_user, headers):
    client = as_user(make.alice)
    start_replacement(client, headers)
    (run,) = session.scalars(select(Run)).all()
    run_id = run.id
    runs.work(run_id)

    answer = client.post(
        f"/admin/replacements/{run_id}/run", data={"plan_hash": "x"}, headers=headers
    )

    assert answer.status_code == 409
    assert "The plan was made anew." in answer.text
    assert make.again(Run, run_id).status == "planned"


def test_a_planned_replacement_is_found_among_the_runs(make, as_user):
    client = as_user(make.alice)
    start_replacement(client, {})
    (run,) = session.scalars(select(Run)).all()
    run_id = run.id
    runs.work(run_id)

    assert f'href="/admin/replacements/{run_id}"' in client.get(f"/runs/{run_id}").text
    assert "Replace a pick-list value" in client.get("/runs").text
    assert client.get(f"/upserts/{run_id}/plan").status_code == 404


def test_an_undo_says_that_the_deleted_value_comes_back(make, as_user):
    make.account("Held", terms="net_30")
    client = as_user(make.alice)
    start_replacement(client, {})
    (run,) = session.scalars(select(Run)).all()
    run_id = run.id
    runs.work(run_id)
    plan_hash = make.again(Run, run_id).plan_hash
    client.post(f"/admin/replacements/{run_id}/run", data={"plan_hash": plan_hash})
    runs.work(run_id)

    text = client.get(f"/runs/{run_id}/undo").text

    assert "1 record gets its former value back." in text
    assert "The deleted value comes back." in text
