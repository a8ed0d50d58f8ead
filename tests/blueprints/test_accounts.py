"""The list of accounts and the forms that change one, over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Account
from crmapp.services import accounts, reaches
from tests.support.web import htmx


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    """Each test runs twice: as a page, and as htmx asks for a part of one."""
    return htmx("div#accounts-table") if request.param == "htmx" else {}


def form(**values):
    return {"name": "Acme", "idempotency_key": "k1", "active": "y", **values}


def named(name):
    return session.scalars(select(Account).where(Account.name == name)).one_or_none()


def went(answer):
    """Return where the answer sends the reader, by a redirect or by htmx."""
    return answer.headers.get("Location") or answer.headers.get("HX-Redirect")


# --- the list ---------------------------------------------------------------------------------


def test_the_list_shows_what_the_reader_may_see(make, as_user, headers):
    make.account("Acme", number="C042", owner_id=make.bob.id)

    seen = as_user(make.bob).get("/accounts", headers=headers).text
    by_another = as_user(make.mallory).get("/accounts", headers=headers).text

    assert "Acme" in seen
    assert "C042" in seen
    assert "Acme" not in by_another
    assert "Elsewhere Engines" in by_another


def test_a_part_is_answered_only_to_htmx(make, as_user, headers):
    answer = as_user(make.alice).get("/accounts", headers=headers)

    assert ("<html" in answer.text) == (not headers)
    assert "HX-Request" in answer.headers["Vary"]


def test_a_state_of_the_list_has_an_address(make, as_user):
    make.account("Acme Lyon", owner_id=make.bob.id)
    make.account("Acme Graz")

    text = as_user(make.bob).get("/accounts?q=acme&owner=me&sort=-name").text

    assert "Acme Lyon" in text
    assert "Acme Graz" not in text
    assert 'aria-sort="descending"' in text


def test_pages_follow_each_other_and_keep_the_filters(make, as_user):
    for number in range(60):
        make.account(f"Firm {number:02}", location="Lyon")
    client = as_user(make.alice)

    first = client.get("/accounts?q=lyon").text
    address = first.split('id="pager-chevron-right"')[0].rsplit('href="', 1)[1].split('"')[0]
    second = client.get(address.replace("&amp;", "&")).text

    assert "60 accounts" in first
    assert "Firm 49" in first
    assert "Firm 50" in second
    assert "q=lyon" in address


def test_an_empty_list_says_what_to_do(make, as_user):
    assert "No accounts yet" in as_user(make.bob).get("/accounts").text
    assert "No account matches" in as_user(make.bob).get("/accounts?q=zzz").text


@pytest.mark.parametrize(
    "address",
    [
        "/accounts?owner=1%20OR%201=1",
        "/accounts?sort=password",
        "/accounts?from=nonsense",
        "/accounts?active=maybe",
        "/accounts?team=99999999999999",
        "/accounts?q=" + "x" * 5000,
    ],
)
def test_a_hand_written_address_is_refused_with_a_sentence(make, as_user, address, headers):
    answer = as_user(make.alice).get(address, headers=headers)

    assert answer.status_code == 422
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("words", ['" OR (', "Łódź", "\u202eabc", "مرحبا", "%", "'; --", "𝔘𝔫𝔦"])
def test_any_text_can_be_searched_for(make, as_user, words):
    answer = as_user(make.alice).get("/accounts", query_string={"q": words})

    assert answer.status_code == 200
    assert "No account matches" in answer.text


def test_a_nul_byte_in_an_address_is_refused(make, as_user):
    assert as_user(make.alice).get("/accounts?q=a%00b").status_code == 400


@pytest.mark.parametrize("name", ["_external", "_method", "_anchor", "_scheme", "endpoint"])
def test_arguments_that_mean_nothing_are_left_alone(make, as_user, name):
    assert as_user(make.alice).get(f"/accounts?{name}=x&q=e").status_code == 200


# --- new --------------------------------------------------------------------------------------


def test_a_rep_adds_an_account(make, as_user, headers):
    answer = as_user(make.bob).post("/accounts", data=form(email="a@b.example"), headers=headers)

    account = named("Acme")
    assert went(answer) == f"/accounts/{account.id}"
    assert account.email == "a@b.example"


def test_what_was_added_is_said_on_the_next_page(make, as_user):
    client = as_user(make.bob)
    answer = client.post("/accounts", data=form(name="Łódź Lifts"))

    assert "Account “Łódź Lifts” added." in client.get(went(answer)).text


def test_another_one_may_follow_at_once(make, as_user, headers):
    sent = form(add_another="yes")

    assert went(as_user(make.bob).post("/accounts", data=sent, headers=headers)) == "/accounts/new"


def test_a_refused_form_keeps_what_was_typed(make, as_user, headers):
    sent = form(name="", email="nobody", phone="+33 1 02")

    answer = as_user(make.bob).post("/accounts", data=sent, headers=headers)

    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 2
    assert 'value="+33 1 02"' in answer.text
    assert "Enter a full address, like ann@example.com." in answer.text


def test_a_form_sent_twice_adds_one_account(make, as_user):
    client = as_user(make.bob)

    first, second = (went(client.post("/accounts", data=form())) for _ in "12")

    assert first == second
    assert session.query(Account).filter_by(name="Acme").count() == 1


def test_a_key_of_another_form_is_refused(make, as_user, headers):
    client = as_user(make.bob)
    client.post("/accounts", data=form())

    answer = client.post("/accounts", data=form(name="Other"), headers=headers)

    assert answer.status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a\x00b"},
        {"name": "x" * 100_000},
        {"credit_limit": "9" * 400},
        {"owner_id": "1; DROP TABLE account"},
        {"territory": "atlantis"},
        {"parent": "\u202enobody"},
        {"email": "a@b..c"},
        {"website": "javascript:alert(1)"},
    ],
)
def test_bad_input_is_refused_at_its_field(make, as_user, wrong, headers):
    answer = as_user(make.bob).post("/accounts", data=form(**wrong), headers=headers)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_text_of_people_is_never_markup(make, as_user):
    client = as_user(make.bob)

    page = client.get(went(client.post("/accounts", data=form(name="<script>x</script>"))))

    assert "<script>x" not in page.text
    assert "&lt;script&gt;x" in page.text


# --- edit -------------------------------------------------------------------------------------


def test_the_owner_changes_an_account(make, as_user, headers):
    account = make.account("Acme", owner_id=make.bob.id)

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}", data=form(name="Acme Ltd", version="1"), headers=headers
    )

    assert went(answer) == f"/accounts/{account.id}"
    assert named("Acme Ltd").version == 2


@pytest.mark.parametrize("address", ["/accounts", "/accounts/{id}"])
def test_who_gives_an_account_away_comes_to_the_list(make, as_user, headers, address):
    account, client = make.account("Zenith", owner_id=make.bob.id), as_user(make.bob)
    sent = form(owner_id=make.mallory.id, version=account.version)

    answer = client.post(address.format(id=account.id), data=sent, headers=headers)

    assert went(answer) == "/accounts"
    assert "It belongs to somebody else now" in client.get("/accounts").text


def test_the_form_shows_the_present_values(make, as_user, headers):
    account = make.account("Acme", credit_limit=10, tags=["a", "b"], active=False)

    text = as_user(make.mona).get(f"/accounts/{account.id}/edit", headers=headers).text

    assert 'value="10.00"' in text
    assert 'value="a, b"' in text
    assert 'name="version" type="hidden" value="1"' in text


def test_a_parent_that_one_does_not_see_is_not_shown_and_stays(make, as_user, headers):
    head = make.account("Hidden Holding", number="H-4711", owner_id=make.mallory.id)
    account = make.account("Acme", owner_id=make.bob.id, parent_id=head.id)
    client = as_user(make.bob)

    shown = client.get(f"/accounts/{account.id}/edit", headers=headers).text
    sent = form(name="Acme Ltd", parent="", version="1")
    answer = client.post(f"/accounts/{account.id}", data=sent, headers=headers)

    assert "H-4711" not in shown
    assert "Hidden Holding" not in shown
    assert went(answer) == f"/accounts/{account.id}"
    assert named("Acme Ltd").parent_id == head.id


def test_a_form_without_its_version_is_refused(make, as_user, headers):
    account = make.account("Acme")

    answer = as_user(make.bob).post(f"/accounts/{account.id}", data=form(), headers=headers)

    assert answer.status_code == 422


def test_who_comes_second_sees_both_values_and_may_decide(make, as_user, headers):
    account = make.account("Acme", phone="111", location="Lyon")
    accounts.update(account.id, {"phone": "222", "location": "Graz"}, 1, by=make.alice)
    client = as_user(make.mona)
    mine = form(phone="333", location="Lyon", version="1")

    answer = client.post(f"/accounts/{account.id}", data=mine, headers=headers)
    again = form(phone="333", location="Graz", version="2", idempotency_key="k2")
    client.post(f"/accounts/{account.id}", data=again, headers=headers)

    assert answer.status_code == 409
    for value in ("333", "222", "111"):
        assert f">{value}<label>" in answer.text or f">{value}</td>" in answer.text
    assert 'name="version" type="hidden" value="2"' in answer.text
    assert 'value="Graz"' in answer.text
    assert (named("Acme").phone, named("Acme").location) == ("333", "Graz")


# --- delete and restore -----------------------------------------------------------------------


def test_deleting_is_asked_about_and_can_be_taken_back(make, as_user, headers):
    account = make.account("Acme")
    client = as_user(make.mona)

    asked = client.get(f"/accounts/{account.id}/deletion", headers=headers)
    client.post(f"/accounts/{account.id}/deletion", headers=headers)
    gone = client.get(f"/accounts/{account.id}")
    client.post(f"/accounts/{account.id}/restoration", headers=headers)

    assert "Delete Acme?" in asked.text
    assert "This account was deleted" in gone.text
    assert named("Acme").deleted_at is None


def test_a_field_without_a_class_has_none(make, as_user):
    assert 'class="None"' not in as_user(make.mona).get("/accounts/new").text


def test_who_may_not_change_an_account_is_not_asked_whether_to_delete_it(make, as_user):
    account = make.account("Acme")
    reaches.restrict(make.mona.id, sees=None, edits=[], territories=[], by=make.alice)

    assert as_user(make.mona).get(f"/accounts/{account.id}/deletion").status_code == 403


def test_a_deleted_account_offers_nothing_to_change(make, as_user):
    account = make.account("Acme")
    accounts.delete(account.id, by=make.mona)
    client = as_user(make.mona)

    text = client.get(f"/accounts/{account.id}").text

    assert "/edit" not in text
    assert "/contacts/new" not in text
    assert client.get(f"/accounts/{account.id}/edit").status_code == 404


# --- the page about fields --------------------------------------------------------------------


def test_every_standard_field_is_explained(make, as_user):
    text = as_user(make.carol).get("/accounts/fields").text

    assert "VAT or tax registration number." in text
    assert "Required" in text


class TestAnOwnerWhoHasLeft:
    @pytest.fixture
    def account(self, make):
        gone = make.user("gone", "rep", active=False)
        return make.account("Acme", owner_id=gone.id)

    def test_stays_the_owner_until_somebody_says_otherwise(self, make, as_user, account):
        mona, sent = as_user(make.mona), {"name": "Acme 2", "version": "1", "active": "y"}

        page = mona.get(f"/accounts/{account.id}/edit")
        answer = mona.post(
            f"/accounts/{account.id}", data={**sent, "owner_id": str(account.owner_id)}
        )

        after = make.again(Account, account.id)
        assert f'<option selected value="{account.owner_id}">' in page.text
        assert answer.status_code == 303
        assert (after.name, after.owner_id) == ("Acme 2", account.owner_id)

    def test_is_offered_for_no_other_account(self, make, as_user, account):
        other = make.account("Bolts", owner_id=make.bob.id)

        page = as_user(make.mona).get(f"/accounts/{other.id}/edit")

        assert f'value="{other.owner_id}">Bob</option>' in page.text
        assert "Gone" not in page.text
