"""One edit of many accounts, decided for each of them."""

from __future__ import annotations

import pytest

from crmapp.domain.bulk_edits import Edit, Held, Verb, planned
from crmapp.domain.changes import Reason
from crmapp.domain.plan import Planned
from crmapp.i18n import Text

SET = Edit(Verb.SET, "location", "Lyon", "Lyon")
HELD = Held(7, 3, "Acme", "Graz")


def test_an_account_gets_the_value_at_the_version_that_was_seen():
    row = planned(SET, 1, HELD)

    assert (row.action, row.record_id, row.version, row.name) == (Planned.UPDATE, 7, 3, "Acme")
    assert row.fields == {"location": ["Graz", "Lyon"]}


@pytest.mark.parametrize(
    "edit, value, after",
    [
        (Edit(Verb.ADD_TAGS, "tags", ["a", "B"]), ["b", "c"], ["b", "c", "a"]),
        (Edit(Verb.REMOVE_TAGS, "tags", ["A", "x"]), ["a", "b"], ["b"]),
        (Edit(Verb.SET, "tags", ["a"]), ["b"], ["a"]),
        (Edit(Verb.SET, "phone", None), "555", None),
    ],
)
def test_what_the_field_holds_afterwards_follows_from_the_verb(edit, value, after):
    row = planned(edit, 1, HELD._replace(value=value))

    assert row.fields == {edit.field: [value, after]}


@pytest.mark.parametrize(
    "edit, value",
    [
        (SET, "Lyon"),
        (Edit(Verb.ADD_TAGS, "tags", ["A"]), ["a"]),
        (Edit(Verb.REMOVE_TAGS, "tags", ["x"]), ["a"]),
    ],
)
def test_what_is_so_already_stays_unchanged(edit, value):
    assert planned(edit, 1, HELD._replace(value=value)).action is Planned.UNCHANGED


@pytest.mark.parametrize(
    "held, reason",
    [
        (HELD._replace(mine=False), Reason.NOT_YOURS),
        (HELD._replace(number="N1"), Reason.NUMBER_TAKEN),
        (HELD._replace(problem=Text("no")), Reason.BAD_VALUE),
    ],
)
def test_what_cannot_be_is_rejected_with_the_reason(held, reason):
    row = planned(SET, 1, held)

    assert (row.action, row.reason, row.fields) == (Planned.REJECTED, reason, {})


@pytest.mark.parametrize(
    "edit", [SET, Edit(Verb.SET, "c_many", ["a"], ("a", "b")), Edit(Verb.DELETE)]
)
def test_a_run_keeps_an_edit_as_it_is(edit):
    assert Edit.from_json(edit.as_json()) == edit
