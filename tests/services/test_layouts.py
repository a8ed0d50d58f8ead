"""Layouts in force: for whom, when fields count, and what is refused."""

from __future__ import annotations

import pytest

from crmapp.domain.conditions import Condition, Operator
from crmapp.domain.layouts import MORE
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.i18n import Text
from crmapp.models import Account
from crmapp.services import (
    accounts,
    bulk_edits,
    fields,
    layout_edits,
    layout_faults,
    layout_story,
    layouts,
    pick_list_values,
    required_fields,
)
from tests.support.bulk import carry_out, plan, take_back, those

PARTNER = Condition("account_type", Operator.ANY, ("partner",))


def show_if(make, name, condition, **more):
    layout_edits.show_field_if(name, condition, seen=layout_edits.version(), by=make.alice, **more)


def section_if(make, audience, key, condition):
    seen = layout_edits.version()
    layout_edits.show_section_if(audience, key, condition, seen=seen, by=make.alice)


def add_section(make, audience, name, **typed):
    seen, typed = layout_edits.version(), {"name": name, **typed}
    return layout_edits.save_section(audience, None, typed, seen=seen, by=make.alice)


def put(make, audience, names, key):
    seen = layout_edits.version()
    layout_edits.put(audience, names, key, seen=seen, by=make.alice)


def hide(make, audience, *names, again=False):
    seen = layout_edits.version()
    layout_edits.hide(audience, names, seen=seen, by=make.alice, again=again)


def met(audience):
    return {
        spec.name for _section, specs in layouts.sections(layouts.of(audience)) for spec in specs
    }


def test_a_role_without_a_layout_of_its_own_has_everyones(make):
    hide(make, "everyone", "fax")
    hide(make, "rep", "email")

    assert met("viewer") == fields.of("account").keys() - {"fax"}
    assert met("rep") == fields.of("account").keys() - {"fax", "email"}


def test_a_field_that_is_made_later_lies_under_more(make):
    hide(make, "everyone", "fax")
    make.field("Zone")

    more = next(specs for each, specs in layouts.sections(layouts.of("rep")) if each.key == MORE)

    assert "c_zone" in {spec.name for spec in more}


def test_a_retired_field_comes_back_to_its_place(make):
    make.field("Zone")
    key = add_section(make, "everyone", "Delivery")
    put(make, "everyone", ["c_zone"], key)
    make.field("Zone", retired=True)
    hide(make, "everyone", "fax")

    make.field("Zone")

    assert layout_edits.section("everyone", key, by=make.alice).fields == ("c_zone",)


def test_a_required_field_cannot_be_hidden(make):
    with pytest.raises(Invalid) as refused:
        hide(make, "rep", "phone", "name")

    said = refused.value.fields[""]
    assert (said.text, said.params) == (layout_edits.ALWAYS_SHOWN, {"fields": [Text("Name")]})
    assert met("rep") >= {"phone", "name"}


def test_a_hidden_field_that_becomes_required_is_met_again(make):
    hide(make, "rep", "phone")

    required_fields.choose(["phone"], by=make.alice)

    assert "phone" in met("rep")


def test_reset_gives_the_layout_up_and_restore_brings_it_back(make):
    hide(make, "rep", "fax")
    version = layout_edits.version()

    layout_edits.reset("rep", seen=version, by=make.alice)

    assert "fax" in met("rep")
    layout_edits.restore(version, seen=layout_edits.version(), by=make.alice)
    assert "fax" not in met("rep")


def test_the_story_says_what_was_changed_and_by_whom(make):
    hide(make, "rep", "fax")
    add_section(make, "rep", "Delivery")
    show_if(make, "fax", PARTNER)

    story = layout_story.told(by=make.alice)

    assert [step.version.by.name for step in story] == ["Alice"] * 3
    assert [[str(change.text) for change in step.changes] for step in story] == [
        ["“%(name)s” counts under another condition"],
        ["%(who)s: %(change)s"],
        ["%(who)s: a layout of its own", "%(who)s: %(change)s"],
    ]


def test_who_saw_another_version_is_told(make):
    hide(make, "rep", "fax")

    with pytest.raises(Conflict):
        layout_edits.hide("rep", ["email"], seen=0, by=make.alice)


@pytest.mark.parametrize("who", ["ivan", "mona", "bob", "carol"])
def test_only_who_may_change_the_settings_arranges(make, who):
    with pytest.raises(Forbidden):
        layout_edits.hide("rep", ["fax"], seen=0, by=getattr(make, who))


def test_there_is_no_layout_for_nobody(make):
    with pytest.raises(NotFound):
        hide(make, "everybody", "fax")


def test_more_stays_on_the_details_for_every_account(make):
    seen = layout_edits.version()

    with pytest.raises(Invalid):
        layout_edits.remove_section("rep", MORE, seen=seen, by=make.alice)
    with pytest.raises(Invalid):
        section_if(make, "rep", MORE, PARTNER)


def test_names_are_needed_once_and_fill_the_other_language(make):
    key = add_section(make, "rep", "", name_fr="Livraison")

    found = layout_edits.section("rep", key, by=make.alice)

    assert (found.name, found.name_fr) == ("Livraison", "Livraison")
    with pytest.raises(Invalid):
        add_section(make, "rep", "livraison")
    with pytest.raises(Invalid):
        add_section(make, "rep", " ")
    with pytest.raises(Invalid):
        add_section(make, "rep", "x" * 61)


