"""Details as each person has arranged them: kept for her alone, whatever administrators change."""

from dataclasses import replace

import pytest

from crmapp.db import session
from crmapp.errors import Invalid
from crmapp.services import integrations, own_details
from crmapp.services.account_details import Detail, Details
from crmapp.services.integrations import Options

CHOSEN = ("OwnerId", "Phone", "Site")


@pytest.fixture(autouse=True)
def chosen(make):
    integrations.save(Options(True, CHOSEN), seen=0, by=make.alice)


@pytest.fixture
def arranged(make):
    own_details.keep(["Site", "Phone", "OwnerId"], ["Site", "OwnerId"], by=make.bob)


def choose(*names, by):
    integrations.save(Options(True, names), seen=integrations.version(), by=by)


def seen_by(person):
    return [(line.name, line.shown) for line in own_details.lines(by=person)]


def test_everybody_sees_what_the_administrator_chose(make):
    assert seen_by(make.bob) == [(name, True) for name in CHOSEN]


def test_her_own_order_is_hers_alone(make, arranged):
    assert seen_by(make.bob) == [("Site", True), ("Phone", False), ("OwnerId", True)]
    assert seen_by(make.carol) == [(name, True) for name in CHOSEN]


def test_the_tab_shows_them_so_and_says_how_many_are_hidden(make, arranged):
    details = Details("001", details=tuple(Detail(name, None, name) for name in CHOSEN))

    hers = own_details.applied(details, by=make.bob)

    assert [each.key for each in hers.details] == ["Site", "OwnerId"]
    assert hers.hidden == 1
    assert own_details.applied(details, by=make.carol) == details
    assert replace(hers, details=(), hidden=0) == replace(details, details=())


def test_a_field_that_an_administrator_adds_comes_last_and_is_shown(make, arranged):
    choose("Fax", *CHOSEN, by=make.alice)

    assert seen_by(make.bob)[-1] == ("Fax", True)
    assert seen_by(make.bob)[:3] == [("Site", True), ("Phone", False), ("OwnerId", True)]


def test_a_hidden_field_that_was_taken_away_is_new_to_her_when_it_comes_back(make, arranged):
    choose("OwnerId", "Site", by=make.alice)
    assert seen_by(make.bob) == [("Site", True), ("OwnerId", True)]

    choose(*CHOSEN, by=make.alice)

    assert seen_by(make.bob) == [("Site", True), ("OwnerId", True), ("Phone", True)]


def test_unticking_and_ticking_the_box_forgets_nothing(make, arranged):
    integrations.save(Options(False, CHOSEN), seen=1, by=make.alice)
    integrations.save(Options(True, CHOSEN), seen=2, by=make.alice)

    assert ("Phone", False) in seen_by(make.bob)


@pytest.mark.parametrize(
    "order, shown",
    [
        (["Site", "Nonsense__c"], ["Site"]),
        (["Site", "Site"], ["Site"]),
        (["Site"], ["Site", "AnnualRevenue"]),
    ],
)
def test_a_forged_name_is_refused_and_nothing_is_kept(make, arranged, order, shown):
    with pytest.raises(Invalid):
        own_details.keep(order, shown, by=make.bob)

    session.expire_all()
    assert seen_by(make.bob) == [("Site", True), ("Phone", False), ("OwnerId", True)]


def test_the_order_of_the_administrator_is_no_order_of_her_own(make, arranged):
    own_details.keep(CHOSEN, CHOSEN, by=make.bob)

    assert make.bob.own_details is None


def test_reset_gives_back_what_the_administrator_chose(make, arranged):
    own_details.reset(by=make.bob)

    assert seen_by(make.bob) == [(name, True) for name in CHOSEN]


def test_what_is_not_saved_yet_leaves_out_what_is_no_detail(make):
    lines = own_details.lines_of(["Site", "Nonsense__c", "Phone"], ["Phone"])

    assert [(line.name, line.shown) for line in lines] == [
        ("Site", False),
        ("Phone", True),
        ("OwnerId", True),
    ]
