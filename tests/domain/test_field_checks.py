"""What is wrong with a row of the field map: its fields, direction, partners and values."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.connectors.port import RemoteKind
from crmapp.domain.field_checks import Shapes, all_problems, cautions, problems
from crmapp.domain.field_rules import Blank, FieldRule, Side, Sync
from tests.support.field_map import a_field, rule_of, shapes

WRITTEN = {Sync.FROM: {Side.SALESFORCE}, Sync.TO: {Side.INTACCT}, Sync.BOTH: set(Side)}


def wrong(intacct, salesforce, **more):
    """Return what is wrong with a row of these two fields alone, as sentences."""
    found = problems(rule_of(intacct, salesforce, **more), [], shapes(intacct, salesforce))
    return {name: str(text) for name, text in found.items()}


@pytest.mark.parametrize(
    "one, other",
    [
        ("text", "text"), ("integer", "number"), ("money", "number"), ("email", "text"),
        ("date", "date"), ("yes_no", "yes_no"), ("percent", "percent"), ("url", "long_text"),
        ("date", "date_time"), ("number", "text"), ("text", "email"),
    ],
)  # fmt: skip
def test_fields_of_kinds_that_agree_may_be_mapped(one, other):
    assert wrong(a_field("I", one), a_field("S", other)) == {}


@pytest.mark.parametrize(
    "one, other, said",
    [
        ("text", "number", "S takes only numbers. Choose a number field in place of I."),
        ("money", "percent", "An amount is no percentage: choose a number field for I or for S."),
        ("text", "date", "S takes only dates. Choose a date field in place of I."),
        ("number", "yes_no", "S is a check box. Choose a check box or a pick list in place of I."),
        ("date", "pick_list",
         "S takes one value of its list. Choose a pick list or a text in place of I."),
        ("date", "email", "S takes only e-mail addresses. Choose a text field for I."),
        ("number", "reference",
         "S names another record. Choose a field that holds its Intacct ID in place of I."),
    ],
)  # fmt: skip
def test_fields_of_kinds_that_do_not_agree_are_refused_with_what_to_do(one, other, said):
    assert wrong(a_field("I", one), a_field("S", other))["intacct"] == said


def test_a_compound_field_is_mapped_by_its_parts():
    address = a_field("Billing", "address", updatable=False)

    found = wrong(a_field("I"), address)

    assert (
        found["salesforce"] == "Billing is put together from its parts. Map its parts one by one."
    )


@pytest.mark.parametrize("sync", list(Sync))
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("closed", [{"updatable": False}, {"calculated": True}])
def test_a_field_that_cannot_be_written_is_only_read(sync, side, closed):
    fields = {each: a_field(each[0], **(closed if each is side else {})) for each in Side}

    found = wrong(fields[Side.INTACCT], fields[Side.SALESFORCE], sync=sync)

    assert set(found) == ({side} if side in WRITTEN[sync] else set())


def test_what_loses_its_time_goes_one_way_only():
    moment, day = a_field("I", "date_time"), a_field("S", "date")

    assert wrong(moment, day) == {}
    assert set(wrong(moment, day, sync=Sync.BOTH)) == {"sync"}


def test_a_required_field_is_not_emptied():
    needed = a_field("S", required=True)

    assert wrong(a_field("I"), needed) == {}
    assert set(wrong(a_field("I"), needed, blank=Blank.CLEAR)) == {"blank"}


@pytest.mark.parametrize("lookup, found", [("", {"lookup"}), ("User", {"lookup"}), ("Term", set())])
def test_a_reference_needs_an_object_that_it_refers_to(lookup, found):
    term = a_field("S", "reference", refers_to=("Term",))

    assert set(wrong(a_field("I"), term, lookup=lookup)) == found


def test_every_value_of_a_list_has_to_mean_one_of_the_other():
    tier = a_field("I", "pick_list", "gold", "Bronze", "Tin")
    level = a_field("S", "pick_list", "Gold", "Silver")

    assert wrong(tier, level)["words"] == "Say which value of S is meant by: Bronze, Tin."
    meant = {Side.SALESFORCE: {"Bronze": "Silver", "Tin": ""}}
    assert wrong(tier, level, words=meant) == {}


def test_a_value_may_not_mean_one_that_is_not_there():
    tier, level = a_field("I", "pick_list", "A"), a_field("S", "pick_list", "Gold")
    meant = {Side.SALESFORCE: {"A": "Platinum"}}

    found = wrong(tier, level, words=meant)["words"]

    assert found == "S does not have the values: Platinum. Choose others."


def test_both_directions_need_their_values():
    tier = a_field("I", "pick_list", "Gold")
    level = a_field("S", "pick_list", "Gold", "Silver")

    assert wrong(tier, level) == {}
    assert set(wrong(tier, level, sync=Sync.BOTH)) == {"words"}


def test_a_check_box_meets_a_pick_list_by_its_words():
    box, answer = a_field("I", "yes_no"), a_field("S", "pick_list", "Yes", "No")
    meant = {
        Side.SALESFORCE: {"true": "Yes", "false": "No"},
        Side.INTACCT: {"Yes": "true", "No": "false"},
    }

    assert wrong(box, answer, sync=Sync.BOTH, words=meant) == {}
    assert set(wrong(box, answer)) == {"words"}


def test_a_field_that_is_gone_is_named_unless_the_row_is_inactive():
    rule = FieldRule("GONE", "S")
    known = Shapes({}, {"S": a_field("S")})

    assert "has no field GONE" in str(problems(rule, [], known)["intacct"])
    assert problems(FieldRule("GONE", "S", active=False), [], known) == {}


def test_a_standard_row_waits_for_its_field():
    assert problems(FieldRule("I", "S", code="terms"), [], Shapes()) == {}


def test_what_will_be_refused_or_rounded_is_said():
    name, short = a_field("I", length=100), a_field("S", length=40)
    known = shapes(name, short)

    [said] = cautions(rule_of(name, short), known)

    assert str(said) == "S takes 40 characters: a longer value is refused."


FIELDS = {name: a_field(name) for name in "abc"}
KNOWN = Shapes(FIELDS, FIELDS)
ROWS = st.builds(
    FieldRule,
    st.sampled_from("abc"),
    st.sampled_from("abc"),
    st.sampled_from(list(Sync)),
    active=st.booleans(),
)


@given(st.lists(ROWS, max_size=5).map(tuple))
def test_a_map_without_problems_is_one_to_one_in_each_direction(rules):
    if all_problems(rules, KNOWN):
        return
    for one, other in combinations([each for each in rules if each.active], 2):
        meet = Sync.BOTH in (one.sync, other.sync) or one.sync is other.sync
        assert not meet or (one.intacct != other.intacct and one.salesforce != other.salesforce)


@given(st.lists(ROWS, max_size=5, unique_by=lambda rule: rule.key).map(tuple))
def test_a_map_that_is_one_to_one_has_no_problems(rules):
    active = [each for each in rules if each.active]
    names = [[each.name(side) for each in active] for side in Side]
    if all(len(set(each)) == len(each) for each in names):
        assert all_problems(rules, KNOWN) == {}


@given(st.sampled_from(list(RemoteKind)), st.sampled_from(list(RemoteKind)), st.sampled_from(Sync))
def test_every_pair_of_kinds_is_taken_or_refused_with_a_whole_sentence(one, other, sync):
    found = wrong(a_field("I", one), a_field("S", other), sync=sync)

    assert all(text.endswith(".") and "%(" not in text for text in found.values())