# --- when fields count ------------------------------------------------------------------------


def test_a_required_field_that_does_not_count_is_not_required(make):
    required_fields.choose(["tax_id"], by=make.alice)
    show_if(make, "tax_id", PARTNER)

    made = accounts.create({"name": "Acme", "account_type": "prospect"}, by=make.bob)

    assert make.again(Account, made).tax_id is None
    with pytest.raises(Invalid) as refused:
        accounts.create({"name": "Acme 2", "account_type": "partner"}, by=make.bob)
    assert [*refused.value.fields] == ["tax_id"]


def test_what_decides_may_be_what_the_account_holds(make):
    required_fields.choose(["tax_id"], by=make.alice)
    show_if(make, "tax_id", PARTNER)
    partner = make.account("Acme", account_type="partner", tax_id="1")
    other = make.account("Acme 2", account_type="prospect", tax_id="2")

    accounts.update(other.id, {"tax_id": ""}, 1, by=make.bob)

    with pytest.raises(Invalid):
        accounts.update(partner.id, {"tax_id": ""}, 1, by=make.bob)


def test_many_accounts_lose_a_required_value_only_where_it_does_not_count(make):
    required_fields.choose(["tax_id"], by=make.alice)
    show_if(make, "tax_id", PARTNER)
    partner = make.account("Partner", account_type="partner", tax_id="1")
    other = make.account("Other", account_type="prospect", tax_id="2")
    bare = make.account("Bare", account_type="prospect")

    empty = bulk_edits.setting("tax_id", "", empty=True, by=make.mona)
    done = carry_out(plan(those(partner, other, bare), empty, make.mona), make.mona)

    assert done.counts == {"rejected": 1, "update": 1, "unchanged": 1}
    assert make.again(Account, partner.id).tax_id == "1"
    assert make.again(Account, other.id).tax_id is None
    take_back(done, make.mona)
    assert make.again(Account, other.id).tax_id == "2"


def test_a_field_of_ones_own_decides_what_many_accounts_may_lose(make):
    name = make.field("Key account", kind="yes_no").name
    required_fields.choose(["tax_id"], by=make.alice)
    show_if(make, "tax_id", Condition(name, Operator.YES))
    key = make.account("Key", custom={name: True}, tax_id="1")
    other = make.account("Other", tax_id="2")

    empty = bulk_edits.setting("tax_id", "", empty=True, by=make.mona)
    planned = plan(those(key, other), empty, make.mona)

    assert planned.counts == {"rejected": 1, "update": 1}


def test_a_value_in_a_field_that_does_not_count_is_kept(make):
    show_if(make, "fax", PARTNER)

    made = accounts.create({"name": "Acme", "fax": "+43 1 5550100"}, by=make.bob)

    assert make.again(Account, made).fax == "+43 1 5550100"


def test_a_section_counts_for_the_role_whose_layout_has_it(make):
    required_fields.choose(["tax_id"], by=make.alice)
    key = add_section(make, "rep", "Partners")
    put(make, "rep", ["tax_id"], key)
    section_if(make, "rep", key, PARTNER)

    accounts.create({"name": "Acme"}, by=make.bob)

    with pytest.raises(Invalid):
        accounts.create({"name": "Acme 2"}, by=make.mona)


def test_a_circle_is_refused_wherever_it_would_close(make):
    key = add_section(make, "rep", "Partners")
    section_if(make, "rep", key, PARTNER)
    show_if(make, "account_type", Condition("fax", Operator.FILLED))

    with pytest.raises(Invalid):
        put(make, "rep", ["fax"], key)
    with pytest.raises(Invalid):
        show_if(make, "fax", PARTNER)
    with pytest.raises(Invalid):
        show_if(make, "fax", Condition("fax", Operator.FILLED))


@pytest.mark.parametrize(
    "condition, field",
    [
        (Condition("c_none", Operator.FILLED), "field"),
        (Condition("fax", Operator.CONTAINS, ("x",)), "operator"),
        (Condition("account_type", Operator.ANY), "values"),
        (Condition("account_type", Operator.ANY, ("x" * 300,)), "values"),
    ],
)
def test_what_no_form_asks_is_refused_at_its_field(make, condition, field):
    with pytest.raises(Invalid) as refused:
        show_if(make, "email", condition)

    assert [*refused.value.fields] == [field]


def test_a_condition_on_a_retired_field_does_not_hold_and_is_named(make):
    make.field("Zone")
    show_if(make, "fax", Condition("c_zone", Operator.FILLED))
    make.field("Zone", retired=True)
    account = make.account("Acme", custom={"c_zone": "north"})

    assert layouts.left_out_of(account, by=make.bob) == {"fax"}
    (fault,) = layout_faults.all_of(by=make.alice)
    assert (fault.field, fault.text.text) == ("fax", layout_faults.RETIRED)


def test_a_value_that_is_gone_from_its_list_is_named(make):
    show_if(make, "fax", PARTNER)
    value = next(
        each
        for each in pick_list_values.of("account_type", by=make.alice)
        if each.code == "partner"
    )

    pick_list_values.delete("account_type", value.id, by=make.alice)

    (fault,) = layout_faults.all_of(by=make.alice)
    assert fault.text.params == {"values": ["partner"]}
    assert layouts.left_out_of(make.account("Acme"), by=make.bob) == {"fax"}
