"""Who sees an account, and why, in words that agree with what is decided of it."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.permissions import Role
from crmapp.errors import Forbidden, NotFound
from crmapp.models import Account
from crmapp.services import account_readers, reaches


@pytest.fixture(autouse=True)
def territories(make):
    make.value("territory", "north", label_en="The North", label_fr="Le Nord")


def words(account, *, by, locale="en"):
    found = account_readers.of(account.id, by=by, locale=locale)
    return {
        each.name: ([str(way) for way in each.sees], [str(way) for way in each.changes])
        for each in found
    }


def test_each_person_is_there_with_her_reasons(make):
    account = make.account(
        "Acme", owner_id=make.mallory.id, team_id=make.bob.teams[0].id, territory="north"
    )
    for each in (make.alice, make.mona, make.carol, make.bob):
        assert each
    make.user("tess", sees=["territory"], edits=[], territories=["north"])
    make.user("otto", sees=["all"], edits=["territory"], territories=["south"])
    make.user("gone", active=False, sees=["all"])
    make.user("unowned", sees=["unowned"])

    found = words(account, by=make.mona)

    assert found == {
        "Mallory": (["owns the account"], ["owns the account"]),
        "Alice": (["has the role Administrator"], ["has the role Administrator"]),
        "Bob": (["is in its team, North"], ["is in its team, North"]),
        "Carol": (["has the role Viewer"], []),
        "Mona": (["has the role Sales manager"], ["has the role Sales manager"]),
        "Otto": (["is let see or change every account"], []),
        "Tess": (["has its territory, The North"], []),
    }
    assert next(iter(found)) == "Mallory"
    assert words(account, by=make.mona, locale="fr")["Tess"][0] == ["has its territory, Le Nord"]


def test_the_reasons_agree_with_what_is_decided(make):
    north = make.bob.teams[0]
    sets = [None, [], ["team"], ["territory"], ["unowned"], ["all"]]
    people = [make.alice, make.mona, make.carol, make.ivan, make.mallory] + [
        make.user(f"p{number}", role, sees=sees, edits=edits, territories=["north"])
        for number, (role, sees, edits) in enumerate(product((Role.REP, Role.MANAGER), sets, sets))
    ]
    owned = {"owner_id": make.mallory.id}
    accounts = [
        make.account(**values)
        for values in (owned, {"team_id": north.id}, {}, {**owned, "territory": "north"})
    ]

    for account in accounts:
        found = words(account, by=make.alice)
        for person in people:
            sees, changes = found.get(person.name, ([], []))
            asked = select(Account.id).where(Account.id == account.id)
            assert bool(sees) == bool(session.scalar(asked.where(Account.visible_to(person))))
            assert bool(changes) == bool(session.scalar(asked.where(Account.editable_by(person))))


def test_only_who_manages_is_told_and_only_of_what_she_sees(make):
    account = make.account("Acme", owner_id=make.mallory.id)
    nina = make.user("nina", Role.MANAGER, sees=[], edits=[])

    for by, refusal in ((make.carol, Forbidden), (make.bob, NotFound), (nina, NotFound)):
        with pytest.raises(refusal):
            words(account, by=by)


def test_the_page_says_it_in_words(make, as_user):
    account = make.account("Acme", owner_id=make.bob.id)
    client = as_user(make.mona)

    page = client.get(f"/accounts/{account.id}/readers").text

    assert "Who sees Acme?" in page
    assert "owns the account" in page
    assert "has the role Sales manager" in page
    assert f"/accounts/{account.id}/readers" in client.get(f"/accounts/{account.id}").text
    assert "readers" not in as_user(make.bob).get(f"/accounts/{account.id}").text


def test_a_refusal_names_who_can_grant_the_right(make, as_user):
    make.user("zoe", Role.ADMIN, active=False)
    alice = make.alice.name

    page = as_user(make.bob).get("/imports/new").text

    for word in ("grid.add_update_accounts", "Sales manager", alice):
        assert word in page
    assert "Zoe" not in page
    assert "restricted" not in page


def test_who_is_restricted_is_told_that_it_is_not_her_role(make, as_user):
    account = make.account("Acme", owner_id=make.bob.id)
    nina = make.user("nina", Role.MANAGER)
    reaches.restrict(nina.id, sees=None, edits=[], territories=[], by=make.alice)
    client = as_user(nina)

    for address in ("/imports/new", f"/accounts/{account.id}/edit"):
        page = client.get(address)
        assert page.status_code == 403
        assert "you are restricted to some accounts" in page.text
        assert make.alice.name in page.text
