"""One value of an account, edited in place and, without JavaScript, on a page of its own."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from crmapp.db import session
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.models import Account
from crmapp.services import accounts, bulk_edits, contacts
from tests.support import bulk
from tests.support.web import htmx


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    """Each test runs twice: as a page, and as htmx asks for a part of one."""
    return htmx("div#account-1-phone") if request.param == "htmx" else {}


def sent(field, value, version=1, key="k1"):
    return {field: value, "version": str(version), "idempotency_key": key}


@pytest.mark.parametrize("name", ACCOUNT_FIELDS)
def test_every_field_has_a_form_of_its_own(make, as_user, name, headers):
    account = make.account("Acme", owner_id=make.bob.id)

    answer = as_user(make.bob).get(f"/accounts/{account.id}/values/{name}/edit", headers=headers)

    typed = "parent" if name == "parent_id" else name
    assert answer.status_code == 200
    assert f'name="{typed}"' in answer.text
    assert ("<html" in answer.text) == (not headers)


@pytest.mark.parametrize("typed", ["1.250,50", "1 250,5", "1\u202f250,50"])
def test_a_french_reader_types_an_amount_as_she_writes_it(make, as_user, typed):
    account, dora = make.account("Acme"), make.user("dora", role="admin", locale="fr")

    as_user(dora).post(
        f"/accounts/{account.id}/values/credit_limit", data=sent("credit_limit", typed)
    )

    assert session.get(Account, account.id).credit_limit == Decimal("1250.50")


@pytest.mark.parametrize(
    "kind, kept", [("number", "1250.125"), ("number", "1.125"), ("money", "1.25")]
)
def test_a_french_reader_is_shown_what_she_would_type_and_saving_it_changes_nothing(
    make, as_user, kind, kept
):
    field = make.field("Weight", kind=kind)
    account = make.account("Acme", custom={field.name: kept}, credit_limit=Decimal("1250.5"))
    client = as_user(make.user("dora", role="admin", locale="fr"))

    for name in (field.name, "credit_limit"):
        form = client.get(f"/accounts/{account.id}/values/{name}/edit").text
        (shown,) = re.findall(rf'name="{name}"[^>]* value="([^"]*)"', form)
        answer = client.post(
            f"/accounts/{account.id}/values/{name}", data=sent(name, shown, key=name)
        )

        assert answer.status_code == 303
        assert shown == {"credit_limit": "1250,50"}.get(name, kept.replace(".", ","))
    assert accounts.get(account.id, by=make.mona).version == 1


@pytest.mark.parametrize(
    "name, typed, kept",
    [
        ("phone", "+33 1 02", "+33 1 02"),
        ("credit_limit", "1250.5", 1250.5),
        ("tags", "a, b", ["a", "b"]),
        ("payment_status", "overdue", "overdue"),
        ("notes", "one\ntwo", "one\ntwo"),
        ("phone", "", None),
    ],
)
def test_a_value_is_saved_alone(make, as_user, name, typed, kept, headers):
    account = make.account("Acme", number="C1", phone="111")

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}/values/{name}", data=sent(name, typed), headers=headers
    )

    after = accounts.get(account.id, by=make.mona)
    assert answer.status_code == (200 if headers else 303)
    assert getattr(after, name) == kept
    assert (after.name, after.number) == ("Acme", "C1")


def test_a_box_that_is_not_ticked_means_no(make, as_user, headers):
    account = make.account("Acme")
    data = {"version": "1", "idempotency_key": "k"}

    as_user(make.bob).post(f"/accounts/{account.id}/values/active", data=data, headers=headers)

    assert accounts.get(account.id, by=make.mona).active is False


def test_what_was_saved_shows_its_new_origin_and_the_header_follows(make, as_user):
    account = make.account("Acme")
    client = as_user(make.bob)

    text = client.post(
        f"/accounts/{account.id}/values/name", data=sent("name", "Łódź Lifts"), headers=htmx("div")
    ).text

    assert f'id="account-{account.id}-name"' in text
    assert ">Bob</a>" in text
    assert "<h1>Łódź Lifts</h1>" in text.partition(f'hx-target="#account-{account.id}-header"')[2]
    assert "Name saved." in text


def test_without_scripts_one_comes_back_to_the_value_in_the_same_list(make, as_user):
    account = make.account("Acme")

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}/values/phone?owner=none", data=sent("phone", "111")
    )

    assert answer.headers["Location"] == (
        f"/accounts/{account.id}?owner=none#account-{account.id}-phone"
    )


def test_saving_what_is_there_already_says_and_changes_nothing(make, as_user):
    account = make.account("Acme", phone="111")
    address = f"/accounts/{account.id}/values/phone"

    text = as_user(make.bob).post(address, data=sent("phone", "111"), headers=htmx("div")).text

    assert "saved." not in text
    assert accounts.get(account.id, by=make.mona).version == 1


@pytest.mark.parametrize(
    "name, typed",
    [
        ("name", ""),
        ("name", "Acme\u202eemcA"),
        ("email", "nobody"),
        ("phone", "a\x00b"),
        ("owner_id", "1; DROP TABLE account"),
        ("parent", "No such company"),
        ("primary_contact_id", "1"),
    ],
)
def test_a_bad_value_is_refused_at_its_field_and_kept_in_it(make, as_user, name, typed, headers):
    make.contact(make.account("Other"))
    account = make.account("Acme")
    field = "parent_id" if name == "parent" else name

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}/values/{field}", data=sent(name, typed), headers=headers
    )

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert accounts.get(account.id, by=make.mona).version == 1


def test_a_contact_of_the_account_is_made_the_primary_one(make, as_user, headers):
    account = make.account("Acme")
    contacts.add(account.id, {"last_name": "One"}, by=make.mona)
    second = contacts.add(account.id, {"last_name": "Two"}, by=make.mona)
    data = sent("primary_contact_id", str(second), version=2)

    as_user(make.bob).post(
        f"/accounts/{account.id}/values/primary_contact_id", data=data, headers=headers
    )

    assert accounts.get(account.id, by=make.mona).primary_contact_id == second


# --- who comes second -------------------------------------------------------------------------


def test_a_stale_value_is_shown_with_theirs_and_the_original(make, as_user, headers):
    account = make.account("Acme", phone="111")
    accounts.update(account.id, {"phone": "222"}, 1, by=make.alice)
    client, address = as_user(make.bob), f"/accounts/{account.id}/values/phone"

    stale = client.post(address, data=sent("phone", "333"), headers=headers)
    unchanged = accounts.get(account.id, by=make.mona).phone
    client.post(address, data=sent("phone", "333", version=2, key="k2"), headers=headers)

    assert stale.status_code == 409
    assert "Alice changed this" in stale.text
    for word, value in (("Yours", "333"), ("Theirs", "222"), ("Original", "111")):
        assert f"<dt>{word}</dt><dd>{value}</dd>" in stale.text
    assert "Keep mine" in stale.text
    assert "Take theirs" in stale.text
    assert unchanged == "222"
    assert accounts.get(account.id, by=make.mona).phone == "333"


def test_a_value_that_an_edit_of_many_changed_meanwhile_is_shown_beside_hers(
    make, as_user, headers
):
    account = make.account("Acme", phone="111", owner_id=make.bob.id)
    edit = bulk_edits.setting("phone", "222", by=make.mona)
    bulk.carry_out(bulk.plan(bulk.those(account), edit, make.mona), make.mona)
    address = f"/accounts/{account.id}/values/phone"

    stale = as_user(make.bob).post(address, data=sent("phone", "333"), headers=headers)

    assert stale.status_code == 409
    for word, value in (("Yours", "333"), ("Theirs", "222"), ("Original", "111")):
        assert f"<dt>{word}</dt><dd>{value}</dd>" in stale.text
    assert accounts.get(account.id, by=make.mona).phone == "222"


def test_an_edit_of_many_leaves_alone_what_was_edited_in_place_since_its_plan(make, as_user):
    account = make.account("Acme", phone="111", owner_id=make.bob.id)
    edit = bulk_edits.setting("phone", "222", by=make.mona)
    planned = bulk.plan(bulk.those(account), edit, make.mona)
    as_user(make.bob).post(f"/accounts/{account.id}/values/phone", data=sent("phone", "333"))

    done = bulk.carry_out(planned, make.mona)

    assert accounts.get(account.id, by=make.mona).phone == "333"
    assert done.done == {"skipped": 1}


@pytest.mark.parametrize("theirs", [{"location": "Graz"}, {"phone": "333"}], ids=["other", "same"])
def test_another_field_or_the_same_value_is_no_conflict(make, as_user, theirs, headers):
    account = make.account("Acme", phone="111")
    accounts.update(account.id, theirs, 1, by=make.alice)

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}/values/phone", data=sent("phone", "333"), headers=headers
    )

    after = accounts.get(account.id, by=make.mona)
    assert answer.status_code == (200 if headers else 303)
    assert after.phone == "333"
    assert after.location == theirs.get("location")


def test_a_whole_form_in_which_another_field_was_changed_is_saved_at_once(make, as_user):
    account = make.account("Acme", phone="111", location="Lyon")
    accounts.update(account.id, {"location": "Graz"}, 1, by=make.alice)
    form = {"name": "Acme", "phone": "333", "location": "Lyon", "active": "y"}

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}", data={**form, "version": "1", "idempotency_key": "k"}
    )

    after = accounts.get(account.id, by=make.mona)
    assert answer.status_code == 303
    assert (after.phone, after.location) == ("333", "Graz")


def test_theirs_is_taken_field_by_field_in_a_whole_form(make, as_user):
    account = make.account("Acme", phone="111", location="Lyon")
    accounts.update(account.id, {"phone": "222", "location": "Graz"}, 1, by=make.alice)
    form = {"name": "Acme", "phone": "333", "location": "Turin", "active": "y"}
    client = as_user(make.bob)

    stale = client.post(
        f"/accounts/{account.id}", data={**form, "version": "1", "idempotency_key": "k1"}
    )
    chosen = {"take.phone": "theirs", "take.location": "mine"}
    client.post(
        f"/accounts/{account.id}",
        data={**form, **chosen, "version": "2", "idempotency_key": "k2"},
    )

    after = accounts.get(account.id, by=make.mona)
    assert stale.status_code == 409
    assert stale.text.count('value="theirs"') == 2
    assert (after.phone, after.location) == ("222", "Turin")


# --- who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "person, status", [("carol", 403), ("mallory", 404), ("bob", 200), ("mona", 200)]
)
def test_only_who_may_change_the_account_edits_its_values(make, as_user, person, status):
    account = make.account("Acme", owner_id=make.bob.id)
    client = as_user(getattr(make, person))
    address = f"/accounts/{account.id}/values/phone"

    assert client.get(f"{address}/edit").status_code == status
    answer = client.post(address, data=sent("phone", "111"), headers=htmx("div"))
    assert answer.status_code == status
    assert (accounts.get(account.id, by=make.mona).phone == "111") == (status == 200)


def test_a_visitor_is_asked_to_sign_in(make, client):
    account = make.account("Acme")

    answer = client.post(f"/accounts/{account.id}/values/phone", data=sent("phone", "111"))

    assert answer.status_code == 401
    assert 'href="/login' in answer.text
    assert make.again(Account, account.id).phone is None


def test_there_is_no_such_field(make, as_user):
    account = make.account("Acme")
    client = as_user(make.mona)

    for name in ("version", "lineage", "deleted_at", "nonsense", "__class__"):
        assert client.get(f"/accounts/{account.id}/values/{name}/edit").status_code == 404
        assert client.post(f"/accounts/{account.id}/values/{name}").status_code == 404


def test_who_gives_an_account_away_comes_to_the_list(make, as_user, headers):
    account = make.account("Acme", owner_id=make.bob.id)
    data = sent("owner_id", str(make.mallory.id))

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}/values/owner_id", data=data, headers=headers
    )

    assert (answer.headers.get("Location") or answer.headers.get("HX-Redirect")) == "/accounts"
