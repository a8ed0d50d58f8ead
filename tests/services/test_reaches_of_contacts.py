"""Who may change an account may change what belongs to it, and nobody else but its owner may."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crmapp.domain.days import Today
from crmapp.domain.permissions import Role
from crmapp.errors import Forbidden, NotFound
from crmapp.models import Account, Activity
from crmapp.services import accounts, activities, contacts, doing

TODAY = Today(datetime(2026, 6, 15, 9, tzinfo=UTC), ZoneInfo("Europe/Paris"))
TASK = {"kind": "task", "subject": "Call back", "happens_at": "2026-06-15T12:00+00:00"}


@pytest.fixture
def nina(make):
    """She manages, sees everything and changes her own."""
    return make.user("nina", Role.MANAGER, edits=[])


@pytest.fixture
def hers(make, nina):
    return make.account("Hers", owner_id=nina.id)


@pytest.fixture
def theirs(make):
    return make.account("Theirs", owner_id=make.mallory.id)


def attempts(make, account):
    """Return what can be done with the contacts and activities of an account, each as a call."""
    contact, task = make.contact(account).id, make.activity(account, kind="task").id
    return {
        "add a contact": lambda by: contacts.add(account.id, {"last_name": "Doe"}, by=by),
        "change a contact": lambda by: contacts.update(contact, {"last_name": "Roe"}, 1, by=by),
        "choose a contact": lambda by: contacts.set_primary(contact, by=by),
        "add an activity": lambda by: activities.add(account.id, TASK, by=by),
        "change an activity": lambda by: activities.update(task, {"subject": "x"}, 1, by=by),
        "complete": lambda by: doing.complete(task, by=by),
        "assign": lambda by: doing.assign(task, str(by.id), by=by),
        "put off": lambda by: doing.snooze(task, "tomorrow", TODAY, by=by),
        "delete": lambda by: accounts.delete(account.id, by=by),
    }


def test_what_belongs_to_an_account_that_she_only_sees_is_only_seen(make, nina, theirs):
    for attempt in attempts(make, theirs).values():
        with pytest.raises(Forbidden):
            attempt(nina)

    assert contacts.of(accounts.get(theirs.id, by=nina))
    assert make.again(Account, theirs.id).version == 1


def test_what_belongs_to_her_own_account_is_hers_to_change(make, nina, hers):
    for attempt in attempts(make, hers).values():
        attempt(nina)

    assert make.again(Account, hers.id).deleted_at is not None


def test_what_belongs_to_a_hidden_account_is_hidden(make, theirs):
    nina = make.user("nina", Role.MANAGER, sees=[], edits=[])

    for attempt in attempts(make, theirs).values():
        with pytest.raises(NotFound):
            attempt(nina)


def test_her_activity_at_an_account_that_she_sees_is_hers_to_change(make, nina, theirs):
    task = make.activity(theirs, kind="task", owner_id=nina.id)

    doing.complete(task.id, by=nina)

    assert make.again(Activity, task.id).status == "completed"


def test_a_deleted_account_comes_back_for_who_may_change_it(make, nina, hers, theirs):
    for account in (hers, theirs):
        accounts.delete(account.id, by=make.alice)

    accounts.restore(hers.id, by=nina)
    with pytest.raises(Forbidden):
        accounts.restore(theirs.id, by=nina)

    assert make.again(Account, hers.id).deleted_at is None
    assert make.again(Account, theirs.id).deleted_at is not None


def test_pages_offer_what_may_be_changed(make, as_user, nina, hers, theirs):
    client = as_user(nina)
    for account in (hers, theirs):
        make.contact(account)
        make.activity(account, kind="task")
    offers = ("Log a call", "Add a contact", "Make primary", "Delete account", "/contacts/")

    for tab in ("contacts", "timeline"):
        own = client.get(f"/accounts/{hers.id}/{tab}").text
        other = client.get(f"/accounts/{theirs.id}/{tab}").text
        assert [each for each in offers[:2] if each not in own] == []
        assert [each for each in offers[:4] if each in other] == []
        assert "/edit" not in other.partition("<main")[2]
    for address in ("contacts/new", "activities/new?kind=task"):
        assert client.get(f"/accounts/{hers.id}/{address}").status_code == 200
        assert client.get(f"/accounts/{theirs.id}/{address}").status_code == 403


def test_whoever_is_restricted_does_nothing_to_all_accounts_at_once(make, as_user, nina):
    client = as_user(nina)

    assert client.get("/imports/new").status_code == 403
    assert client.get("/runs").status_code == 403
    assert as_user(make.mona).get("/imports/new").status_code == 200
