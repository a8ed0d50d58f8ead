"""The list of accounts, narrowed down and sorted by custom fields."""

from __future__ import annotations

import pytest

from crmapp.db import session
from crmapp.errors import Invalid
from crmapp.models import Account
from crmapp.services import account_list, accounts, custom_fields
from crmapp.services.account_question import Cursor, Question
from tests.services.test_account_list_plans import plans_of

ZONES = {"pick_list": "contact_method"}
KINDS = {
    "text": {},
    "number": {},
    "money": {},
    "date": {},
    "yes_no": {},
    "pick_list": ZONES,
    "multi_pick_list": ZONES,
    "account": {},
}


@pytest.fixture
def alice(make):
    """Give the installation a field of each kind that can filter, and accounts with values."""
    by = make.alice
    for kind, more in KINDS.items():
        typed = {"label_en": f"My {kind}", "kind": kind, "filterable": True, "listed": True, **more}
        custom_fields.create(typed, by=by)
    accounts.create({"name": "Partner", "number": "P1"}, by=by)
    values = [
        ("Ada", "North quay", "9", "100", "2024-01-31", "yes", "fax", "fax, letter", "P1"),
        ("Bea", "south", "10", "20.5", "2026-05-01", "no", "email", "letter", "P1"),
        ("Cid", "North-west", "-1", "3", "2025-12-24", "yes", "phone", "email", "Ada"),
    ]
    for name, *typed in values:
        pairs = zip(KINDS, typed, strict=True)
        fields = {f"c_my_{kind}": value for kind, value in pairs}
        accounts.create({"name": name, **fields}, by=by)
    return by


def names(alice, **args):
    question = Question.from_args(args, me=alice.id)
    return [line.name for line in account_list.page(question, by=alice).rows]


@pytest.mark.parametrize(
    "name, asked, found",
    [
        ("text", "north", ["Ada", "Cid"]),
        ("text", "QUAY", ["Ada"]),
        ("text", "%", []),
        ("text", "none", ["Partner"]),
        ("number", "9", ["Ada"]),
        ("number", "9..", ["Ada", "Bea"]),
        ("number", "..9", ["Ada", "Cid"]),
        ("money", "3..20.5", ["Bea", "Cid"]),
        ("date", "2025-12-24", ["Cid"]),
        ("date", "2025-01-01..", ["Bea", "Cid"]),
        ("yes_no", "yes", ["Ada", "Cid"]),
        ("yes_no", "no", ["Bea", "Partner"]),
        ("pick_list", "email", ["Bea"]),
        ("pick_list", "none", ["Partner"]),
        ("multi_pick_list", "letter", ["Ada", "Bea"]),
        ("account", "P1", ["Ada", "Bea"]),
    ],
)
def test_a_filter_finds_by_the_kind_of_the_field(alice, name, asked, found):
    assert names(alice, **{f"c_my_{name}": asked}) == found


def test_filters_hold_together_and_with_the_others(alice):
    assert names(alice, c_my_yes_no="yes", c_my_number="0..", active="yes", q="ada") == ["Ada"]


@pytest.mark.parametrize(
    "sort, found",
    [
        ("c_my_text", ["Ada", "Cid", "Bea", "Partner"]),
        ("c_my_number", ["Cid", "Ada", "Bea", "Partner"]),
        ("-c_my_number", ["Bea", "Ada", "Cid", "Partner"]),
        ("c_my_money", ["Cid", "Bea", "Ada", "Partner"]),
        ("c_my_date", ["Ada", "Cid", "Bea", "Partner"]),
        ("c_my_yes_no", ["Bea", "Ada", "Cid", "Partner"]),
        ("c_my_pick_list", ["Bea", "Ada", "Cid", "Partner"]),
    ],
)
def test_an_order_is_that_of_the_values_and_a_page_goes_on_where_the_last_one_ended(
    alice, sort, found
):
    question = Question.from_args({"sort": sort}, me=alice.id)
    seen, cursor = [], None
    while len(seen) < len(found):
        one = Question(sort=question.sort, descending=question.descending, cursor=cursor, size=1)
        page = account_list.page(one, by=alice)
        seen += [line.name for line in page.rows]
        cursor = Cursor.read(str(page.next)) if page.next else None
        if cursor is None:
            break

    assert names(alice, sort=sort) == found
    assert seen == found


@pytest.mark.parametrize("sort", ["c_my_number", "-c_my_text", "c_my_pick_list", "c_my_yes_no"])
def test_an_account_knows_its_neighbours_in_that_order(alice, sort):
    question = Question.from_args({"sort": sort}, me=alice.id)
    rows = account_list.page(question, by=alice).rows

    for before, here, after in zip(rows, rows[1:], rows[2:], strict=False):
        account = session.get(Account, here.id)
        assert account_list.neighbours(question, account, by=alice) == (before.id, after.id)


@pytest.mark.parametrize(
    "args",
    [
        {"c_no_such": "x"},
        {"c_my_number": "many"},
        {"c_my_number": "1..x"},
        {"c_my_date": "tomorrow"},
        {"c_my_pick_list": "pigeon"},
        {"c_my_multi_pick_list": "pigeon"},
        {"c_my_text": "x" * 201},
        {"c_my_text": "a\x00"},
        {"sort": "c_my_account"},
        {"sort": "c_no_such"},
        {"sort": "c_my_number", "from": str(Cursor("has", ("text", "a", 1)))},
        {"sort": "c_my_text", "from": str(Cursor("has", (1.5, "a", 1)))},
        {"sort": "name", "from": str(Cursor("", (1.5, 1)))},
        {"sort": "c_my_number", "from": str(Cursor("has", (float("nan"), "a", 1)))},
        {"sort": "c_my_number", "from": str(Cursor("has", (10**400, "a", 1)))},
    ],
)
def test_what_cannot_be_asked_is_refused(alice, args):
    with pytest.raises(Invalid):
        names(alice, **args)


def test_a_filter_by_a_field_that_was_retired_is_refused(alice):
    custom_fields.retire(2, by=alice)

    with pytest.raises(Invalid):
        names(alice, c_my_number="9")


@pytest.mark.parametrize(
    "question",
    [
        Question(sort="c_my_number"),
        Question(sort="c_my_text", descending=True),
        Question(fields=(("c_my_number", "9"),), sort="c_my_number"),
        Question(fields=(("c_my_date", "2025-01-01.."),), sort="c_my_date"),
        Question(fields=(("c_my_pick_list", "fax"),)),
        Question(fields=(("c_my_account", "P1"),)),
    ],
    ids=repr,
)
def test_orders_and_filters_are_read_from_an_index_of_the_field(alice, question):
    found = plans_of(question, alice)

    name = question.fields[0][0] if question.fields else question.sort
    assert any(f"ix_account_{name}" in plan for plan in found)
