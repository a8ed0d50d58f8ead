"""What a mapping would make of a source, shown before anything is planned."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.domain.steps import Step, StepKind
from crmapp.domain.suggestions import Mark
from crmapp.errors import Invalid
from crmapp.models import PickListValue
from crmapp.services import mapping_checks, upserts
from crmapp.services.mapping_preview import SHOWN, Preview, Word, meanings, previews
from crmapp.services.mapping_start import opening
from tests.factories import Make
from tests.support.upserts import MAPPING, carry_out, plan, rows_of, start

COLUMNS = {"name": "name", "number": "code"}


def preview(make: Make, rows: dict, mapping: FieldMapping, name: str) -> Preview:
    run = upserts.get(start(make, rows), by=make.mona)
    source = upserts.source_of(run, by=make.mona)
    return previews(source, source.columns(), mapping, [name], by=make.mona, locale="en")[name]


def terms() -> PickListValue:
    query = select(PickListValue).where(PickListValue.list_code == "terms")
    return session.scalars(query.order_by(PickListValue.id)).first()


def with_terms(*words: str) -> dict:
    rows = rows_of(*(f"Name {n}" for n, _ in enumerate(words)))
    return {key: {**row, "t": word} for (key, row), word in zip(rows.items(), words, strict=True)}


def test_samples_show_what_the_steps_make_of_them(make: Make) -> None:
    mapping = FieldMapping(COLUMNS, steps={"name": (Step(StepKind.UPPER),)})
    found = preview(make, rows_of("Acme", "Bolts", "Cogs", "Dies"), mapping, "name")
    assert [(each.before, each.after) for each in found.samples] == [
        ("Acme", "ACME"),
        ("Bolts", "BOLTS"),
        ("Cogs", "COGS"),
    ]


def test_a_sample_that_cannot_be_read_says_why(make: Make) -> None:
    mapping = FieldMapping({**COLUMNS, "email": "phone"})
    (sample,) = preview(make, rows_of("Acme"), mapping, "email").samples
    assert sample.after is None
    assert "Enter a full address" in str(sample.problem)


def test_a_default_is_shown_for_an_empty_cell(make: Make) -> None:
    default = Step(StepKind.DEFAULT, "none")
    mapping = FieldMapping({**COLUMNS, "notes": "phone"}, steps={"notes": (default,)})
    found = preview(make, rows_of("Acme"), mapping, "notes")
    assert [(each.before, each.after) for each in found.samples][-1] == ("", "none")


def test_values_of_a_list_are_shown_by_their_labels(make: Make) -> None:
    value = terms()
    mapping = FieldMapping({**COLUMNS, "terms": "t"})
    (sample,) = preview(make, with_terms(value.code), mapping, "terms").samples
    assert sample.after == value.label_en


def test_words_that_are_not_in_the_list_are_counted_most_frequent_first(make: Make) -> None:
    words = ["soon", "SOON", terms().code, "later", "", "soon"]
    found = preview(make, with_terms(*words), FieldMapping({**COLUMNS, "terms": "t"}), "terms")
    assert list(found.words) == [Word("soon", 3), Word("later", 1)]
    assert (found.unknown, found.rows) == (2, 4)


def test_words_that_were_mapped_stay_to_be_changed(make: Make) -> None:
    mapping = FieldMapping({**COLUMNS, "terms": "t"}, values={"terms": {"Soon": terms().code}})
    found = preview(make, with_terms("soon", "later"), mapping, "terms")
    assert list(found.words) == [Word("later", 1), Word("Soon", 1, terms().code)]


def test_only_so_many_words_are_shown_and_all_are_counted(make: Make) -> None:
    words = [f"word {n}" for n in range(SHOWN + 5)]
    found = preview(make, with_terms(*words), FieldMapping({**COLUMNS, "terms": "t"}), "terms")
    assert (len(found.words), found.unknown) == (SHOWN, SHOWN + 5)


def test_people_are_meant_by_their_address_which_is_unique(make: Make) -> None:
    assert (make.bob.email, "Bob") in meanings(ACCOUNT_FIELDS["owner_id"], "en")


@pytest.mark.parametrize(
    "name, mapping",
    [
        ("terms", {"fixed": {"terms": "no such terms"}}),
        ("notes", {"fixed": {"notes": " "}}),
        ("notes", {"fixed": {"notes": "a\x00b"}}),
        ("phone", {"steps": {"phone": (Step(StepKind.PHONE, "France"),)}}),
        ("phone", {"steps": {"phone": (Step(StepKind.DEFAULT, "\x00"),)}}),
        ("phone", {"steps": {"phone": (Step(StepKind.DEFAULT, "x" * 201),)}}),
        ("terms", {"values": {"terms": {"soon": "made up"}}}),
        ("terms", {"values": {"terms": {"\x00": ""}}}),
    ],
)
def test_a_mapping_with_a_wrong_value_is_refused_at_its_field(
    make: Make, name: str, mapping: dict
) -> None:
    columns = {**COLUMNS, "phone": "phone", "terms": "phone"}
    for fixed in mapping.get("fixed", {}):
        columns.pop(fixed, None)
    with pytest.raises(Invalid) as refused:
        mapping_checks.check(
            FieldMapping(columns, **mapping), ["name", "code", "phone"], by=make.mona
        )
    assert list(refused.value.fields) == [name]


def test_a_first_mapping_is_what_is_suggested(make: Make) -> None:
    run = upserts.get(start(make), by=make.mona)
    begun = opening(run, upserts.source_of(run, by=make.mona).columns())
    assert begun.mapping.columns == {"name": "name", "number": "code", "phone": "phone"}
    assert begun.suggestions["name"].mark is Mark.EXACT
    assert begun.last is None


def test_the_next_run_of_a_source_begins_with_the_mapping_of_the_last(make: Make) -> None:
    mapping = FieldMapping({**COLUMNS, "fax": "phone"}, steps={"name": (Step(StepKind.UPPER),)})
    last = carry_out(make, plan(make, mapping=mapping)).id
    run = upserts.get(start(make), by=make.mona)
    begun = opening(run, upserts.source_of(run, by=make.mona).columns())
    assert (begun.mapping.columns, begun.mapping.steps) == (mapping.columns, mapping.steps)
    assert begun.last == last


def test_columns_that_are_gone_are_named_and_replaced_where_there_is_a_suggestion(
    make: Make,
) -> None:
    plan(make, mapping=MAPPING)
    rows = {"C1": {"code": "C1", "name": "Acme", "telephone": "555 123"}}
    run = upserts.get(start(make, rows), by=make.mona)
    begun = opening(run, upserts.source_of(run, by=make.mona).columns())
    assert begun.gone == {"phone": "phone"}
    assert begun.mapping.columns["phone"] == "telephone"
