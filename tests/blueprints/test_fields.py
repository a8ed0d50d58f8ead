"""The pages on which an administrator keeps the fields of accounts."""

from __future__ import annotations

import pytest

from crmapp.services import custom_fields, fields, required_fields
from tests.support.web import htmx

ZONE = {"label_en": "Zone", "label_fr": "Secteur", "kind": "text"}


@pytest.fixture
def alice(as_user, make):
    return as_user(make.alice)


def test_a_field_that_is_made_stands_in_the_form_of_an_account(alice):
    made = alice.post("/admin/fields", data={**ZONE, "required": "y", "help_en": "Where to?"})
    page, form = alice.get("/admin/fields").text, alice.get("/accounts/new").text

    assert made.status_code == 303
    assert "<code>c_zone</code>" in page
    assert 'name="c_zone" required' in form
    assert "Where to?" in form


def test_no_sort_by_another_account_is_promised(alice):
    form = alice.get("/admin/fields/new").text

    assert "Filter and sort by it" not in form
    assert "sorted by it unless it holds several values or another account" in form


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(alice):
    wrong = {**ZONE, "kind": "pick_list", "help_en": "Typed with care"}

    answer = alice.post("/admin/fields", data=wrong, headers=htmx("settings-field-form"))

    assert answer.status_code == 422
    assert "Choose the pick list that the values come from." in answer.text
    assert "Typed with care" in answer.text
    assert '<option selected value="pick_list">' in answer.text


def test_the_form_of_a_used_field_leaves_its_kind_alone(alice, make):
    alice.post("/admin/fields", data=ZONE)
    before = alice.get("/admin/fields/1/edit").text
    alice.post("/accounts", data={"name": "Acme", "c_zone": "north"})

    after = alice.get("/admin/fields/1/edit").text
    saved = alice.post("/admin/fields/1", data={"label_en": "Area", "version": "1"})

    assert 'name="kind"' in before
    assert 'name="kind"' not in after
    assert saved.status_code == 303
    assert custom_fields.get(1, by=make.alice).label_en == "Area"


def test_who_comes_second_sees_what_the_first_made_of_it(alice):
    alice.post("/admin/fields", data=ZONE)
    alice.post("/admin/fields/1", data={**ZONE, "label_en": "Area", "version": "1"})

    sent = {**ZONE, "label_en": "Region", "version": "1"}
    answer = alice.post("/admin/fields/1", data=sent)

    assert answer.status_code == 409
    assert "Area" in answer.text
    assert 'value="Region"' in answer.text


def test_a_field_is_retired_and_brought_back(alice):
    alice.post("/admin/fields", data=ZONE)
    asked = alice.get("/admin/fields/1/retirement").text
    alice.post("/admin/fields/1/retirement")
    retired = alice.get("/accounts/new").text

    alice.post("/admin/fields/1/return")

    assert "Accounts keep their values" in asked
    assert "c_zone" not in retired
    assert "c_zone" in alice.get("/accounts/new").text


def test_fields_are_ordered_by_buttons(alice):
    for label in "ABC":
        typed = {**ZONE, "label_en": label, "label_fr": label}
        alice.post("/admin/fields", data=typed)

    part = alice.post(
        "/admin/fields/3/position", data={"direction": "up"}, headers=htmx("settings-fields")
    )

    assert part.text.index("c_a") < part.text.index("c_c") < part.text.index("c_b")
    assert list(fields.of("account"))[-3:] == ["c_a", "c_c", "c_b"]


def test_standard_fields_are_required_by_a_tick(alice, make):
    answer = alice.post("/admin/fields/required", data={"required": ["phone", "owner_id"]})

    page = alice.get("/admin/fields/required").text
    refused = alice.post("/accounts", data={"name": "Acme"})

    assert answer.status_code == 303
    assert required_fields.chosen(by=make.alice) == {"name", "phone", "owner_id"}
    assert page.count(" checked") == 3
    assert refused.status_code == 422
    assert refused.text.count("Enter a value; this field is required.") >= 2


@pytest.mark.parametrize("name", ["active", "primary_contact_id", "nothing"])
def test_what_cannot_be_required_is_refused(alice, make, name):
    answer = alice.post("/admin/fields/required", data={"required": ["phone", name]})

    assert answer.status_code == 422
    assert required_fields.chosen(by=make.alice) == {"name"}
