"""What becomes of an account and its records elsewhere: who wins, what is held, what comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain import account_sync
from crmapp.domain.account_sync import fields_here
from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_rules import Blank, Conflict, FieldRule, Side, Sync
from crmapp.domain.field_sync import Act
from crmapp.i18n import Text
from tests.support.account_merge import (
    BOTH,
    CODES,
    EMAIL,
    HERE,
    ID,
    INTACCT,
    NAME,
    PARTIES,
    PHONE,
    SALESFORCE,
    SHAPES,
    STREET,
    TERRITORY,
    TIER,
    World,
    after,
    agreed,
    merged,
    named,
    phones,
    said,
    typed_in,
    writes,
)  # fmt: skip
from tests.support.field_map import a_field

WRITTEN = st.sets(st.sampled_from(PARTIES))


@pytest.mark.parametrize("conflict", list(Conflict))
@given(
    typed=st.sampled_from(PARTIES), again=st.sampled_from(PARTIES), back=st.booleans(),
    attempts=st.lists(WRITTEN, min_size=1, max_size=3),
)  # fmt: skip
def test_only_what_somebody_typed_wins_over_what_is_typed_later(
    conflict, typed, again, back, attempts
):
    rule = replace(PHONE, conflict=conflict)
    kept, sent, world = agreed(rule), {}, typed_in(phones("111", "111", "111"), typed, "222")
    for written in attempts:
        found = merged((rule,), world, kept=kept, sent=sent)
        world, sent = after(found, world, *written), found.sent
    last = "111" if back and again == typed else "333"

    world = typed_in(world, again, last)
    found = merged((rule,), world, kept=kept, sent=sent)

    if again == typed:
        assert said(after(found, world, *PARTIES)) == (last,) * 3
    elif conflict is Conflict.ASK:
        assert (found.problems.keys(), writes(found)) == ({rule.key}, [])
    else:
        order = PARTIES if conflict is Conflict.INTACCT else PARTIES[::-1]
        first = "222" if order.index(typed) < order.index(again) else "333"
        assert said(after(found, world, *PARTIES)) == (first,) * 3


@pytest.mark.parametrize("conflict", list(Conflict))
def test_what_intacct_refused_gives_way_to_what_is_typed_next(conflict):
    rule = replace(PHONE, conflict=conflict)
    world = phones("111", "222", "111")
    first = merged((rule,), world, kept=agreed(rule))
    world = after(first, world, SALESFORCE)

    retried = merged((rule,), world, kept=agreed(rule), sent=first.sent)
    typed = merged((rule,), typed_in(world, HERE, "333"), kept=agreed(rule), sent=first.sent)

    assert (retried.intacct, writes(retried)) == ({"PHONE1": "222"}, [INTACCT])
    assert said(after(typed, typed_in(world, HERE, "333"), *PARTIES)) == ("333",) * 3


@pytest.mark.parametrize("written", [(), (HERE,), (SALESFORCE,), (HERE, SALESFORCE)])
def test_after_a_crash_the_same_is_left_to_do(written):
    world = phones("222", "111", "111")
    first = merged((PHONE,), world, kept=agreed(PHONE))

    again = merged((PHONE,), after(first, world, *written), kept=agreed(PHONE), sent=first.sent)

    assert sorted([*writes(again), *written]) == [HERE, SALESFORCE]
    assert again.kept == first.kept == agreed(PHONE, "222")


@pytest.mark.parametrize("source", PARTIES)
def test_who_changed_a_field_alone_is_right_for_both_others(source):
    world = typed_in(phones("111", "111", "111"), source, "222")

    found = merged((PHONE,), world, kept=agreed(PHONE))

    assert said(after(found, world, *PARTIES)) == ("222",) * 3
    assert sorted([source, *found.outcomes[0].written]) == sorted(PARTIES)


@pytest.mark.parametrize(
    "conflict, wanted",
    [(Conflict.INTACCT, "1"), (Conflict.SALESFORCE, "3"), (Conflict.ASK, None)],
)
@pytest.mark.parametrize("first_time", [True, False])
def test_where_several_changed_a_field_the_row_decides(conflict, wanted, first_time):
    rule = replace(PHONE, conflict=conflict)
    world = phones("1111", "2222", "3333")

    found = merged((rule,), world, kept={} if first_time else agreed(rule))

    after_it = said(after(found, world, *PARTIES))
    assert after_it == ((wanted * 4,) * 3 if wanted else ("1111", "2222", "3333"))
    assert bool(found.problems) is (wanted is None)


def test_what_was_entered_here_goes_before_salesforce_unless_salesforce_is_right():
    for conflict, wanted in ((Conflict.INTACCT, "222"), (Conflict.SALESFORCE, "333")):
        rule = replace(PHONE, conflict=conflict)
        found = merged((rule,), world := phones("111", "222", "333"), kept=agreed(rule))
        assert said(after(found, world, *PARTIES)) == (wanted,) * 3


def test_the_first_time_who_has_nothing_takes_what_another_has():
    found = merged((PHONE,), world := phones(None, None, "333"))

    assert said(after(found, world, *PARTIES)) == ("333",) * 3


@pytest.mark.parametrize("sync, wanted", [(Sync.FROM, "111"), (Sync.TO, "222")])
def test_a_row_of_one_direction_overwrites_the_other_side(sync, wanted):
    rule = replace(PHONE, sync=sync)
    world = phones("111", "222", "222")

    found = merged((rule,), world, kept=agreed(rule, "111" if sync is Sync.FROM else "222"))

    assert said(after(found, world, *PARTIES)) == (wanted,) * 3


def test_in_a_row_to_intacct_the_newer_of_here_and_salesforce_wins():
    rule = replace(PHONE, sync=Sync.TO)

    for world, wanted in (
        (phones("111", "222", "111"), "222"),
        (phones("111", "111", "333"), "333"),
        (phones("111", "222", "333"), "222"),
        (phones("333", "111", "111"), "111"),
    ):
        found = merged((rule,), world, kept=agreed(rule))
        assert said(after(found, world, *PARTIES)) == (wanted,) * 3
    held = merged((replace(rule, conflict=Conflict.ASK),), phones("111", "222", "333"))
    assert held.outcomes[0].act is Act.HELD


@pytest.mark.parametrize("blank, wanted", [(Blank.LEAVE, "111"), (Blank.CLEAR, None)])
def test_what_was_emptied_empties_the_others_only_if_the_row_says_so(blank, wanted):
    rule = replace(PHONE, blank=blank)

    found = merged((rule,), world := phones("111", None, "111"), kept=agreed(rule))
    again = merged((rule,), after(found, world, *PARTIES), kept=found.kept)

    assert said(after(found, world, *PARTIES)) == (wanted, None, wanted)
    assert writes(again) == []


def test_emptying_does_not_stop_what_was_on_its_way_to_the_others():
    world = phones("111", "222", "111")
    first = merged((PHONE,), world, kept=agreed(PHONE))
    world = typed_in(after(first, world, SALESFORCE), HERE, None)

    found = merged((PHONE,), world, kept=agreed(PHONE), sent=first.sent)

    assert said(after(found, world, *PARTIES)) == ("222", None, "222")


def test_a_name_is_never_emptied():
    rule = replace(NAME, blank=Blank.CLEAR)
    kept = merged((rule,), named("a", "a", "a")).kept

    found = merged((rule,), named(None, "a", "a"), kept=kept)

    assert (writes(found), found.problems) == ([], {})


def test_a_row_that_was_changed_begins_anew():
    rule = replace(PHONE, conflict=Conflict.SALESFORCE)

    found = merged((rule,), world := phones("222", "111", "111"), kept=agreed(PHONE))

    assert said(after(found, world, *PARTIES)) == ("111",) * 3


def test_a_value_that_is_too_long_is_not_cut_and_the_next_one_that_fits_goes():
    def streets(intacct, here, salesforce) -> World:
        return {
            INTACCT: {"ADDRESS1": intacct}, HERE: {"billing_street": here},
            SALESFORCE: {"BillingStreet": salesforce},
        }  # fmt: skip

    wide = Shapes(SHAPES.intacct, {**SHAPES.salesforce, "BillingStreet": a_field("BillingStreet")})
    kept = merged((STREET,), streets("a", "a", "a"), shapes=wide).kept
    first = merged((STREET,), streets("a", "much too long", "a"), kept=kept, shapes=wide)
    again = merged(
        (STREET,), streets("a", "much too long", "much too long"), kept=first.kept, shapes=wide
    )
    fits = merged((STREET,), streets("a", "short", "much too long"), kept=again.kept, shapes=wide)

    assert (writes(first), writes(again)) == ([SALESFORCE], [])
    assert first.problems.keys() == again.problems.keys() == {STREET.key}
    assert (fits.intacct, fits.salesforce) == (
        {"ADDRESS1": "short"}, {"BillingStreet": "short"},
    )  # fmt: skip
    assert fits.problems == {}


def test_what_the_account_does_not_take_is_not_written_here_but_goes_to_the_other_system():
    world = {
        HERE: {"email": "a@b.cc"}, INTACCT: {"EMAIL1": "odd"}, SALESFORCE: {"Email": "a@b.cc"}
    }  # fmt: skip
    kept = merged((EMAIL,), {**world, INTACCT: {"EMAIL1": "a@b.cc"}}).kept

    found = merged((EMAIL,), world, kept=kept)

    assert (found.here, found.salesforce) == ({}, {"Email": "odd"})
    assert found.problems[EMAIL.key].text.startswith("Enter a full address")


def test_a_web_address_does_not_echo_for_its_way_of_writing():
    rule = FieldRule("URL1", "Website", Sync.BOTH, code="website")
    world = {HERE: {"website": None}, INTACCT: {"URL1": "x.com"}, SALESFORCE: {"Website": None}}

    first = merged((rule,), world)
    again = merged((rule,), after(first, world, *PARTIES), kept=first.kept)

    assert (first.here, first.salesforce) == ({"website": "https://x.com"}, {"Website": "x.com"})
    assert writes(again) == []


def test_a_pick_list_is_written_here_by_the_id_in_intacct_and_never_guessed():
    def of(key) -> World:
        return {HERE: {"territory": None}, INTACCT: {"TERRITORYID": key}, SALESFORCE: {}}

    found, unknown = merged((TERRITORY,), of("W")), merged((TERRITORY,), of("west"))

    assert (found.here, found.salesforce) == ({"territory": "west"}, {"Territory": "a0W"})
    assert unknown.here == {}
    assert unknown.problems.keys() == {TERRITORY.key}


def test_a_pick_list_goes_to_intacct_by_its_id():
    rule = replace(TERRITORY, sync=Sync.BOTH)
    world = {HERE: {"territory": "west"}, INTACCT: {"TERRITORYID": None}, SALESFORCE: {}}

    found = merged((rule,), world)
    own = merged((rule,), {**world, HERE: {"territory": "own"}})

    assert (found.intacct, found.salesforce) == ({"TERRITORYID": "W"}, {"Territory": "a0W"})
    assert (writes(own), own.problems.keys()) == ([], {rule.key})


def test_new_records_begin_with_what_is_known_and_go_by_the_number():
    world = {HERE: {**named(0, "Ann", 0)[HERE], "number": "C1"}, INTACCT: None, SALESFORCE: None}
    rules = (ID, NAME, PHONE, TERRITORY)
    world[HERE] |= {"phone": None, "territory": "east"}

    found = merged(rules, world, create=BOTH)

    assert found.intacct == {"CUSTOMERID": "C1", "NAME": "Ann", "TERRITORYID": "E"}
    assert found.salesforce == {"Intacct_ID": "C1", "Name": "Ann", "Territory": "a0E"}
    assert (found.here, found.problems) == ({}, {})


def test_a_new_customer_gives_its_id_to_the_salesforce_account_that_is_there():
    world = {HERE: {"number": "C1"}, INTACCT: None, SALESFORCE: {"Intacct_ID": None}}

    found = merged((ID,), world, create=frozenset({Side.INTACCT}))

    assert (found.intacct, found.salesforce) == ({"CUSTOMERID": "C1"}, {"Intacct_ID": "C1"})


def test_a_new_customer_has_its_id_even_if_the_row_cannot_be_carried_over():
    world = {HERE: {"number": "C1"}, INTACCT: None, SALESFORCE: {"Intacct_ID": None}}
    why = Text("Gone.")

    found = merged((ID,), world, create=BOTH, broken={ID.key: why})

    assert (found.intacct, found.salesforce) == ({"CUSTOMERID": "C1"}, {})
    assert found.problems == {ID.key: why}


def test_a_side_that_is_left_out_gets_what_it_missed_when_it_is_back():
    without = {**phones("111", "222", "111"), INTACCT: None}
    first = merged((PHONE,), without, kept=agreed(PHONE))
    later = typed_in(after(first, without, *PARTIES), SALESFORCE, "333")
    second = merged((PHONE,), later, kept=first.kept)

    back = {**after(second, later, *PARTIES), INTACCT: {"PHONE1": "111"}}
    found = merged((PHONE,), back, kept=second.kept)

    assert writes(first) == [SALESFORCE]
    assert said(after(found, back, *PARTIES)) == ("333",) * 3


def test_a_broken_row_and_an_inactive_one_rest_and_keep_what_was_accepted():
    kept = agreed(PHONE)
    world = phones("111", "222", "111")
    why = Text("Gone.")

    broken = merged((PHONE,), world, kept=kept, broken={PHONE.key: why})
    off = merged((replace(PHONE, active=False),), world, kept=kept)

    assert (broken.problems, broken.kept, writes(broken)) == ({PHONE.key: why}, kept, [])
    assert (off.outcomes[0].act, off.kept, writes(off)) == (Act.OFF, kept, [])


def test_each_row_says_what_becomes_of_it_and_why():
    found = merged((ID, PHONE, TIER), phones("111", "222", "111"), kept=agreed(PHONE))

    assert [each.rule for each in found.outcomes] == [ID, PHONE, TIER]
    phone = found.outcomes[1]
    assert (phone.act, set(phone.written)) == (Act.TO_INTACCT, {INTACCT, SALESFORCE})
    assert str(phone.why) == "It was changed here only."


def test_what_is_read_here_and_looked_up_is_what_rows_name():
    rule = replace(TERRITORY, sync=Sync.BOTH)

    assert {"number", "name", "territory", "billing_street"} <= set(fields_here())
    assert account_sync.named(
        (rule,), SHAPES, {"territory": "west"}, {"TERRITORYID": "E"}, None, CODES
    ) == ({"Territory__c": {"E", "W"}}, {})


GONE = Text("The field is gone.")


@pytest.mark.parametrize("side, gone", [("intacct", "PHONE1"), ("salesforce", "Phone")])
@pytest.mark.parametrize("typed", [HERE, INTACCT, SALESFORCE, None])
def test_what_is_typed_while_a_field_of_its_row_is_gone_is_held(side, gone, typed):
    left = {name: each for name, each in getattr(SHAPES, side).items() if name != gone}
    shapes = replace(SHAPES, **{side: left})
    world = phones("111", "111", "111")
    world[side] = {}
    if typed is not None and typed != side:
        world = typed_in(world, typed, "222")
    kept = agreed(PHONE)

    found = merged((PHONE,), world, shapes=shapes, kept=kept, broken={PHONE.key: GONE})

    held = {PHONE.key: GONE} if typed not in (None, side) else {}
    assert (found.problems, found.kept, writes(found)) == (held, kept, [])


def test_who_did_not_take_a_value_before_its_field_was_gone_is_not_called_the_same():
    shapes = replace(
        SHAPES, salesforce={k: v for k, v in SHAPES.salesforce.items() if k != "Phone"}
    )
    kept = {PHONE.key: {**agreed(PHONE)[PHONE.key], "behind": ["salesforce"]}}
    world = phones("111", "111", None)

    found = merged((PHONE,), world, shapes=shapes, kept=kept, broken={PHONE.key: GONE})

    assert found.problems == {PHONE.key: GONE}


def test_a_row_that_never_worked_holds_nothing():
    shapes = replace(SHAPES, salesforce={})

    found = merged((PHONE,), phones("111", "222", None), shapes=shapes)

    assert found.problems == {}
