"""The connector against Tryton itself: what is done there is found by the next reading."""

from __future__ import annotations

import pytest

from crmapp.connectors.errors import (
    AuthFailed,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    WrongInstance,
)
from crmapp.connectors.port import RemoteKind
from crmapp.connectors.tryton.connector import connect
from crmapp.connectors.tryton.settings import TrytonSettings, reach
from tests.support.customers import company, party, sell
from tests.support.tryton import PASSWORD

PARTY = "party.party"


def all_of(tryton, *fields, cursor=None):
    """Return the records of a reading by id, and where the next one begins."""
    pages = list(tryton.read(PARTY, fields, cursor))
    return {int(row["id"]): row for page in pages for row in page.records}, pages[-1].cursor


def test_a_connection_says_who_it_is(looking):
    check = looking().check()

    assert (check.organisation[:3], check.user, check.version) == ("erp", "admin", "8.2")


def test_a_company_gives_its_name(tryton, erp):
    company(erp)

    assert tryton.check().organisation == "We ourselves"


def test_a_wrong_password_is_told(looking):
    with pytest.raises(AuthFailed):
        looking(password="wrong").check()


def test_a_database_that_is_not_there_is_told(looking):
    with pytest.raises(WrongInstance, match="no database none"):
        looking(database="none").check()


def test_a_database_that_the_server_has_not_loaded_is_told(looking, server):
    with pytest.raises(ConnectorError, match="Restart Tryton"):
        looking(database=server.copied().stem).check()


def test_a_party_is_described_with_its_addresses(looking):
    described = looking().describe(PARTY)

    assert described.label == "Party"
    assert [each.name for each in described.fields if each.kind is RemoteKind.ID] == ["id"]
    kinds = {each.name: each.kind for each in described.fields}
    assert kinds["delivery.city"] is RemoteKind.TEXT
    assert kinds["email"] is RemoteKind.EMAIL
    assert kinds["active"] is RemoteKind.YES_NO
    assert kinds["receivable"] is RemoteKind.MONEY
    assert not {"addresses", "categories"} & kinds.keys()


def test_every_field_of_a_party_can_be_read(looking):
    tryton = looking()
    described = tryton.describe(PARTY)
    names = [each.name for each in described.fields]
    paths = [each.name_path for each in described.fields if each.name_path]

    rows, _ = all_of(tryton, *names, *paths)

    assert [row.keys() for row in rows.values()] == [{*names, *paths}]


def test_what_is_offered_can_be_read(looking):
    tryton = looking()

    offered = [each.name for each in tryton.objects()]

    assert {"party.party", "party.address", "product.template", "sale.sale"} <= set(offered)
    for name in (name for name in offered if name.startswith(("party.", "product."))):
        described = tryton.describe(name)
        next(tryton.read(name, [each.name for each in described.fields]))


def test_a_customer_comes_with_the_first_address_of_each_use(tryton, erp):
    (country,) = erp.create("country.country", {"name": "France", "code": "FR"})
    (paris,) = erp.create(
        "country.subdivision",
        {"name": "Île-de-France", "code": "FR-IDF", "type": "region", "country": country},
    )
    addresses = [
        {"street": "1 quai Nord", "city": "Lyon", "postal_code": "69001", "delivery": True},
        {"street": "2 rue Est", "city": "Paris", "country": country, "invoice": True},
        {"street": "3 rue Sud", "city": "Nice", "invoice": True, "delivery": True},
    ]
    addresses[1]["subdivision"] = paris
    (id,) = erp.create(PARTY, party("Acme", addresses=[["create", addresses]]))

    rows, _ = all_of(
        tryton, "code", "name", "active", "replaced_by", "phone", "email", "fax", "tax_identifier",
        "address.street", "address.city", "address.country", "address.subdivision",
        "delivery.street", "delivery.postal_code", "delivery.country",
    )  # fmt: skip

    assert rows[id] == {
        "id": str(id), "code": "1", "name": "Acme", "active": True, "replaced_by": None,
        "phone": "+33142681000", "email": "acme@acme.example", "fax": None,
        "tax_identifier": "FR40303265045",
        "address.street": "2 rue Est", "address.city": "Paris", "address.country": "France",
        "address.subdivision": "Île-de-France",
        "delivery.street": "1 quai Nord", "delivery.postal_code": "69001",
        "delivery.country": None,
    }  # fmt: skip


