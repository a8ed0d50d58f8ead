"""Programs beside people: nothing is overwritten or done twice, and it is told who did it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmapp.models import User
from crmapp.services import accounts, activities, contacts, history, idempotency, reaches
from tests.blueprints.api.test_accounts import listed


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_between_reading_and_writing_is_not_overwritten(
    make, program, method, monkeypatch
):
    account, asks = make.account("Acme"), program(make.mona)
    name = "update" if method == "PATCH" else "delete"
    write = getattr(accounts, name)

    def late(account_id, *rest, **named):
        monkeypatch.setattr(accounts, name, write)
        accounts.update(account_id, {"phone": "+33 1 11 11 11 11"}, 1, by=make.alice)
        return write(account_id, *rest, **named)

    monkeypatch.setattr(accounts, name, late)
    answer = asks.ask(
        method, f"/accounts/{account.id}", headers={"If-Match": '"1"'}, json={"name": "Other"}
    )

    assert answer.status_code == 412
    now = accounts.get(account.id, by=make.mona)
    assert (now.name, now.version) == ("Acme", 2)


@pytest.mark.parametrize("service, member", [(contacts, "last_name"), (activities, "subject")])
def test_what_belongs_to_an_account_is_not_overwritten_either(
    make, program, service, member, monkeypatch
):
    account, asks = make.account("Acme"), program(make.mona)
    record = make.contact(account) if service is contacts else make.activity(account)
    write = service.update

    def late(record_id, *rest, **named):
        write(record_id, {"notes": "Later"}, 1, by=make.alice)
        return write(record_id, *rest, **named)

    monkeypatch.setattr(service, "update", late)
    path = f"/{service.__name__.rpartition('.')[2]}/{record.id}"
    answer = asks.patch(path, {member: "Other"}, version=1)

    assert answer.status_code == 412
    assert getattr(service.get(record.id, by=make.mona), member) != "Other"


def test_the_history_names_the_token(make, program):
    asks = program(make.mona)
    made = asks.post("/accounts", {"name": "Acme"}).json
    asks.patch(f"/accounts/{made['id']}", {"phone": "+33 1 11 11 11 11"}, version=1)
    accounts.update(made["id"], {"phone": "+33 1 22 22 22 22"}, 2, by=make.mona)
    asks.ask("DELETE", f"/accounts/{made['id']}", headers={"If-Match": '"3"'})

    entries = history.of("account", made["id"], by=make.mona, locale="en").entries

    told = "API, token “Test”"
    assert [str(each.source) for each in entries] == [told, "Form", told, told]


def test_a_key_is_the_token_s_own(make, program):
    key, path = {"Idempotency-Key": "k1"}, f"/accounts/{make.account('Acme').id}/contacts"
    first, other = (
        program(make.mona).post(path, {"last_name": "Doe"}, **key).json for _ in range(2)
    )

    assert first["id"] != other["id"]


def test_a_key_is_good_for_a_day(make, program, clock):
    asks, key = program(make.mona), {"Idempotency-Key": "k1"}
    path = f"/accounts/{make.account('Acme').id}/contacts"
    ids = [asks.post(path, {"last_name": "Once"}, **key).json["id"]]
    for hours in (23, 2):
        clock.shift(timedelta(hours=hours))
        idempotency.forget_old()
        ids.append(asks.post(path, {"last_name": "Once"}, **key).json["id"])

    assert ids[0] == ids[1] != ids[2]


def test_who_sees_less_sees_less_by_token(make, program):
    make.value("territory", "north")
    mine = make.account("Mine", owner_id=make.bob.id)
    north = make.account("North", owner_id=make.mallory.id, territory="north")
    nobodys = make.account("Nobody’s")
    asks = program(make.bob)
    reaches.restrict(
        make.bob.id, sees=["territory"], edits=[], territories=["north"], by=make.alice
    )
    make.again(User, make.bob.id)

    assert {each["id"] for each in listed(asks)} == {mine.id, north.id}
    assert asks.get(f"/accounts/{nobodys.id}").status_code == 404
    assert asks.get(f"/accounts/{nobodys.id}/contacts").status_code == 404
    assert asks.patch(f"/accounts/{north.id}", {"phone": None}, version=1).status_code == 403
    assert asks.patch(f"/accounts/{mine.id}", {"phone": None}, version=1).status_code == 200
