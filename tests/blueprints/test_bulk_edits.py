"""Pages on which many accounts of the list are edited at once."""

from __future__ import annotations

import re
from html import unescape

import pytest

from crmapp.domain.bulk_edits import Edit, Verb
from crmapp.models import Account, Run
from crmapp.services import bulk_edits, runs, users
from tests.support import bulk
from tests.support.pages import flat
from tests.support.web import htmx

HEADERS = {"plain": {}, "htmx": htmx("div#accounts-bulk")}


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return HEADERS[request.param]


def values(text):
    """Return what the hidden fields of the page's form hold."""
    return hidden(text[text.index('id="accounts-bulk"') :])


def hidden(text):
    found = re.findall(r'<input [^>]*type="hidden"[^>]*>', text)
    return {name(each): re.findall(r'value="([^"]*)"', each)[0] for each in found}


def name(box):
    return re.findall(r'name="(\w+)"', box)[0]


def ask(client, action, *accounts, tail="", **more):
    ids = [account.id for account in accounts]
    sent = {"action": action, "id": ids, **more}
    return client.post(f"/accounts/bulk-edits/new{tail}", data=sent)


def send(client, asked, tail="", headers=None, **typed):
    """Send the form that was asked for, filled in."""
    sent = {**values(asked.text), **typed}
    return client.post(f"/accounts/bulk-edits{tail}", data=sent, headers=headers or {})


def test_fields_of_two_addresses_are_told_apart(as_user, make):
    form = ask(as_user(make.mona), "field", make.account("Acme")).text

    offered = re.findall(r"<option[^>]*>([^<]+)</option>", form)
    assert len(offered) == len(set(offered))
    assert {"City (Billing address)", "City (Shipping address)"} <= set(offered)


def arrived(answer):
    place = answer.headers.get("Location") or answer.headers["HX-Redirect"]
    return place, int(re.findall(r"/(\d+)$", place)[0])


def run(client, place):
    """Run the plan that stands at ``place``."""
    text = client.get(place).text
    form = text[text.index(f'action="{place}/run"') :]
    return client.post(f"{place}/run", data=hidden(form[: form.index("</form>")]))


def test_each_row_of_the_list_can_be_ticked_by_a_box_with_its_name(make, as_user):
    account = make.account("Łódź & Co", owner_id=make.bob.id)

    page = as_user(make.bob).get("/accounts").text

    box = re.search(rf'<input [^>]*value="{account.id}"[^>]*>', page)[0]
    assert 'aria-label="Select Łódź &amp; Co"' in box
    assert 'form="accounts-bulk-bar"' in box
    assert 'id="accounts-bulk-bar"' in page


def test_the_bar_offers_what_the_reader_may_do(make, as_user):
    make.account("Acme")

    def offered(person, address="/accounts"):
        text = as_user(person).get(address).text
        return re.findall(r'name="action" value="(\w+)"', text)

    assert offered(make.carol) == ["export"]
    assert offered(make.bob)[:3] == ["owner", "team", "field"]
    assert "delete" not in offered(make.bob)
    assert "delete" in offered(make.mona)
    assert offered(make.mona, "/accounts?deleted=yes") == []


def test_a_few_accounts_get_a_value_without_javascript(make, as_user, headers):
    one, two = (make.account(name, owner_id=make.bob.id) for name in ("One", "Two"))
    client = as_user(make.bob)
    form = ask(client, "field", one, two)
    chosen = ask(client, "field", one, two, field="phone")
    assert "Choose a field" in form.text
    assert "2 accounts" in flat(chosen)

    place, run_id = arrived(send(client, chosen, headers=headers, field="phone", phone="555 123"))
    plan = flat(client.get(place))

    assert "2 accounts change." in plan
    assert "Phone 555 123" in plan
    assert run(client, place).location == f"/runs/{run_id}"
    runs.work(run_id)
    assert [make.again(Account, each.id).phone for each in (one, two)] == ["555 123"] * 2


@pytest.mark.parametrize("field", ["", "invented"])
def test_who_chooses_no_field_is_told_so_beside_it(make, as_user, field):
    acme = make.account("Acme", owner_id=make.bob.id)

    page = ask(as_user(make.bob), "field", acme, field=field)

    assert page.status_code == 422
    select = re.search(r'<select id="accounts-bulk-field"[^>]*>', page.text)[0]
    assert 'aria-invalid="true"' in select
    assert "Choose the field to change." in flat(page)
    assert values(page.text)["id"] == str(acme.id)


