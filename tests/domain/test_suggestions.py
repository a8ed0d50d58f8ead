"""Columns are suggested by their names, their values and what was mapped last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.record_keys import with_keys
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.domain.records import FIELDS as FIELDS_OF
from crmapp.domain.shapes import LABELS, Shape, fits, shape_of
from crmapp.domain.suggestions import Mark, Seen, suggest

FIELDS = list(ACCOUNT_FIELDS.values())
SHAPES = {
    Shape.EMAIL: ["a@b.example", "info@acme.example"],
    Shape.URL: ["https://acme.example", "www.acme.example/shop"],
    Shape.PHONE: ["+33 1 23 45 67", "(0)20 7946 0000", "555-0100 x12"],
    Shape.DATE: ["2026-11-25", "25/11/2026", "25.11.2026 14:30"],
    Shape.YES_NO: ["Yes", "no", "Y"],
    Shape.POSTAL_CODE: ["75001", "94103-1234", "SW1A 1AA", "10-100"],
    Shape.NUMBER: ["12.50", "-1,200", "7"],
    Shape.CODE: ["C001", "K-17", "A9"],
    Shape.TEXT: ["Acme", "Łódź Toys"],
}


def suggested(*columns, last=None):
    return suggest([Seen(*column) for column in columns], FIELDS, last)


def marks(*columns, last=None):
    found = suggested(*columns, last=last)
    return {name: (each.column, each.mark.value) for name, each in found.items()}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_seen_in_its_values(shape):
    assert shape_of([*SHAPES[shape], "", None]) is shape


def test_a_few_strangers_do_not_change_a_shape_and_nothing_has_none():
    assert shape_of(["a@b.example"] * 9 + ["N/A"]) is Shape.EMAIL
    assert shape_of(["", None, " "]) is None
    assert LABELS.keys() == set(Shape)


@given(st.lists(st.one_of(st.none(), st.text(), st.integers(), st.decimals(), st.dates())))
def test_any_values_have_a_shape(values):
    assert shape_of(values) in {None, *Shape}


@pytest.mark.parametrize(
    "column", ["phone", "PHONE", "Telephone", "Tél.", "phone_number", "Téléphone"]
)
def test_a_field_is_found_by_its_name_or_another_word_for_it(column):
    assert marks((column, column)) == {"phone": (column, "exact")}


@pytest.mark.parametrize(
    "column, field",
    [
        ("Acct Name", "name"),
        ("customerName", "name"),
        ("Customer No.", "number"),
        ("E-mail address", "email"),
        ("ZIP", "billing_postal_code"),
        ("Code postal", "billing_postal_code"),
        ("Ship-to city", "shipping_city"),
        ("Sales rep", "owner_id"),
        ("VAT number", "tax_id"),
        ("Credit lim.", "credit_limit"),
        ("Société", "name"),
        ("Nom du client", "name"),
        ("N° client", "number"),
        ("Web site", "website"),
    ],
)
def test_awkward_headers_are_understood(column, field):
    assert marks((column, column)) == {field: (column, "exact")} or marks((column, column)) == {
        field: (column, "likely")
    }


def test_similar_names_are_likely_and_values_say_more():
    (plain,) = suggested(("main phone", "Main phone")).values()
    (better,) = suggested(("main phone", "Main phone", Shape.PHONE)).values()

    assert (plain.mark, better.mark) == (Mark.LIKELY, Mark.LIKELY)
    assert "the values look like" in str(better.reason)


def test_a_name_whose_values_do_not_fit_is_to_be_checked():
    (found,) = suggested(("phone", "Phone", Shape.EMAIL)).values()

    assert found.mark is Mark.CHECK
    assert "e-mail addresses" in str(found.reason)


def test_of_two_columns_the_one_whose_values_fit_is_taken():
    columns = [("Office phone", "", Shape.TEXT), ("Phone line", "", Shape.PHONE)]

    assert marks(*columns)["phone"] == ("Phone line", "likely")


def test_two_columns_that_are_as_good_are_to_be_checked():
    found = suggested(("Phone", "Phone"), ("telephone", "Telephone"))["phone"]

    assert found.mark is Mark.CHECK
    assert "telephone" in str(found.reason)


def test_values_alone_suggest_only_what_they_tell_for_certain():
    found = marks(("a", "A", Shape.EMAIL), ("b", "B", Shape.NUMBER), ("c", "C", Shape.TEXT))

    assert found == {"email": ("a", "check")}


def test_two_columns_of_one_shape_tell_nothing():
    assert marks(("a", "A", Shape.EMAIL), ("b", "B", Shape.EMAIL)) == {}


def test_the_last_mapping_comes_first():
    columns = [("phone", "Phone"), ("mobile", "Mobile")]

    assert marks(*columns, last={"phone": "mobile", "fax": "gone"})["phone"] == ("mobile", "exact")


def test_the_last_mapping_is_to_be_checked_when_the_values_have_changed():
    found = marks(("mobile", "Mobile", Shape.DATE), last={"phone": "mobile"})

    assert found == {"phone": ("mobile", "check")}


def test_plain_words_mean_the_billing_address():
    assert marks(("City", "City")) == {"billing_city": ("City", "exact")}


names = st.text("abcdefgh _-NPphone", max_size=12)
seen = st.builds(Seen, names, names, st.sampled_from([None, *Shape]))


@given(st.lists(seen, max_size=8, unique_by=lambda column: column.name))
def test_no_column_is_suggested_twice_and_every_suggestion_has_a_reason(columns):
    found = suggest(columns, FIELDS)

    taken = [each.column for each in found.values()]
    assert len(taken) == len(set(taken))
    assert all(str(each.reason) for each in found.values())
    assert found.keys() <= {spec.name for spec in FIELDS if spec.mappable}


@given(st.sampled_from(FIELDS), st.sampled_from([None, *Shape]))
def test_whether_values_fit_is_yes_no_or_unknown(spec, shape):
    assert fits(spec, shape) in (True, False, None)


@pytest.mark.parametrize(
    "object_, column, field",
    [
        ("activity", "Type", "kind"),
        ("activity", "Date", "happens_at"),
        ("activity", "Due date", "happens_at"),
        ("activity", "Échéance", "happens_at"),
        ("activity", "Objet", "subject"),
        ("activity", "Type d’activité", "kind"),
        ("contact", "Surname", "last_name"),
        ("contact", "Prénom", "first_name"),
        ("contact", "Position", "job_title"),
        ("contact", "Cell phone", "mobile"),
    ],
)
def test_words_of_other_systems_name_fields_of_contacts_and_activities(object_, column, field):
    found = suggest([Seen(column, column)], FIELDS_OF[object_].values())

    assert {name: each.mark for name, each in found.items()} == {field: Mark.EXACT}


@pytest.mark.parametrize("shape, found", [(Shape.TEXT, {}), (Shape.NUMBER, {"account_id": "id"})])
def test_a_column_of_names_is_not_taken_for_our_ids(shape, found):
    fields = with_keys("contact", FIELDS_OF["contact"]).values()

    made = suggest([Seen("id", "Account", shape)], fields)

    assert {name: each.column for name, each in made.items()} == found
