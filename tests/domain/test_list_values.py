"""What a resync does with one value, decided from what each side says of it."""

from __future__ import annotations

import pytest

from crmapp.domain.list_values import (
    Here,
    Original,
    Scope,
    Tally,
    There,
    Value,
    Wanted,
    code_of,
    decide_here,
    decide_there,
    needs_a_person,
    wanted_there,
)
from crmapp.domain.plan import Planned

SCOPE = Scope("departments", position=7)


def here(label: str = "Ten", **values: object) -> Here:
    given = {
        "id": 1, "version": 3, "code": "10", "label_en": label, "label_fr": "Dix",
        "active": True, "deleted": False, "key": "10",
    }  # fmt: skip
    return Here(**{**given, **values})


def only(value: Value, scope: Scope = SCOPE):
    (row,) = decide_here(value, scope, 1)
    return row, wanted_there(value, scope)


def test_a_value_that_is_new_is_made_behind_the_others():
    row, wanted = only(Value(Original("10", "Ten", True), None, None))

    assert (row.action, row.params["tally"]) == (Planned.CREATE, Tally.ADDED)
    assert row.fields["position"] == [None, 8]
    assert wanted == Wanted("10", "Ten", True)


@pytest.mark.parametrize(
    "label, french", [("Ten", "Dix"), ("Renamed", "Renamed")], ids=["same name", "new name"]
)
def test_a_french_label_stays_as_long_as_the_name(label, french):
    row, _wanted = only(Value(Original("10", label, False), here(), None))

    after = {name: both[1] for name, both in row.fields.items()}
    assert after.get("label_fr", "Dix") == french
    assert row.params["tally"] == Tally.DEACTIVATED


def test_a_value_that_was_deleted_here_comes_back():
    row, _wanted = only(Value(Original("10", "Ten", True), here(deleted=True), None))

    assert (row.action, row.params["tally"]) == (Planned.RESTORE, Tally.REACTIVATED)


def test_a_value_that_a_person_keeps_stays_when_it_goes():
    kept = Scope("departments", kept=frozenset({"10"}))

    gone, wanted = only(Value(None, here(), None), kept)
    inactive, still = only(Value(Original("10", "Ten", False), here(), None), kept)

    assert gone.action is inactive.action is Planned.UNCHANGED
    assert wanted == still == Wanted("10", "Ten", True)


def test_between_resyncs_a_value_that_was_not_read_is_left_alone():
    value, changes = Value(None, here(), None), Scope("departments", "changes")

    assert decide_here(value, changes, 1) == []
    assert wanted_there(value, changes) is None


def test_a_value_without_a_code_is_rejected_and_goes_nowhere():
    row, wanted = only(Value(Original("", "Nameless", True), None, None))

    assert (row.action, wanted) == (Planned.REJECTED, None)


def test_a_code_that_is_taken_is_told_apart():
    free, _ = only(Value(Original("a/b", "A", True), None, None))
    taken, _ = only(Value(Original("a/b", "A", True), None, None, taken=True))
    nothing, _ = only(Value(Original("日本", "Japan", True), None, None))

    assert free.fields["code"] == [None, "a_b"]
    assert taken.fields["code"][1].startswith("a_b_")
    assert len(nothing.fields["code"][1]) == 8


def test_a_code_of_intacct_stays_where_it_may():
    assert [code_of(key) for key in ("NET-30", "Net 30", "x" * 61)] == [
        "NET-30", "net_30", "x" * 60,
    ]  # fmt: skip


def test_salesforce_hides_what_is_wanted_no_more_and_never_deletes():
    row = decide_there(None, There("10", "Ten", hidden=False), 1)

    assert row is not None
    assert (row.action, row.params["tally"]) == (Planned.UPDATE, Tally.DEACTIVATED)
    assert row.fields == {"label": ["Ten", "Ten"], "hidden": [False, True]}


def test_salesforce_is_told_nothing_that_it_has():
    row = decide_there(Wanted("10", "Ten", True), There("10", "Ten", hidden=False), 1)

    assert row is not None
    assert row.action is Planned.UNCHANGED
    assert decide_there(None, None, 1) is None


def test_unread_salesforce_is_told_all():
    row = decide_there(Wanted("10", "Ten", True), None, 1, blind=Tally.CHANGED)

    assert row is not None
    assert (row.action, row.params["tally"]) == (Planned.UPDATE, Tally.CHANGED)
    assert row.fields == {"label": [None, "Ten"], "hidden": [None, False]}


@pytest.mark.parametrize(
    "deactivated, in_use, active, waits",
    [(0, 0, 0, False), (20, 0, 100, False), (21, 0, 100, True), (1, 1, 100, True)],
)
def test_a_person_looks_when_values_in_use_go_or_more_than_a_fifth(
    deactivated, in_use, active, waits
):
    assert needs_a_person(deactivated, in_use, active) is waits
