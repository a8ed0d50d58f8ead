"""What becomes of an account and its records elsewhere: who wins, what rests, what comes back."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.account_sync import Merged, merge
from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_rules import Blank, Conflict, FieldRule, Side, Sync
from crmapp.domain.field_values import References
from tests.support.field_map import a_field

SHAPES = Shapes(
    {each.name: each for each in (
        a_field("CUSTOMERID", length=20), a_field("NAME", required=True), a_field("PHONE1"),
        a_field("EMAIL1"), a_field("URL1"), a_field("ADDRESS1", length=12), a_field("TERRITORYID"),
        a_field("TIER", "pick_list", "Gold", "Tin"), a_field("VIP", "yes_no"),
    )},
    {each.name: each for each in (
        a_field("Intacct_ID"), a_field("Name", required=True, length=30), a_field("Phone"),
        a_field("Email"), a_field("Website"), a_field("BillingStreet", "long_text", length=12),
        a_field("Territory", "reference", refers_to=("Territory__c",)),
        a_field("Level", "pick_list", "Gold", "Platinum", "Silver"), a_field("Vip", "yes_no"),
    )},
)  # fmt: skip
WORDS = {
    Side.SALESFORCE: {"Tin": "Silver"},
    Side.INTACCT: {"Silver": "Tin", "Platinum": "Gold"},
}
ID = FieldRule("CUSTOMERID", "Intacct_ID", code="customer_id")
NAME = FieldRule("NAME", "Name", Sync.BOTH, code="name")
PHONE = FieldRule("PHONE1", "Phone", Sync.BOTH, code="phone")
EMAIL = FieldRule("EMAIL1", "Email", Sync.BOTH, code="email")
STREET = FieldRule("ADDRESS1", "BillingStreet", Sync.BOTH, code="street")
TERRITORY = FieldRule("TERRITORYID", "Territory", code="territory", lookup="Territory__c")
TIER = FieldRule("TIER", "Level", Sync.BOTH, words=WORDS)
REFERENCES = References({"Territory__c": {"E": "a0E", "W": "a0W"}})
CODES = {"territory": {"E": "east", "W": "west"}}
BOTH = frozenset(Side)
HERE, INTACCT, SALESFORCE = "here", "intacct", "salesforce"
PARTIES = (INTACCT, HERE, SALESFORCE)
FIELD_HERE = {"name": "name", "phone": "phone", "email": "email", "street": "billing_street",
              "website": "website", "territory": "territory"}  # fmt: skip

World = dict[str, dict | None]


def merged(rules: tuple[FieldRule, ...], world: World, **more) -> Merged:
    given = {"kept": {}, "sent": {}, "references": REFERENCES, "broken": {}, "codes": CODES}
    records = (world[HERE], world[INTACCT], world[SALESFORCE])
    return merge(rules, SHAPES, *records, **{**given, **more})


def after(found: Merged, world: World, *written: str) -> World:
    """Return the records once the parties ``written`` took what was decided."""
    return {
        party: {**(record or {}), **getattr(found, party)}
        if party in written and getattr(found, party)
        else record
        for party, record in world.items()
    }


def phones(intacct, here, salesforce) -> World:
    return {
        INTACCT: {"PHONE1": intacct}, HERE: {"phone": here}, SALESFORCE: {"Phone": salesforce}
    }  # fmt: skip


def said(world: World) -> tuple:
    """Return the phone numbers of Intacct, of the account and of Salesforce."""
    return (
        (world[INTACCT] or {}).get("PHONE1"),
        (world[HERE] or {}).get("phone"),
        (world[SALESFORCE] or {}).get("Phone"),
    )


def agreed(rule: FieldRule, value="111") -> dict:
    """Return what is kept after all were left with one phone number."""
    return merged((rule,), phones(value, value, value)).kept


def final(rules, world: World, kept, sent) -> tuple[World, dict]:
    """Merge and write until nothing is left to write."""
    for _round in range(4):
        found = merged(rules, world, kept=kept, sent=sent, create=BOTH)
        world, kept, sent = after(found, world, *PARTIES), found.kept, {}
        if not any((found.here, found.intacct, found.salesforce)):
            return world, kept
    raise AssertionError("it does not come to rest")


SYNCS, CONFLICTS, BLANKS = (st.sampled_from(each) for each in (Sync, Conflict, Blank))
MAPS = st.tuples(st.just(ID), *[
    st.builds(replace, st.just(rule), sync=SYNCS, conflict=CONFLICTS, blank=BLANKS)
    for rule in (NAME, PHONE, EMAIL, STREET, TERRITORY, TIER)
])  # fmt: skip
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


@given(MAPS, WORLDS, st.sampled_from([frozenset(), BOTH]))
def test_what_was_written_is_not_written_again(rules, world, create):
    first = merged(rules, world, create=create)

    again = merged(rules, after(first, world, *PARTIES), kept=first.kept, create=create)

    assert (again.here, again.intacct, again.salesforce) == ({}, {}, {})
    assert again.kept == first.kept
    assert json.loads(json.dumps([first.kept, first.sent])) == [first.kept, first.sent]


@given(MAPS, FULL, FULL)
def test_changes_on_any_side_come_to_rest(rules, world, later):
    before = merged(rules, world)
    second = merged(rules, later, kept=before.kept)

    again = merged(rules, after(second, later, *PARTIES), kept=second.kept)

    assert (again.here, again.intacct, again.salesforce) == ({}, {}, {})
    assert again.kept == second.kept


@given(MAPS, WORLDS, FULL, st.booleans(), st.lists(WRITTEN, min_size=1, max_size=3))
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

    assert final(rules, world, kept, sent) == wanted
