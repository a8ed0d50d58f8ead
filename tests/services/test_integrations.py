"""What is set for the Advanced CRM Integration: versions, who may, who was quicker, taking back."""

import pytest

from crmapp.db import session
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.services import integrations
from crmapp.services.integrations import MOST_FIELDS, Change, Options

FIRST = Options(True, ("OwnerId", "Phone"))
SECOND = Options(True, ("Phone", "Site"))


@pytest.fixture
def saved(make):
    integrations.save(FIRST, seen=0, by=make.alice)
    integrations.save(SECOND, seen=1, by=make.alice)


def test_nothing_is_shown_before_somebody_chose(make):
    assert (integrations.options(), integrations.version()) == (Options(), 0)
    assert integrations.history(by=make.alice) == []


def test_the_newest_version_is_in_force(saved):
    assert (integrations.options(), integrations.version()) == (SECOND, 2)


def test_the_same_again_makes_no_version(make, saved):
    assert integrations.save(SECOND, seen=2, by=make.alice) == 2


def test_each_version_says_what_it_does_otherwise(make, saved):
    second, first = integrations.history(by=make.alice)

    assert first.change == Change(True, ("OwnerId", "Phone"), (), False)
    assert second.change == Change(None, ("Site",), ("OwnerId",), False)
    assert second.version.by.id == make.alice.id


def test_another_order_is_a_difference(make, saved):
    integrations.save(Options(True, ("Site", "Phone")), seen=2, by=make.alice)

    newest = integrations.history(by=make.alice)[0]
    assert newest.change == Change(None, (), (), True)


def test_each_version_says_what_taking_it_back_would_do(make, saved):
    second, first = integrations.history(by=make.alice)

    assert second.back == Change(None, (), (), False)
    assert first.back == Change(None, ("OwnerId",), ("Site",), False)


@pytest.mark.parametrize(
    "chosen, takes_away",
    [
        (Options(True, ("Phone", "Site", "Fax")), False),
        (Options(True, ("Site", "Phone")), False),
        (Options(True, ("Phone",)), True),
        (Options(False, ("Phone", "Site")), True),
    ],
)
def test_a_change_says_whether_everybody_loses_something(make, saved, chosen, takes_away):
    assert integrations.change(chosen, seen=2, by=make.alice).takes_away is takes_away


def test_what_a_change_would_do_is_said_of_the_version_that_was_looked_at(make, saved):
    with pytest.raises(Conflict):
        integrations.change(Options(True), seen=1, by=make.alice)
    with pytest.raises(Forbidden):
        integrations.change(Options(True), seen=2, by=make.bob)
    assert not integrations.change(SECOND, seen=1, by=make.alice).takes_away


def test_an_earlier_version_is_taken_back_as_a_new_one(make, saved):
    assert integrations.take_back(1, seen=2, by=make.alice) == 3
    assert integrations.options() == FIRST


def test_who_looked_at_an_older_version_is_told(make, saved):
    with pytest.raises(Conflict):
        integrations.save(FIRST, seen=1, by=make.alice)
    with pytest.raises(Conflict):
        integrations.take_back(1, seen=1, by=make.alice)
    session.rollback()
    assert integrations.options() == SECOND


@pytest.mark.parametrize("number", [7, 10**20])
def test_a_version_that_is_not_there_cannot_be_taken_back(make, saved, number):
    with pytest.raises(NotFound):
        integrations.take_back(number, seen=2, by=make.alice)


@pytest.mark.parametrize(
    "fields", [("Phone", "Phone"), tuple(f"F{n}__c" for n in range(MOST_FIELDS + 1))]
)
def test_a_choice_that_makes_no_sense_is_refused(make, fields):
    with pytest.raises(Invalid):
        integrations.save(Options(True, fields), seen=0, by=make.alice)


@pytest.mark.parametrize("name", ["bob", "carol", "mona"])
def test_only_who_manages_integrations_may(make, name):
    with pytest.raises(Forbidden):
        integrations.save(FIRST, seen=0, by=getattr(make, name))
    with pytest.raises(Forbidden):
        integrations.history(by=getattr(make, name))
