"""The accounts around an account, as each reader sees them."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import event

from crmapp.db import db
from crmapp.services import account_list, accounts, merges, related
from crmapp.services.account_question import Question


def listed(found, by):
    question = Question.from_pairs((("where", found.where),), me=by.id)
    return [line.name for line in account_list.page(question, by=by).rows]


@pytest.mark.database
def test_it_says_whom_an_account_names_and_who_names_it(make):
    head = make.account("Head", number="H1")
    bank = make.account("Bank", bill_to_id=head.id, parent_id=head.id)
    make.account("Amber", bill_to_id=head.id)
    make.account("Deleted", bill_to_id=head.id, deleted_at=head.created_at)

    above, below = (related.of(each, by=make.bob) for each in (head, bank))

    assert not above.named
    assert [(each.field.name, each.count, each.hidden) for each in above.naming] == [
        ("parent_id", 1, 0),
        ("bill_to_id", 2, 0),
    ]
    assert [named.name for named in above.naming[1].first] == ["Amber", "Bank"]
    assert [(spec.name, named.id) for spec, named in below.named] == [
        ("parent_id", head.id),
        ("bill_to_id", head.id),
    ]
    assert not below.naming


def test_nothing_is_said_of_an_account_alone(make):
    assert not related.of(make.account("Alone"), by=make.bob)


@pytest.mark.database
def test_what_is_not_open_to_her_is_counted_and_not_named(make):
    head = make.account("Head", ship_to_id=make.account("Hidden", owner_id=make.mallory.id).id)
    make.account("Mine", parent_id=head.id)
    make.account("Theirs", parent_id=head.id, owner_id=make.mallory.id)

    found = related.of(head, by=make.bob)

    assert [(spec.name, named) for spec, named in found.named] == [("ship_to_id", None)]
    (below,) = found.naming
    assert ([named.name for named in below.first], below.count, below.hidden) == (["Mine"], 1, 1)


@pytest.mark.database
def test_of_many_the_first_are_shown_and_a_filter_lists_them_all(make):
    head = make.account("Head", number="H1")
    names = [f"Branch {letter}" for letter in "GFEDCBA"]
    for name in names:
        make.account(name, parent_id=head.id)

    (below,) = related.of(head, by=make.bob).naming

    assert [named.name for named in below.first] == sorted(names)[: related.SHOWN]
    assert below.count == len(names)
    assert listed(below, make.bob) == sorted(names)


def test_however_many_there_are_it_asks_as_often(make):
    asked, bob = [], make.bob
    for turn, branches in enumerate((1, 1, 12)):
        head = make.account(number=f"H{turn}", bill_to_id=make.account().id)
        for _branch in range(branches):
            make.account(parent_id=head.id, ship_to_id=head.id)
        statements = []
        listen = partial(_note, statements)
        event.listen(db.engine, "before_cursor_execute", listen)
        related.of(head, by=bob)
        event.remove(db.engine, "before_cursor_execute", listen)
        asked.append(len(statements))

    assert asked[1] == asked[2]


def _note(statements, _connection, _cursor, statement, *_rest):
    statements.append(statement)


def test_the_filter_means_no_other_account_of_the_same_name(make):
    head, namesake = make.account("Head"), make.account("Head")
    make.account("Branch", parent_id=head.id)
    make.account("Twig", parent_id=namesake.id)

    (below,) = related.of(head, by=make.bob).naming

    assert listed(below, make.bob) == ["Branch"]


def test_one_that_was_merged_is_shown_as_what_it_has_become(make):
    gone, kept = make.account("Gone"), make.account("Kept")
    branch = make.account("Branch", bill_to_id=gone.id)
    accounts.delete(branch.id, by=make.mona)
    merges.merge(kept.id, {kept.id: 1, gone.id: 1}, {}, by=make.mona)
    accounts.restore(branch.id, by=make.mona)

    ((_spec, named),) = related.of(accounts.get(branch.id, by=make.mona), by=make.mona).named

    assert named.name == "Kept"
