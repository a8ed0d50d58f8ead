"""What differs between two mappings is said in words."""

from hypothesis import given

from crmapp.domain.mapping import FieldMapping, Wanted
from crmapp.domain.mapping_diff import differences
from crmapp.domain.record_keys import with_keys
from crmapp.domain.records import ACCOUNT_FIELDS, CONTACT_FIELDS
from crmapp.domain.steps import Step, StepKind
from tests.domain.test_mapping import mappings

BEFORE = FieldMapping(
    {"name": "name", "number": "code", "terms": "t"},
    fixed={"notes": "ERP"},
    steps={"name": (Step(StepKind.UPPER),)},
    values={"terms": {"soon": "net_15", "later": "net_30"}},
)


def said(before: FieldMapping, after: FieldMapping) -> list[str]:
    def spoken(value: object) -> object:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    found = differences(before, after, ACCOUNT_FIELDS)
    return [t.text % {name: spoken(value) for name, value in t.params.items()} for t in found]


def test_the_same_mapping_has_no_differences():
    assert said(BEFORE, BEFORE) == []


def test_a_first_mapping_says_all_that_it_does():
    assert said(FieldMapping({}), BEFORE) == [
        "Name is filled from “name”.",
        "Name takes the steps: UPPER CASE.",
        "Number is filled from “code”.",
        "Terms is filled from “t”.",
        "Terms: “later” means “net_30”.",
        "Terms: “soon” means “net_15”.",
        "Notes is “ERP” in every row.",
    ]


def test_every_kind_of_change_is_said():
    after = FieldMapping(
        {"name": "title", "phone": "tel", "terms": "t"},
        match="name",
        clear_empty=True,
        steps={"phone": (Step(StepKind.TRIM), Step(StepKind.PHONE, "33"))},
        values={"terms": {"soon": ""}},
    )

    assert said(BEFORE, after) == [
        "Accounts are found by Name.",
        "An empty cell clears the account's value.",
        "Name is filled from “title” instead of “name”.",
        "Name takes no steps any more.",
        "Number is left untouched.",
        "Phone is filled from “tel”.",
        "Phone takes the steps: Single spaces, Phone with country code “33”.",
        "Terms: “later” is not mapped any more.",
        "Terms: “soon” counts as an empty cell.",
        "Notes is left untouched.",
    ]


@given(mappings, mappings)
def test_mappings_that_do_the_same_and_only_those_have_no_differences(one, other):
    def effect(mapping: FieldMapping) -> object:
        steps = {n: s for n, s in mapping.steps.items() if s and n in mapping.columns}
        words = {n: w for n, w in mapping.values.items() if w and n in mapping.columns}
        fixed = {n: v for n, v in mapping.fixed.items() if n not in mapping.columns}
        return (mapping.match, mapping.clear_empty, mapping.columns, fixed, steps, words)

    clean = [FieldMapping(e[2], e[0], e[1], 1, *e[3:]) for e in map(effect, (one, other))]
    found = differences(clean[0], clean[1], ACCOUNT_FIELDS)

    assert (found == []) == (effect(one) == effect(other))


def test_mappings_of_contacts_are_not_said_to_change_accounts():
    before, after = FieldMapping({}), FieldMapping({}, clear_empty=True, wanted=Wanted.CREATE)

    found = differences(before, after, with_keys("contact", CONTACT_FIELDS))

    assert [str(text) for text in found] == [
        "An empty cell clears the value.",
        "Records are created only; those that exist stay as they are.",
    ]
