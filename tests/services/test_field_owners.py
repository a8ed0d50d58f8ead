"""Which fields of an account a CRM mapping keeps, of which source, and what people may change."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.ownership import Owner
from crmapp.errors import Conflict, Invalid
from crmapp.models import ExternalIdentity, FeedSource
from crmapp.services import accounts, crm_mappings, field_owners
from crmapp.services.field_owners import Keeper
from tests.factories import _kept
from tests.support.feeds import MAPPING, Erp, customer, feed, living, mapping, source

WIDE = FieldMapping(
    {"name": "name", "number": "code", "phone": "phone", "billing_city": "city"},
    fixed={"billing_country": "Poland"},
)


@pytest.fixture
def erp():
    return Erp([customer(1, city="Lyon"), customer(2, city="Reims")])


def ruled(make, *fed, name="Customers"):
    """A CRM mapping of sources, run once."""
    made = mapping(make, content=Content(fed), name=name)
    feed(make, made)
    return made


def first():
    return living(number="C1")[0]


def keepers():
    return field_owners.of(first().id)


def test_what_a_source_keeps_is_locked_its_fixed_values_as_well(make, erp):
    rule = ruled(make, FedBy(source(make, erp), WIDE, {"phone": Owner.CRM}))

    names = {"name", "number", "billing_city", "billing_country"}
    assert keepers() == {name: Keeper("Our ERP", rule, True) for name in names}


@pytest.mark.parametrize(
    "owner, locked",
    [(Owner.ERP, True), (Owner.NEWEST, False), (Owner.CRM, None), (Owner.BLANK, None)],
)
def test_each_rule_says_whether_people_may_change_a_field(make, erp, owner, locked):
    ruled(make, FedBy(source(make, erp), WIDE, {"phone": owner}))

    keeper = keepers().get("phone")

    assert (keeper and keeper.locked) == locked


def test_nobody_keeps_the_fields_of_an_account_that_no_source_knows(make, erp):
    ruled(make, FedBy(source(make, erp), WIDE))
    mine, elsewhere = make.account("Mine"), make.account("Elsewhere")
    make.customer(elsewhere, "K1")

    assert [field_owners.of(each.id) for each in (mine, elsewhere)] == [{}, {}]


def test_what_a_source_calls_something_else_by_is_no_link_to_a_customer(make, erp):
    source_id = source(make, erp)
    ruled(make, FedBy(source_id, WIDE))
    account = make.account("A vendor")
    known = {"system": f"feed:{source_id}", "object": "vendor", "external_id": "V1"}
    _kept(ExternalIdentity(**known, account_id=account.id))

    assert field_owners.of(account.id) == {}


def test_a_mapping_that_rests_keeps_nothing(make, erp):
    rule = ruled(make, FedBy(source(make, erp), WIDE))

    crm_mappings.schedule(rule, kind="never", active=False, by=make.alice)

    assert keepers() == {}


def test_a_source_that_is_retired_keeps_nothing(make, erp):
    ruled(make, FedBy(source(make, erp), WIDE))

    with unit_of_work():
        session.execute(update(FeedSource).values(retired_at=utcnow()))

    assert keepers() == {}


def test_of_several_sources_the_one_furthest_left_counts_that_knows_the_account(make):
    left, right = Erp([customer(1)]), Erp([customer(1), customer(2)])
    sources = [source(make, left, "Left"), source(make, right, "Right")]
    ruled(make, FedBy(sources[0], MAPPING, {"phone": Owner.CRM}), FedBy(sources[1], MAPPING))

    one, two = (field_owners.of(account.id) for account in living())

    assert {keeper.source for keeper in one.values()} == {"Left"}
    assert "phone" not in one
    assert two["phone"].source == "Right"


def test_of_several_mappings_each_keeps_its_fields_and_a_lock_counts_first(make, erp):
    city = FieldMapping({"name": "name", "number": "code", "billing_city": "city"})
    ruled(make, FedBy(source(make, erp, "A"), MAPPING, {"name": Owner.NEWEST}), name="A")
    ruled(make, FedBy(source(make, erp, "B"), city), name="B")

    found = {name: keeper.source for name, keeper in keepers().items()}

    assert found == {"name": "B", "number": "A", "phone": "A", "billing_city": "B"}


def test_a_rule_that_was_changed_counts_at_once(make, erp):
    source_id = source(make, erp)
    rule = ruled(make, FedBy(source_id, WIDE))
    before = keepers()
    content = Content((FedBy(source_id, WIDE, {"phone": Owner.CRM}),))

    crm_mappings.save(rule, "Customers", content, version=1, by=make.alice)

    assert "phone" in before
    assert "phone" not in keepers()


# --- what people may change -------------------------------------------------------------------


@pytest.fixture
def fed(make, erp):
    """The account of a customer whose phone is the source's, and whose fax is anybody's."""
    ruled(make, FedBy(source(make, erp), WIDE))
    return first()


def changed(make, account, version=None, **typed):
    accounts.update(account.id, typed, version or account.version, by=make.alice)
    return first()


def test_what_a_source_keeps_is_refused_by_its_name_and_nothing_is_saved(make, fed):
    with pytest.raises(Invalid) as invalid:
        changed(make, fed, phone="999", fax="111", billing_country="France")

    assert invalid.value.fields.keys() == {"phone", "billing_country"}
    assert "“Our ERP” keeps this field" in str(invalid.value.fields["phone"])
    assert first().fax is None


def test_other_fields_are_saved_and_a_person_may_deactivate(make, fed):
    after = changed(make, fed, fax="111", active="")

    assert (after.fax, after.active) == ("111", False)


def test_whether_it_is_active_is_locked_where_a_source_says_it(make, erp):
    active = FieldMapping({"name": "name", "number": "code"}, fixed={"active": "yes"})
    ruled(make, FedBy(source(make, erp), active))

    with pytest.raises(Invalid):
        changed(make, first(), active="")

    assert first().active


def test_what_she_sends_as_she_saw_it_is_no_change(make, fed):
    after = changed(make, fed, phone="555 123", fax="111")

    assert (after.phone, after.fax) == ("555 123", "111")


def test_what_the_source_changed_since_she_looked_is_none_of_her_business(make, erp, fed):
    version, rule = fed.version, keepers()["phone"].mapping_id
    erp.rows[0] = customer(1, city="Lyon", phone="777")
    feed(make, rule)

    after = changed(make, fed, version=version, phone="555 123", fax="111")

    assert (after.phone, after.fax) == ("777", "111")


def test_what_she_changed_is_refused_even_if_the_source_was_quicker(make, erp, fed):
    version, rule = fed.version, keepers()["phone"].mapping_id
    erp.rows[0] = customer(1, city="Lyon", phone="777")
    feed(make, rule)

    with pytest.raises(Invalid):
        changed(make, fed, version=version, phone="999")

    assert first().phone == "777"


def test_two_people_still_conflict_in_a_field_that_is_theirs(make, fed):
    version = fed.version
    changed(make, fed, fax="111")

    with pytest.raises(Conflict):
        changed(make, fed, version=version, fax="222", phone="555 123")


def test_an_account_is_not_restored_without_a_number_that_a_source_keeps(make, fed):
    accounts.delete(fed.id, by=make.alice)
    make.account("Has it now", number="C1")

    with pytest.raises(Invalid) as invalid:
        accounts.restore(fed.id, by=make.alice, without_number=True)

    assert "Our ERP" in str(invalid.value.fields["number"])


def test_an_account_may_be_made_by_hand_before_the_source_has_it(make, fed):
    made = accounts.create({"name": "Cogs", "number": "C7", "phone": "333 333"}, by=make.alice)

    assert field_owners.of(made) == {}
