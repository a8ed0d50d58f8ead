"""Whatever rows say and records hold: what was written rests, and broken attempts are made good."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from crmapp.domain.field_rules import Blank, Conflict, Sync
from tests.support.account_merge import (
    BOTH,
    EMAIL,
    HERE,
    ID,
    INTACCT,
    NAME,
    PARTIES,
    PHONE,
    SALESFORCE,
    STREET,
    TERRITORY,
    TIER,
    World,
    after,
    final,
    merged,
    writes,
)  # fmt: skip

SYNCS, CONFLICTS, BLANKS = (st.sampled_from(each) for each in (Sync, Conflict, Blank))
MAPS = st.tuples(st.just(ID), *[
    st.builds(replace, st.just(rule), sync=SYNCS, conflict=CONFLICTS, blank=BLANKS)
    for rule in (NAME, PHONE, EMAIL, STREET, TERRITORY, TIER)
])  # fmt: skip
# A row from Intacct that empties does so with what a new customer cannot take, once it is there.
BEGUN = MAPS.map(lambda rules: tuple(
    replace(rule, blank=Blank.LEAVE) if rule.sync is Sync.FROM else rule for rule in rules
))  # fmt: skip
EMPTY = st.none()
WORD = st.sampled_from(["a", "b", "c"])
NUMBERS = EMPTY | st.sampled_from(["111", "222", "333", "12"])
MAILS = EMPTY | st.sampled_from(["a@b.cc", "b@b.cc", "odd"])
LINES = EMPTY | st.sampled_from(["a b", "a\nb", "a, b", "c", "much too long"])
INTACCTS = st.fixed_dictionaries({
    "CUSTOMERID": st.just("C1"), "NAME": WORD, "PHONE1": NUMBERS, "EMAIL1": MAILS,
    "ADDRESS1": LINES, "TERRITORYID": EMPTY | st.sampled_from(["E", "W", "unknown"]),
    "TIER": EMPTY | st.sampled_from(["Gold", "Tin"]),
})  # fmt: skip
SALESFORCES = st.fixed_dictionaries({
    "Intacct_ID": EMPTY, "Name": WORD, "Phone": NUMBERS, "Email": MAILS, "BillingStreet": LINES,
    "Territory": EMPTY | st.sampled_from(["a0E", "a0W", "a0X"]),
    "Level": EMPTY | st.sampled_from(["Gold", "Platinum", "Silver"]),
})  # fmt: skip
HERES = st.fixed_dictionaries({
    "number": st.just("C1"), "name": WORD, "phone": NUMBERS,
    "email": EMPTY | st.sampled_from(["a@b.cc", "b@b.cc"]),
    "billing_street": EMPTY | st.sampled_from(["a b", "a, b", "c", "much too long"]),
    "territory": EMPTY | st.sampled_from(["east", "west", "own"]),
})  # fmt: skip
WORLDS = st.fixed_dictionaries(
    {HERE: HERES, INTACCT: EMPTY | INTACCTS, SALESFORCE: EMPTY | SALESFORCES}
)
FULL = st.fixed_dictionaries({HERE: HERES, INTACCT: INTACCTS, SALESFORCE: SALESFORCES})
WRITTEN = st.sets(st.sampled_from(PARTIES))


@given(BEGUN, WORLDS, st.sampled_from([frozenset(), BOTH]))
def test_what_was_written_is_not_written_again(rules, world, create):
    first = merged(rules, world, create=create)

    again = merged(rules, after(first, world, *PARTIES), kept=first.kept, create=create)

    assert writes(again) == []
    assert again.kept == first.kept
    assert json.loads(json.dumps([first.kept, first.sent])) == [first.kept, first.sent]


@given(MAPS, FULL, FULL)
def test_changes_on_any_side_come_to_rest(rules, world, later):
    before = merged(rules, world)
    second = merged(rules, later, kept=before.kept)

    again = merged(rules, after(second, later, *PARTIES), kept=second.kept)

    assert writes(again) == []
    assert again.kept == second.kept


def spelled(world: World) -> World:
    """Return the records without what tells "a, b" from two lines: one text in three fields."""
    return {
        party: {name: value and re.sub(r"[\s,]+", " ", value) for name, value in record.items()}
        for party, record in world.items()
        if record
    }


@settings(max_examples=300)
@given(BEGUN, WORLDS, FULL, st.booleans(), st.lists(WRITTEN, min_size=1, max_size=3))
def test_attempts_that_broke_off_end_where_one_that_went_well_does(
    rules, world, later, fresh, attempts
):
    kept = {} if fresh else final(rules, world, {}, {})[1]
    begun = world if fresh else later
    wanted = final(rules, begun, kept, {})

    world, sent = begun, {}
    for written in attempts:
        found = merged(rules, world, kept=kept, sent=sent, create=BOTH)
        world, sent = after(found, world, *written), found.sent

    assert spelled(final(rules, world, kept, sent)[0]) == spelled(wanted[0])
