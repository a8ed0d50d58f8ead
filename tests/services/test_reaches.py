"""Which accounts a person sees and changes, as an administrator says it of her."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.reach import SOME
from crmapp.errors import Forbidden, Invalid, NotFound
from crmapp.models import Account, User
from crmapp.services import account_list, accounts, bulk_edits, reaches, users
from crmapp.services.account_question import Question

SOME_SETS = [
    [part.value for part, chosen in zip(SOME, chosen_, strict=True) if chosen]
    for chosen_ in product((False, True), repeat=len(SOME))
]


@pytest.fixture
def lands(make):
    """Accounts that bob reaches by one way each, and one by none."""
    north = make.bob.teams[0].id
    other = {"owner_id": make.mallory.id}
    make.account("Own", owner_id=make.bob.id)
    make.account("Team", **other, team_id=north)
    make.account("Territory", **other, territory="north")
    make.account("Unowned")
    make.account("Far", **other, territory="south")


def names(condition):
    found = session.scalars(select(Account.name).where(condition))
    return set(found) & {"Own", "Team", "Territory", "Unowned", "Far"}


def restrict(make, who, sees, edits, territories=("north",)):
    reaches.restrict(who.id, sees=sees, edits=edits, territories=territories, by=make.alice)
    return make.again(User, who.id)


@pytest.fixture(autouse=True)
def territories(make):
    make.value("territory", "north")
    make.value("territory", "south")


@pytest.mark.parametrize("some", SOME_SETS, ids=repr)
def test_a_person_sees_her_own_and_what_is_ticked(make, lands, some):
    bob = restrict(make, make.bob, some, None)

    expected = {"Own", *(part.title() for part in some)}
    assert names(Account.visible_to(bob)) == expected
    assert names(Account.editable_by(bob)) == expected - {"Territory"}
    seen = account_list.page(Question(), by=bob)
    assert {row.name for row in seen.rows} & {
        "Own",
        "Team",
        "Territory",
        "Unowned",
        "Far",
    } == expected


def test_what_a_person_reaches_is_one_object_until_it_is_said_anew(make, lands):
    bob = restrict(make, make.bob, ["territory"], ["territory"])
    first = Account.visible_to(bob)

    assert Account.visible_to(make.again(User, bob.id)) is first  # statements with it are kept
    assert Account.editable_by(bob) is first
    assert Account.visible_to(bob, deleted=True) is not first
    assert Account.visible_to(restrict(make, bob, ["team"], None)) is not first


@pytest.mark.parametrize("some", SOME_SETS, ids=repr)
def test_a_person_changes_her_own_and_what_is_ticked_of_what_she_sees(make, lands, some):
    bob = restrict(make, make.bob, ["all"], some)

    assert names(Account.visible_to(bob)) == {"Own", "Team", "Territory", "Unowned", "Far"}
    assert names(Account.editable_by(bob)) == {"Own", *(part.title() for part in some)}

    bob = restrict(make, bob, [], ["all"])
    assert names(Account.editable_by(bob)) == {"Own"}


def test_who_sees_everything_by_her_role_may_be_restricted(make, lands):
    make.account("Managed", owner_id=make.mona.id)
    mona = restrict(make, make.mona, ["territory"], ["territory"])

    assert names(Account.visible_to(mona)) == names(Account.editable_by(mona)) == {"Territory"}
    assert account_list.how_many(Question(), by=mona) == 2


def test_nobody_changes_what_her_role_does_not_let_her_change(make, lands):
    carol = restrict(make, make.carol, ["all"], ["all"])

    assert names(Account.editable_by(carol)) == set()


def test_what_was_said_can_be_taken_back(make, lands):
    before = names(Account.visible_to(make.bob))
    bob = restrict(make, make.bob, [], [], ())

    bob = restrict(make, bob, None, None, ())

    assert names(Account.visible_to(bob)) == before == {"Own", "Team", "Unowned"}
    assert (bob.sees, bob.edits, bob.territories) == (None, None, None)


def test_an_account_that_was_open_is_closed_from_the_next_page_on(make, lands):
    """The statements that are kept for a person are not those of what she saw before."""
    far = session.scalar(select(Account.id).where(Account.name == "Far"))
    bob = restrict(make, make.bob, ["all"], ["all"])
    account = accounts.get(far, by=bob)
    could = accounts.editable(account, by=bob)

    bob = restrict(make, bob, ["all"], [])
    now = accounts.editable(make.again(Account, far), by=bob)
    bob = restrict(make, bob, [], [])

    assert could
    assert not now
    with pytest.raises(NotFound):
        accounts.get(far, by=bob)


def test_a_plan_of_many_accounts_knows_that_she_was_restricted_since(make):
    before = bulk_edits._reach(make.bob)
    bob = restrict(make, make.bob, None, ["territory"])
    between = bulk_edits._reach(bob)
    bob = restrict(make, bob, None, ["territory"], ("south",))

    assert before != between != bulk_edits._reach(bob)
    assert bulk_edits._reach(make.mona) is None


@pytest.mark.parametrize(
    "said, field",
    [
        ({"sees": ["some"]}, "sees"),
        ({"edits": ["own", "team"]}, "edits"),
        ({"territories": ["atlantis"]}, "territories"),
        ({"sees": ["territory"]}, "territories"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(make, said, field):
    with pytest.raises(Invalid) as refused:
        reaches.restrict(
            make.bob.id,
            **{"sees": None, "edits": None, "territories": [], **said},
            by=make.alice,
        )

    assert list(refused.value.fields) == [field]


def test_a_territory_that_was_hers_stays_hers_when_it_is_deleted(make):
    bob = make.user("bobby", territories=["gone"])

    bob = restrict(make, bob, ["territory"], None, ("gone", "north"))

    assert bob.territories == ["gone", "north"]


def test_an_administrator_cannot_be_restricted_and_who_becomes_one_is_free(make, lands):
    with pytest.raises(Invalid) as refused:
        restrict(make, make.alice, [], None)
    assert list(refused.value.fields) == [""]
    bob = restrict(make, make.bob, [], [])

    users.set_role(bob.id, "admin", by=make.alice)

    bob = make.again(User, bob.id)
    assert bob.sees_all
    assert names(Account.editable_by(bob)) == {"Own", "Team", "Territory", "Unowned", "Far"}


def test_only_who_manages_people_restricts_them(make):
    for by in (make.mona, make.ivan, make.bob, make.carol):
        with pytest.raises(Forbidden):
            reaches.restrict(make.bob.id, sees=[], edits=[], territories=[], by=by)
    with pytest.raises(NotFound):
        reaches.restrict(2**31 - 1, sees=[], edits=[], territories=[], by=make.alice)