def test_a_choice_that_is_taken_back_in_the_drawer_is_no_fault(make, as_user):
    sent = {"action": "field", "id": make.account("Acme").id, "field": ""}

    answer = as_user(make.mona).post("/accounts/bulk-edits/new", data=sent, headers=HEADERS["htmx"])

    assert (answer.status_code, "aria-invalid" in answer.text) == (200, False)


def test_all_that_match_the_list_are_deleted_but_one_and_come_back(make, as_user):
    gone = [make.account(f"Old {n}", active=False) for n in range(3)]
    make.account("Alive")
    client, tail = as_user(make.mona), "?active=no"
    form = ask(client, "delete", tail=tail, all="yes", without=str(gone[1].id))
    assert "2 accounts all that match the list, but 1" in flat(form)

    place, run_id = arrived(send(client, form, tail=tail))
    run(client, place)
    runs.work(run_id)

    assert [make.again(Account, each.id).deleted_at is None for each in gone] == [
        False, True, False,
    ]  # fmt: skip
    receipt = client.get(f"/runs/{run_id}")
    assert "Old 2" in flat(receipt)
    listed = re.search(r'href="(/accounts\?run=[^"]*)"', receipt.text)
    assert "Old 2" in client.get(unescape(listed[1])).text
    text = client.get("/accounts?deleted=yes").text
    assert re.findall(r'name="action" value="(\w+)"', text) == ["restore"]


@pytest.mark.parametrize("action", ["activate", "deactivate", "delete", "restore"])
def test_what_needs_no_value_is_previewed_at_once(make, as_user, action):
    form = ask(as_user(make.mona), action, make.account("Acme")).text

    assert "Preview" in form
    assert "Choose a field" not in form


@pytest.mark.parametrize("argument", ["owner={bob}&owner={rita}", "owner=&owner={rita}"])
def test_all_that_match_are_those_of_the_list_though_an_argument_stands_there_twice(
    make, as_user, argument
):
    rita = make.user("Rita", role="rep")
    for owner in (make.bob, rita, rita):
        make.account(f"Of {owner.name}", owner_id=owner.id)
    client, tail = as_user(make.mona), "?" + argument.format(bob=make.bob.id, rita=rita.id)
    listed = client.get(f"/accounts{tail}").text.count('form="accounts-bulk-bar"')

    form = ask(client, "deactivate", tail=tail, all="yes")

    assert values(form.text)["count"] == str(listed)