def test_an_address_without_a_mark_serves_for_both(tryton, erp):
    (id,) = erp.create(PARTY, party("Acme", street="1 rue de la Paix"))

    rows, _ = all_of(tryton, "address.street", "delivery.street")

    assert rows[id]["address.street"] == rows[id]["delivery.street"] == "1 rue de la Paix"


@pytest.mark.parametrize(
    "beside,change,field,value",
    [
        ("addresses", {"city": "Lyon"}, "address.city", "Lyon"),
        ("addresses", {"active": False}, "address.city", None),
        ("contact_mechanisms", {"value": "+33472000000"}, "phone", "+33472000000"),
        ("contact_mechanisms", {"active": False}, "phone", None),
        ("identifiers", {"code": "FR83404833048"}, "tax_identifier", "FR83404833048"),
        ("identifiers", {"active": False}, "tax_identifier", None),
    ],
)
def test_a_change_beside_a_party_is_found_though_its_own_stamp_stays(
    tryton, erp, beside, change, field, value
):
    models = {
        "addresses": "party.address",
        "contact_mechanisms": "party.contact_mechanism",
        "identifiers": "party.identifier",
    }
    changed, _ = erp.create(PARTY, party("Acme"), party("Beta"))
    erp.let_time_pass()
    before, cursor = all_of(tryton, "last_modified_at", field)
    id = erp.read(PARTY, changed, beside)[beside][0]

    erp.write(models[beside], id, **change)

    rows, _ = all_of(tryton, "last_modified_at", field, cursor=cursor)
    assert rows.keys() == {changed}
    assert rows[changed][field] == value != before[changed][field]
    assert rows[changed]["last_modified_at"] == before[changed]["last_modified_at"]


def test_new_and_changed_parties_are_found(tryton, erp):
    renamed, _ = erp.create(PARTY, party("Acme"), party("Beta"))
    erp.let_time_pass()
    _, cursor = all_of(tryton, "name")

    (new,) = erp.create(PARTY, party("Gamma"))
    erp.write(PARTY, renamed, name="Acme SA")

    rows, _ = all_of(tryton, "name", cursor=cursor)
    assert {id: row["name"] for id, row in rows.items()} == {renamed: "Acme SA", new: "Gamma"}


def test_nothing_changed_is_an_empty_page_with_a_cursor(tryton, erp):
    erp.create(PARTY, party("Acme"))
    erp.let_time_pass()
    _, cursor = all_of(tryton, "name")

    rows, later = all_of(tryton, "name", cursor=cursor)

    assert rows == {}
    assert later["since"] >= cursor["since"]


def test_a_party_that_was_deactivated_is_found(tryton, erp):
    (id,) = erp.create(PARTY, party("Acme"))
    erp.let_time_pass()
    _, cursor = all_of(tryton, "name")

    erp.write(PARTY, id, active=False)

    rows, _ = all_of(tryton, "name", "active", cursor=cursor)
    assert rows[id] == {"id": str(id), "name": "Acme", "active": False}
    assert list(tryton.read_ids(PARTY)) == [[str(id)]]


def test_a_merge_shows_who_was_replaced_by_whom(tryton, erp):
    loser, winner, _ = erp.create(PARTY, party("Acme"), party("Acme SA"), party("Beta"))
    erp.let_time_pass()
    _, cursor = all_of(tryton, "name")

    erp.merge(loser, into=winner)

    rows, _ = all_of(tryton, "active", "replaced_by", "replaced_by.rec_name", cursor=cursor)
    assert rows.keys() == {loser, winner}
    assert rows[loser]["active"] is False
    assert rows[loser]["replaced_by"] == str(winner)
    assert rows[loser]["replaced_by.rec_name"] == "Acme SA"
    assert (rows[winner]["active"], rows[winner]["replaced_by"]) == (True, None)


def test_a_party_that_was_deleted_is_missing_among_the_ids(tryton, erp):
    kept, deleted = erp.create(PARTY, party("Acme"), party("Beta"))
    _, cursor = all_of(tryton, "name")

    erp.delete(PARTY, deleted)

    assert list(tryton.read_ids(PARTY)) == [[str(kept)]]
    assert all_of(tryton, "name", cursor=cursor)[0].keys() == {kept}
    assert tryton.count(PARTY) == 1


def test_a_thousand_parties_come_in_pages_and_a_killed_reading_goes_on(connected, erp):
    erp.fill([f"Customer {number:04}" for number in range(1000)])
    pages = connected(page=300).read(PARTY, ["name"])
    first, second = next(pages), next(pages)

    rest = list(connected(page=300).read(PARTY, ["name"], second.cursor))

    names = [row["name"] for page in (first, second, *rest) for row in page.records]
    assert names == [f"Customer {number:04}" for number in range(1000)]
    assert connected().count(PARTY) == 1000


