"""Pick lists: what may be chosen, and what the words of a source mean."""

from __future__ import annotations

from crmapp.domain.fields import Kind
from crmapp.domain.records import FIELDS
from crmapp.models import PickListValue
from crmapp.services import pick_lists
from tests.factories import _kept


def test_every_pick_list_field_has_a_seeded_list(app):
    fields = [spec for specs in FIELDS.values() for spec in specs.values()]

    empty = [
        spec.name
        for spec in fields
        if spec.kind is Kind.PICK_LIST and not pick_lists.choices(spec.pick_list, "en")
    ]

    assert empty == []


def test_choices_come_in_the_order_of_the_list_and_in_the_readers_language(app):
    assert pick_lists.choices("payment_status", "en") == [
        ("current", "Current"),
        ("overdue", "Overdue"),
    ]
    assert pick_lists.choices("payment_status", "fr")[0] == ("current", "À jour")


def test_an_inactive_value_is_offered_only_to_records_that_have_it(app):
    value = {"list_code": "terms", "code": "old", "label_en": "Old", "label_fr": "Ancien"}
    _kept(PickListValue(**value, active=False, position=99))

    assert "old" not in dict(pick_lists.choices("terms", "en"))
    assert "old" in dict(pick_lists.choices("terms", "en", keep="old"))


def test_a_source_may_use_codes_or_labels_of_either_language(app):
    words = pick_lists.lookups().pick_lists["payment_status"]

    assert [words[word] for word in ("current", "a jour", "overdue", "en retard")] == [
        "current",
        "current",
        "overdue",
        "overdue",
    ]


def test_people_are_meant_by_address_or_name_and_teams_by_name(make):
    bob, lookups = make.bob, pick_lists.lookups()

    assert (lookups.users["bob@crm.example"], lookups.users["bob"]) == (bob.id, bob.id)
    assert lookups.teams["north"] == bob.teams[0].id


def test_a_name_that_two_people_have_means_neither(make):
    twins = [make.bob, make.user("bob", email="twin@crm.example")]

    words = pick_lists.lookups().users

    assert "bob" not in words
    assert [words[twin.email] for twin in twins] == [twin.id for twin in twins]


def test_ids_are_words_only_in_forms(make):
    bob = make.bob

    assert str(bob.id) not in pick_lists.lookups().users
    assert pick_lists.lookups(ids=True).users[str(bob.id)] == bob.id


def test_those_who_left_are_not_offered_as_owners(make):
    gone = make.user("gone", active=False)

    assert gone.id not in dict(pick_lists.people())
    assert gone.id in dict(pick_lists.people(keep=gone.id))


def test_those_who_left_can_be_asked_for_as_long_as_they_own_accounts(make):
    gone, without = make.user("gone", active=False), make.user("without", active=False)
    make.account(owner_id=gone.id)

    offered = dict(pick_lists.people_and_teams()[0])

    assert gone.id in offered
    assert without.id not in offered