@pytest.mark.parametrize(
    "action, typed, said",
    [
        ("owner", {"owner_id": ""}, "Enter a value, or say that the field is to be emptied."),
        ("owner", {"owner_id": "99999"}, "“99999” is not in the list."),
        ("field", {}, "Choose the field to change."),
        ("field", {"field": "name"}, "Choose the field to change."),
        ("field", {"field": "phone", "phone": "x"}, "at least three digits"),
        ("field", {"field": "email", "email": "ann@"}, "Enter a full address"),
        ("add_tags", {"tags": " , "}, "Enter at least one tag."),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(
    make, as_user, headers, action, typed, said
):
    account, client = make.account("Acme"), as_user(make.mona)
    asked = ask(client, action, account, **typed)

    answer = send(client, asked, headers=headers, **typed)

    assert answer.status_code == 422
    assert said in flat(answer)
    assert values(answer.text)["id"] == str(account.id)
    for text in filter(None, typed.values()):
        assert text == "name" or f'value="{text}"' in answer.text or "99999" in text


def test_the_tick_for_an_empty_field_empties_it(make, as_user):
    account, client = make.account("Acme", location="Lyon"), as_user(make.mona)
    asked = ask(client, "field", account, field="location")

    place, run_id = arrived(send(client, asked, field="location", location="", empty="yes"))
    run(client, place)
    runs.work(run_id)

    assert make.again(Account, account.id).location is None


def test_a_person_who_left_meanwhile_is_refused_at_the_field(make, as_user):
    account, client = make.account("Acme"), as_user(make.mona)
    asked = ask(client, "owner", account)
    users.set_active(make.bob.id, False, by=make.alice)

    answer = send(client, asked, owner_id=str(make.bob.id))

    assert answer.status_code == 422
    assert "This person does not work here any more." in flat(answer)


def test_nothing_ticked_is_said(make, as_user):
    make.account("Acme")

    answer = ask(as_user(make.mona), "owner")

    assert answer.status_code == 422
    assert "Choose the accounts first" in flat(answer)


@pytest.mark.parametrize("forged", ["x", "-1", "1,2,x", "99999999999999"])
def test_a_forged_choice_is_refused(make, as_user, forged):
    answer = as_user(make.mona).post(
        "/accounts/bulk-edits", data={"action": "owner", "id": forged, "owner_id": "1"}
    )

    assert answer.status_code == 422


def test_an_action_that_there_is_not_is_not_found(make, as_user):
    assert ask(as_user(make.mona), "explode").status_code == 404


def test_a_form_that_is_sent_twice_plans_once(make, as_user):
    account, client = make.account("Acme"), as_user(make.mona)
    asked = ask(client, "deactivate", account)

    first, second = (arrived(send(client, asked)) for _ in range(2))

    assert first == second


def test_a_rep_finds_her_last_one_again_and_undoes_it(make, as_user):
    account, client = make.account("Acme", owner_id=make.bob.id), as_user(make.bob)
    place, run_id = arrived(send(client, ask(client, "deactivate", account)))
    run(client, place)
    runs.work(run_id)
    found = client.get("/accounts/bulk-edits/last", follow_redirects=True)
    assert found.request.path == f"/runs/{run_id}"
    assert "Undo run" in found.text

    undoing = client.post(f"/runs/{run_id}/undo").location.rpartition("/")[2]
    runs.work(int(undoing))
    runs.work(int(undoing))

    assert make.again(Account, account.id).active
    assert make.again(Run, run_id).status == "undone"


def test_nobody_looks_at_or_undoes_what_somebody_else_has_asked_for(make, as_user):
    account = make.account("Acme", owner_id=make.bob.id)
    client = as_user(make.bob)
    place, run_id = arrived(send(client, ask(client, "deactivate", account)))

    for person in (make.mallory, make.carol):
        other = as_user(person)
        assert other.get(place).status_code == 404
        assert other.post(f"{place}/run").status_code == 404
        assert other.get(f"/runs/{run_id}").status_code == 404
        assert other.post(f"/runs/{run_id}/undo").status_code == 403


def test_a_large_set_is_planned_in_the_background(make, as_user):
    for n in range(51):
        make.account(f"Many {n}", location="Graz")
    client, tail = as_user(make.mona), "?location=Graz"
    asked = ask(client, "activate", tail=tail, all="yes")

    place, run_id = arrived(send(client, asked, tail=tail))

    assert "Preparing the preview" in client.get(place).text
    runs.work(run_id)
    assert "No account changes." in flat(client.get(place))


def test_many_accounts_are_planned_in_the_background_whatever_count_was_sent(make, as_user):
    for number in range(bulk_edits.FEW + 1):
        make.account(f"Acme {number}", location="Graz")
    client, tail = as_user(make.mona), "?location=Graz"
    asked = ask(client, "deactivate", tail=tail, all="yes")

    _place, run_id = arrived(send(client, asked, tail=tail, count="1"))

    assert runs.get(run_id, by=make.mona).status == "planning"


def test_another_count_than_was_told_is_said_on_the_plan(make, as_user):
    make.account("One", location="Graz")
    client, tail = as_user(make.mona), "?location=Graz"
    asked = ask(client, "deactivate", tail=tail, all="yes")
    make.account("Two", location="Graz")

    place, _run_id = arrived(send(client, asked, tail=tail))

    assert "They were 1; now 2 accounts match the list." in flat(client.get(place))


def test_a_receipt_counts_accounts_in_french(make, as_user):
    accounts = [make.account(name) for name in ("Acme", "Bolt")]
    done = bulk.carry_out(
        bulk.plan(bulk.those(*accounts), Edit(Verb.DELETE), make.alice), make.alice
    )
    dora = as_user(make.user("dora", role="admin", locale="fr"))

    receipt = flat(dora.get(f"/runs/{done.id}"))

    assert "Modifiés 2" in receipt or "2 Modifiés" in receipt