def test_what_changes_behind_a_reading_is_for_the_next(connected, erp):
    first, *_ = erp.create(PARTY, *map(party, ("Acme", "Beta", "Gamma", "Delta")))
    erp.let_time_pass()
    _, cursor = all_of(connected(), "name")
    erp.write(PARTY, first, name="Acme 1")
    pages = connected(page=1).read(PARTY, ["name"], cursor)
    seen = next(pages)

    erp.write(PARTY, first, name="Acme 2")

    end = [*pages][-1].cursor
    rows, _ = all_of(connected(), "name", cursor=end)
    assert seen.records[0]["name"] == "Acme 1"
    assert rows[first]["name"] == "Acme 2"


def test_a_session_that_has_ended_is_renewed(tryton, erp):
    erp.create(PARTY, party("Acme"))
    assert tryton.count(PARTY) == 1

    erp.end_sessions()

    assert tryton.count(PARTY) == 1


def test_a_connection_that_is_closed_leaves_no_session(tryton, erp):
    before = erp.sessions()
    tryton.count(PARTY)
    assert erp.sessions() == before + 1

    tryton.close()

    assert erp.sessions() == before


def test_a_user_who_may_not_read_parties_is_told_so(connected, erp):
    erp.create("res.user", {"name": "Guest", "login": "guest", "password": PASSWORD})
    erp.create("ir.model.access", {"model": PARTY, "perm_read": False})

    with pytest.raises(PermissionMissing) as raised:
        connected(user="guest").check()

    assert raised.value.what == PARTY
    assert PARTY not in [each.name for each in connected(user="guest").objects()]


@pytest.mark.parametrize("object,field", [("party.nobody", "name"), (PARTY, "nickname")])
def test_what_is_not_there_is_named(looking, object, field):
    with pytest.raises(ConfigBroken) as raised:
        list(looking().read(object, [field]))

    assert raised.value.field == (field if object == PARTY else object)


def test_customers_are_the_parties_of_a_category_and_those_below(connected, erp):
    (trade,) = erp.create("party.category", {"name": "Trade"})
    (above,) = erp.create("party.category", {"name": "Customers", "parent": trade})
    (below,) = erp.create("party.category", {"name": "Key", "parent": above})
    one, two, supplier = erp.create(
        PARTY,
        party("Acme", categories=[["add", [above]]]),
        party("Beta", categories=[["add", [below]]]),
        party("Supplier"),
    )
    erp.let_time_pass()
    customers = connected(customers="category", category="Trade / Customers")
    rows, cursor = all_of(customers, "name")
    assert rows.keys() == {one, two}

    erp.write(PARTY, supplier, categories=[["add", [above]]])
    erp.merge(one, into=two)

    rows, _ = all_of(customers, "replaced_by", cursor=cursor)
    assert rows.keys() == {one, two, supplier}
    assert customers.count(PARTY) == 3


def test_a_category_that_is_not_there_is_named(looking):
    with pytest.raises(ConfigBroken, match="no category Clients"):
        looking(customers="category", category="Clients").check()


def test_customers_are_the_parties_with_a_sale(connected, erp):
    ours = company(erp)
    acme, beta, gamma, delta = erp.create(PARTY, *map(party, ("Acme", "Beta", "Gamma", "Delta")))
    sell(erp, acme, ours)
    sell(erp, acme, ours)
    erp.let_time_pass()
    customers = connected(customers="sale", page=2)
    customers.check()
    rows, cursor = all_of(customers, "name")
    assert rows.keys() == {acme}

    sell(erp, beta, ours)
    erp.merge(acme, into=gamma)
    erp.write(PARTY, delta, name="Delta, still without a sale")

    rows, _ = all_of(customers, "replaced_by", cursor=cursor)
    assert {id: row["replaced_by"] for id, row in rows.items()} == {
        acme: str(gamma), beta: None, gamma: None,
    }  # fmt: skip
    assert list(customers.read_ids(PARTY)) == [[str(acme), str(beta), str(gamma)]]


def test_without_settings_of_the_operator_no_private_address_is_asked(server):
    settings = TrytonSettings(server.url, "prepared", "admin", PASSWORD)

    with connect(settings, reach()) as tryton, pytest.raises(WrongInstance):
        tryton.check()
