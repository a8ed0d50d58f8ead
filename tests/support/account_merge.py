"""An account, a customer and a Salesforce account, for tests of what they are left with."""

from __future__ import annotations

from typing import Any

from crmapp.domain.account_sync import Merged, merge
from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_rules import FieldRule, Side, Sync
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

World = dict[str, Any]


def merged(rules: tuple[FieldRule, ...], world: World, **more: Any) -> Merged:
    given = {
        "shapes": SHAPES,
        "kept": {},
        "sent": {},
        "references": REFERENCES,
        "broken": {},
        "codes": CODES,
    }
    records = (world[HERE], world[INTACCT], world[SALESFORCE])
    values = {**given, **more}
    return merge(rules, values.pop("shapes"), *records, **values)


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


def named(intacct, here, salesforce) -> World:
    return {INTACCT: {"NAME": intacct}, HERE: {"name": here}, SALESFORCE: {"Name": salesforce}}


def typed_in(world: World, party: str, value) -> World:
    """Return the records after somebody typed another phone number."""
    name = {INTACCT: "PHONE1", HERE: "phone", SALESFORCE: "Phone"}[party]
    return {**world, party: {**world[party], name: value}}


def writes(found: Merged) -> list[str]:
    """Return who is written."""
    return [party for party in PARTIES if getattr(found, party)]


def agreed(rule: FieldRule, value="111") -> dict:
    """Return what is kept after all were left with one phone number."""
    return merged((rule,), phones(value, value, value)).kept


def final(rules, world: World, kept, sent) -> tuple[World, dict]:
    """Merge and write until nothing is left to write."""
    for _round in range(4):
        found = merged(rules, world, kept=kept, sent=sent, create=BOTH)
        world, kept, sent = after(found, world, *PARTIES), found.kept, {}
        if not writes(found):
            return world, kept
    raise AssertionError("it does not come to rest")
