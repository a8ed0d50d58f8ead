"""Whoever types an account is told of those that may be the same: of all of them, and quickly.

``CRMAPP_EXAMPLES=500`` looks for longer.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from sqlalchemy import event, select, text

from crmapp.db import db, session, unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.domain.duplicate_keys import Effect, Key, Traits, shared
from crmapp.models import Account
from crmapp.services import duplicate_hints, records
from tests.support.duplicate_rules import rule

EXAMPLES = int(os.environ.get("CRMAPP_EXAMPLES") or 5)
WORDS: dict[str, list[str | None]] = {
    "name": ["Acme", "Acme Bolts Ltd", "Bolts & Acme", "Amce Bolt", "Zenith", "Łódź Toys", "&"],
    "number": [None, None, "C1", "C2", "0C1"],
    "erp_company": ["", "US", "FR"],
    "tax_id": [None, "FR 12.345", "fr-12345", "FR99"],
    "phone": [None, "+33 1 42 68 53 00", "01 42 68 53 00", "42 68 53 00", "123", "+44 142685300"],
    "email": [None, "a@acme.example", "A@ACME.example", "b@acme.example", "a@gmail.com"],
    "website": [None, "https://www.acme.example/x", "acme.example", "https://x.com/acme"],
}


def drawn(chance: random.Random) -> dict[str, Any]:
    return {name: chance.choice(words) for name, words in WORDS.items()}


def written(rows: list[dict[str, Any]]) -> list[int]:
    """Write accounts through the door for all writes, as runs do, and return their ids."""
    with unit_of_work():
        done = records.write(Account, [Write(Action.CREATE, row) for row in rows])
    return [each.record_id for each in done if each.record_id is not None]


def expected(traits: Traits, but: int | None) -> dict[int, set[Key]]:
    """Compare with every living account, one after the other."""
    living = session.scalars(select(Account).where(Account.deleted_at.is_(None)))
    found = {each.id: set(shared(traits, duplicate_hints.of(each))) for each in living}
    return {id_: keys for id_, keys in found.items() if keys and id_ != but}


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_the_indexes_find_what_comparing_with_every_account_finds(make, seed):
    chance = random.Random(seed)
    rule(Key.WEBSITE, Effect.WARN, by=make.alice)
    ids = written([drawn(chance) for _ in range(40)])
    changes = [Write(Action.UPDATE, drawn(chance), id_) for id_ in chance.sample(ids, 8)]
    deletions = [Write(Action.DELETE, {}, id_) for id_ in chance.sample(ids, 4)]
    with unit_of_work():
        records.write(Account, changes)
    with unit_of_work():
        records.write(Account, deletions)
    account = session.get_one(Account, chance.choice(ids))

    for traits in [duplicate_hints.of(account), *(typed(chance) for _ in range(10))]:
        found = duplicate_hints.find(traits, by=make.alice, but=account.id)

        assert {each.id: set(each.effects) for each in found} == expected(traits, account.id)
        assert [bool(each.blocked) for each in found] == sorted(
            (bool(each.blocked) for each in found), reverse=True
        )


def typed(chance: random.Random) -> Traits:
    row = drawn(chance)
    company = row.pop("erp_company")
    return Traits(**{name: value or "" for name, value in row.items()}, company=company)


@pytest.mark.parametrize(
    "name, said",
    [
        ("Łódź Bolts", "Same name"),
        ("LODZ bolts", "Same name"),
        ("Lodz Bolts Ltd", "Name is nearly the same"),
    ],
)
def test_a_name_that_is_the_same_is_not_called_nearly_so(make, name, said):
    make.account("Łódź Bolts")

    (found,) = duplicate_hints.find(Traits(name), by=make.alice)

    assert found.reasons == [said]


def test_two_queries_answer_all_keys(make):
    make.account("Acme Bolts", phone="+33 1 42 68 53 00", tax_id="FR1", email="a@acme.example")
    traits = Traits("Acme Bolts", "C1", "", "FR1", "0142685300", "a@acme.example", "acme.example")
    make.bob.can(None)  # she is read before the statements are counted
    bob, asked = make.bob, []
    duplicate_hints.find(traits, by=bob)  # the rules are known from here on

    def count(_connection, _cursor, statement, *_more):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        found = duplicate_hints.find(traits, by=bob)
    finally:
        event.remove(db.engine, "before_cursor_execute", count)

    assert len(found) == 1
    assert len([each for each in asked if "account" in each]) == 2


@pytest.mark.parametrize(
    "index, condition",
    [
        ("ix_account_phone_key", "phone_key = '2685300' AND phone_key IS NOT NULL"),
        ("ix_account_domain_key", "domain_key = 'a.example' AND domain_key IS NOT NULL"),
        ("ix_account_site_key", "site_key = 'a.example' AND site_key IS NOT NULL"),
        ("ix_account_number_sort", "number = 'C1' AND number IS NOT NULL"),
    ],
)
def test_accounts_are_found_by_an_index(make, index, condition):
    sqlite = session.get_bind().dialect.name == "sqlite"
    asked = (
        "EXPLAIN QUERY PLAN SELECT id FROM account"  # noqa: S608  (our own text)
        f" WHERE deleted_at IS NULL AND {condition} ORDER BY id + 0 LIMIT 100"
        if sqlite
        else "SELECT indexname FROM pg_indexes"  # its planner takes any index of so small a table
    )

    assert index in " ".join(str(step[-1]) for step in session.execute(text(asked)))
