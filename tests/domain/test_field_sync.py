"""What becomes of one record: each field is written, left, held or refused, and then rests."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_rules import Blank, Conflict, FieldRule, Side, Sync
from crmapp.domain.field_sync import Act, content_hash, fields_of, lookups, reconcile
from crmapp.domain.field_values import References
from crmapp.i18n import Text
from tests.support.field_map import a_field

SHAPES = Shapes(
    {each.name: each for each in (
        a_field("NAME"), a_field("TIER", "pick_list", "Gold", "Tin"),
        a_field("LIMIT", "number"), a_field("VIP", "yes_no"), a_field("TERM", "reference"),
    )},
    {each.name: each for each in (
        a_field("Name", length=30), a_field("Level", "pick_list", "Gold", "Platinum", "Silver"),
        a_field("Limit", "money", precision=9, scale=2), a_field("Vip", "yes_no"),
        a_field("Term", "reference", refers_to=("Term__c",)),
    )},
)  # fmt: skip
WORDS = {
    Side.SALESFORCE: {"Tin": "Silver"},
    Side.INTACCT: {"Silver": "Tin", "Platinum": "Gold"},
}
PAIRS = [("NAME", "Name"), ("TIER", "Level"), ("LIMIT", "Limit"), ("VIP", "Vip")]
SYNCS, CONFLICTS, BLANKS = (st.sampled_from(each) for each in (Sync, Conflict, Blank))
MAPS = st.tuples(*[
    st.builds(FieldRule, st.just(one), st.just(other), SYNCS, CONFLICTS, BLANKS,
              active=st.booleans(), words=st.just(WORDS))
    for one, other in PAIRS
])  # fmt: skip
EMPTY = st.none()
INTACCT = st.fixed_dictionaries({
    "NAME": EMPTY | st.text("ab ", max_size=3), "TIER": EMPTY | st.sampled_from(["Gold", "Tin"]),
    "LIMIT": EMPTY | st.decimals(0, 99, places=4), "VIP": EMPTY | st.booleans(),
})  # fmt: skip
SALESFORCE = st.fixed_dictionaries({
    "Name": EMPTY | st.text("ab ", max_size=3),
    "Level": EMPTY | st.sampled_from(["Gold", "Platinum", "Silver"]),
    "Limit": EMPTY | st.decimals(0, 99, places=2), "Vip": st.booleans(),
})  # fmt: skip
WRITTEN = {Side.INTACCT: Act.TO_INTACCT, Side.SALESFORCE: Act.TO_SALESFORCE}


def written(found, intacct, salesforce):
    """Return both records after what was decided is written."""
    return (
        {**(intacct or {}), **found.writes(Side.INTACCT)},
        {**(salesforce or {}), **found.writes(Side.SALESFORCE)},
    )


def one(rule, intacct, salesforce, **more):
    """Return what becomes of one field with these two values."""
    there = None if intacct is None else {rule.intacct: intacct["v"]}
    here = None if salesforce is None else {rule.salesforce: salesforce["v"]}
    return reconcile((rule,), SHAPES, there, here, **more)


def names(sync=Sync.BOTH, **more):
    return FieldRule("NAME", "Name", sync, **more)


def decided(rule, before, now):
    """Return what becomes of a field whose sides agreed on ``before``."""
    accepted = one(rule, {"v": before}, {"v": before}).accepted
    [outcome] = one(rule, {"v": now[0]}, {"v": now[1]}, accepted=accepted).outcomes
    return outcome.act


@given(MAPS, INTACCT, SALESFORCE)
def test_what_was_written_is_not_written_again(rules, intacct, salesforce):
    first = reconcile(rules, SHAPES, intacct, salesforce)
    after = written(first, intacct, salesforce)

    again = reconcile(rules, SHAPES, *after, accepted=first.accepted)

    assert (again.writes(Side.INTACCT), again.writes(Side.SALESFORCE)) == ({}, {})
    assert again.accepted == first.accepted


@given(MAPS, INTACCT, SALESFORCE, INTACCT, SALESFORCE)
def test_changes_on_either_side_come_to_rest(rules, intacct, salesforce, later, elsewhere):
    first = reconcile(rules, SHAPES, intacct, salesforce)
    second = reconcile(rules, SHAPES, later, elsewhere, accepted=first.accepted)

    third = reconcile(rules, SHAPES, *written(second, later, elsewhere), accepted=second.accepted)

    assert (third.writes(Side.INTACCT), third.writes(Side.SALESFORCE)) == ({}, {})


@given(MAPS, INTACCT, SALESFORCE)
def test_a_side_is_written_only_where_the_row_goes(rules, intacct, salesforce):
    found = reconcile(rules, SHAPES, intacct, salesforce)

    for outcome in found.outcomes:
        for side, act in WRITTEN.items():
            assert outcome.act is not act or outcome.rule.sync.writes(side)


@given(MAPS, INTACCT)
def test_a_new_record_gets_what_goes_to_it_and_nothing_empty(rules, intacct):
    found = reconcile(rules, SHAPES, intacct, None)

    assert found.writes(Side.INTACCT) == {}
    assert None not in found.writes(Side.SALESFORCE).values()


@given(MAPS, INTACCT, SALESFORCE)
def test_an_empty_value_that_leaves_never_empties(rules, intacct, salesforce):
    rules = tuple(replace(each, blank=Blank.LEAVE) for each in rules)

    found = reconcile(rules, SHAPES, intacct, salesforce)

    writes = {**found.writes(Side.INTACCT), **found.writes(Side.SALESFORCE)}
    assert not [name for name, value in writes.items() if value is None]


def test_an_empty_value_that_clears_empties_and_a_box_is_unticked():
    clear = {"sync": Sync.FROM, "blank": Blank.CLEAR}

    assert one(FieldRule("NAME", "Name", **clear), {"v": None}, {"v": "x"}).writes(
        Side.SALESFORCE
    ) == {"Name": None}
    box = one(FieldRule("VIP", "Vip", **clear), {"v": None}, {"v": True})
    assert box.writes(Side.SALESFORCE) == {"Vip": False}


@pytest.mark.parametrize("conflict", list(Conflict))
@pytest.mark.parametrize(
    "now, act",
    [
        (("a", "a"), Act.SAME),
        (("b", "a"), Act.TO_SALESFORCE),
        (("a", "b"), Act.TO_INTACCT),
        (("b", "b"), Act.SAME),
    ],
)
def test_who_changed_a_field_alone_is_right(conflict, now, act):
    assert decided(names(conflict=conflict), "a", now) is act


@pytest.mark.parametrize(
    "conflict, act",
    [
        (Conflict.INTACCT, Act.TO_SALESFORCE),
        (Conflict.SALESFORCE, Act.TO_INTACCT),
        (Conflict.ASK, Act.HELD),
    ],
)
def test_where_both_changed_the_row_decides(conflict, act):
    assert decided(names(conflict=conflict), "a", ("b", "c")) is act
    [first] = one(names(conflict=conflict), {"v": "b"}, {"v": "c"}).outcomes
    assert first.act is act


def test_a_conflict_stays_one_until_somebody_settles_it():
    rule = names(conflict=Conflict.ASK)
    accepted = one(rule, {"v": "a"}, {"v": "a"}).accepted

    held = one(rule, {"v": "b"}, {"v": "c"}, accepted=accepted)
    still = one(rule, {"v": "b"}, {"v": "c"}, accepted=held.accepted)
    settled = one(rule, {"v": "b"}, {"v": "b"}, accepted=still.accepted)

    assert [each.outcomes[0].act for each in (held, still, settled)] == [
        Act.HELD, Act.HELD, Act.SAME,
    ]  # fmt: skip
    assert held.problems.keys() == {rule.key}


def test_what_somebody_emptied_on_one_side_is_not_filled_again():
    rule = names(conflict=Conflict.SALESFORCE)
    accepted = one(rule, {"v": "a"}, {"v": "a"}).accepted

    first = one(rule, {"v": None}, {"v": "a"}, accepted=accepted)
    again = one(rule, {"v": None}, {"v": "a"}, accepted=first.accepted)

    assert [each.outcomes[0].act for each in (first, again)] == [Act.LEFT, Act.LEFT]


def test_an_empty_value_does_not_win_against_a_new_one():
    assert decided(names(), "a", (None, "b")) is Act.TO_INTACCT


@pytest.mark.parametrize("conflict", list(Conflict))
def test_the_first_time_an_empty_side_is_filled(conflict):
    [outcome] = one(names(conflict=conflict), {"v": None}, {"v": "b"}).outcomes

    assert (outcome.act, outcome.value) == (Act.TO_INTACCT, "b")


def test_a_row_that_was_changed_begins_anew():
    rule = names(conflict=Conflict.ASK)
    accepted = one(rule, {"v": "a"}, {"v": "a"}).accepted
    other = replace(rule, blank=Blank.CLEAR)

    [outcome] = one(other, {"v": "b"}, {"v": "a"}, accepted=accepted).outcomes

    assert outcome.act is Act.HELD


def test_several_values_may_mean_one_and_rest():
    rule = FieldRule("TIER", "Level", Sync.BOTH, words=WORDS)

    [outcome] = one(rule, {"v": "Gold"}, {"v": "Platinum"}).outcomes

    assert outcome.act is Act.SAME


def test_a_value_that_does_not_fit_is_refused_and_the_others_go_on():
    rules = (names(Sync.FROM), FieldRule("LIMIT", "Limit"))
    intacct = {"NAME": "x" * 31, "LIMIT": Decimal("5")}

    found = reconcile(rules, SHAPES, intacct, {"Name": "y", "Limit": None})

    assert found.writes(Side.SALESFORCE) == {"Limit": Decimal("5.00")}
    assert found.problems.keys() == {"NAME~Name"}


def test_a_field_that_is_set_once_is_given_to_a_new_record_only():
    fixed = Shapes({"ID": a_field("ID")}, {"Id": a_field("Id", updatable=False)})
    rule = FieldRule("ID", "Id")

    assert reconcile((rule,), fixed, {"ID": "C1"}, None).writes(Side.SALESFORCE) == {"Id": "C1"}
    [there] = reconcile((rule,), fixed, {"ID": "C1"}, {"Id": "C2"}).outcomes
    assert there.act is Act.REFUSED


def test_a_broken_row_is_refused_with_its_reason():
    why = Text("Gone.")

    found = one(names(), {"v": "a"}, {"v": "b"}, broken={"NAME~Name": why})

    assert found.problems == {"NAME~Name": why}
    assert found.accepted == {}


def test_what_is_read_and_looked_up_is_what_active_rows_name():
    term = FieldRule("TERM", "Term", lookup="Term__c")
    rules = (names(), term, FieldRule("VIP", "Vip", active=False), FieldRule("X", "Y"))

    assert fields_of(rules, SHAPES, Side.INTACCT) == ("NAME", "TERM")
    assert lookups(rules, SHAPES, {"TERM": "Net 30"}, {"Term": "a01"}) == (
        {"Term__c": {"Net 30"}}, {},
    )  # fmt: skip
    known = References({"Term__c": {"Net 30": "a02"}})
    [found] = reconcile((term,), SHAPES, {"TERM": "Net 30"}, {"Term": "a01"}, references=known
                        ).outcomes  # fmt: skip
    assert (found.act, found.value) == (Act.TO_SALESFORCE, "a02")


@given(MAPS, INTACCT, INTACCT)
def test_the_hash_of_a_record_is_that_of_its_mapped_fields(rules, before, now):
    hashes = [
        content_hash(rules, SHAPES, Side.INTACCT, {**record, "OTHER": place})
        for place, record in enumerate((before, before, now))
    ]

    assert hashes[0] == hashes[1]
    agreed = reconcile(
        tuple(FieldRule(each, each) for each in before),
        Shapes(SHAPES.intacct, SHAPES.intacct),
        before,
        now,
    )
    same = {each.act for each in agreed.outcomes} <= {Act.SAME}
    assert (hashes[0] == hashes[2]) or not same
