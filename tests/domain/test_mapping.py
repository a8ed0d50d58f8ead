"""A row is read through a mapping: columns, steps, value maps, fixed values, fixes."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.fields import Lookups
from crmapp.domain.mapping import FieldMapping, apply, match_fields, problems, say
from crmapp.domain.mapping import read as read_many
from crmapp.domain.record_keys import with_keys
from crmapp.domain.records import ACCOUNT_FIELDS, CONTACT_FIELDS
from crmapp.domain.steps import Step, StepKind

LOOKUPS = Lookups(pick_lists={"terms": {"net30": "net30", "net 30": "net30"}})
COLUMNS = {"name": "name", "number": "code"}
ROW = {"name": "acme ltd", "code": "C1", "terms": "30 days", "limit": "1.234,50"}


def read(row=ROW, fixes=None, **mapping):
    columns = {**COLUMNS, **mapping.pop("columns", {})}
    return apply(FieldMapping(columns, **mapping), ACCOUNT_FIELDS, row, LOOKUPS, fixes or {})


def test_steps_come_before_the_fields_own_reading():
    mapped = read(
        columns={"credit_limit": "limit"}, steps={"credit_limit": (Step(StepKind.COMMA),)}
    )

    assert mapped.values["credit_limit"] == Decimal("1234.50")


def test_a_word_of_the_source_means_a_value_of_the_list_however_it_is_written():
    words = {"terms": {"30 Days": "net30"}}

    assert read(columns={"terms": "terms"}, values=words).values["terms"] == "net30"


def test_steps_come_before_the_value_map():
    mapped = read(
        columns={"terms": "terms"},
        steps={"terms": (Step(StepKind.FIRST_WORD),)},
        values={"terms": {"30": "net30"}},
    )

    assert mapped.values["terms"] == "net30"


def test_a_word_may_mean_an_empty_cell():
    words = {"terms": {"30 days": ""}}

    assert "terms" not in read(columns={"terms": "terms"}, values=words).values
    cleared = read(columns={"terms": "terms"}, values=words, clear_empty=True)
    assert cleared.values["terms"] is None


def test_a_word_that_is_not_mapped_is_a_problem():
    mapped = read(columns={"terms": "terms"}, values={"terms": {"60 days": "net30"}})

    assert mapped.problems.keys() == {"terms"}


def test_a_step_that_cannot_read_a_cell_is_a_problem():
    mapped = read(
        columns={"credit_limit": "limit"}, steps={"credit_limit": (Step(StepKind.POINT),)}
    )

    assert "is not a number written like 1,234.56" in str(mapped.problems["credit_limit"])


def test_a_fixed_value_is_in_every_row():
    mapped = read(fixed={"terms": "Net 30", "notes": "From the ERP"})

    assert (mapped.values["terms"], mapped.values["notes"]) == ("net30", "From the ERP")


def test_a_fix_is_taken_as_it_was_written_in_place_of_the_cell():
    steps = {"credit_limit": (Step(StepKind.COMMA),)}
    columns = {"credit_limit": "limit"}

    fixed = read({**ROW, "limit": "N/A"}, {"credit_limit": "12.50"}, columns=columns, steps=steps)
    wrong = read({**ROW, "limit": "N/A"}, {"credit_limit": "soon"}, columns=columns, steps=steps)

    assert fixed.values["credit_limit"] == Decimal("12.50")
    assert wrong.problems.keys() == {"credit_limit"}


def test_a_dropped_cell_leaves_its_field_alone_even_where_empty_cells_clear():
    mapped = read({**ROW, "limit": "N/A"}, {"credit_limit": None},
                  columns={"credit_limit": "limit"}, clear_empty=True)  # fmt: skip

    assert "credit_limit" not in mapped.values
    assert mapped.problems == {}


def test_a_mapping_that_cannot_be_used_says_where():
    mapping = FieldMapping(
        {"number": "gone", "parent_id": "code"}, fixed={"owner_id": "x", "made_up": "x"}
    )

    assert problems(mapping, ACCOUNT_FIELDS, ["code"]) == {
        "number": "unknown",
        "parent_id": "unknown",
        "made_up": "unknown",
        "name": "required",
    }


@pytest.mark.parametrize(
    "columns, found",
    [
        ({"record_id": "id"}, {}),
        ({"record_id": "id", "phone": "phone"}, {}),
        ({"account_number": "number", "last_name": "name"}, {}),
        ({"account_id": "account", "last_name": "name"}, {}),
        ({"account_number": "number"}, {"last_name": "required"}),
        ({"last_name": "name", "erp_company": "firm"}, {"account_number": "account"}),
        ({"record_id": "id", "fax": "fax"}, {"fax": "unknown"}),
    ],
)
def test_contacts_need_an_id_or_else_a_name_and_an_account(columns, found):
    specs = with_keys("contact", CONTACT_FIELDS)

    assert problems(FieldMapping(columns), specs, list(columns.values()), "contact") == found


def test_accounts_are_found_by_their_id_if_that_is_mapped_at_all():
    specs = with_keys("account", ACCOUNT_FIELDS)
    columns = {"name": "name", "number": "no", "record_id": "id"}
    names = list(columns.values())

    assert match_fields(ACCOUNT_FIELDS) == ["number", "name", "email"]
    assert match_fields(specs)[0] == "record_id"
    assert problems(FieldMapping(columns, match="record_id"), specs, names) == {}
    assert problems(FieldMapping(columns), specs, names) == {"record_id": "idle"}
    assert FieldMapping(columns).written == ["name", "number"]


def test_accounts_are_not_found_by_a_fixed_value():
    mapping = FieldMapping({"name": "name"}, fixed={"number": "C1"})

    assert problems(mapping, ACCOUNT_FIELDS, ["name"]) == {"number": "match"}


texts = st.text(max_size=8)
fields = st.sampled_from([*ACCOUNT_FIELDS])
mappings = st.builds(
    FieldMapping,
    st.dictionaries(fields, texts, max_size=4),
    st.sampled_from(["number", "name", "email"]),
    st.booleans(),
    fixed=st.dictionaries(fields, texts, max_size=3),
    steps=st.dictionaries(
        fields,
        st.lists(st.builds(Step, st.sampled_from(StepKind), texts), max_size=3).map(tuple),
        max_size=3,
    ),
    values=st.dictionaries(fields, st.dictionaries(texts, texts, max_size=3), max_size=3),
)


@given(mappings)
def test_a_mapping_is_kept_as_json(mapping):
    assert FieldMapping.from_json(mapping.as_json()) == mapping


@given(mappings, st.dictionaries(texts, st.one_of(texts, st.none(), st.integers()), max_size=4))
def test_each_mapped_field_has_a_value_a_problem_or_an_empty_cell(mapping, row):
    mapped = apply(mapping, ACCOUNT_FIELDS, row, LOOKUPS)

    assert not mapped.values.keys() & mapped.problems.keys()
    assert {*mapped.values, *mapped.problems} <= set(mapping.fields)
    if mapping.clear_empty:
        assert {*mapped.values, *mapped.problems} == set(mapping.fields)


cells = st.one_of(texts, st.sampled_from(["12", " x ", "a\nb", "Net 30", "x" * 201]), st.none(),
                  st.booleans(), st.integers(0, 2), st.decimals(0, 2, places=1))  # fmt: skip


@given(mappings, st.lists(st.dictionaries(texts, cells, max_size=4), min_size=1, max_size=6))
def test_many_rows_are_read_as_each_alone_is(mapping, rows):
    mapping = replace(mapping, fixed={**mapping.fixed, "name": "x"})

    found = read_many(mapping, ACCOUNT_FIELDS, rows, LOOKUPS)

    assert [
        say(mapping, ACCOUNT_FIELDS, row, each, LOOKUPS)
        for row, each in zip(rows, found, strict=True)
    ] == [apply(mapping, ACCOUNT_FIELDS, row, LOOKUPS) for row in rows]
