"""The search for accounts that may be the same, and what people say about its pairs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.errors import AlreadyRunning, Forbidden, NotFound
from crmapp.models import AccountPair, Run
from crmapp.services import account_pair_search, account_pairs, accounts, merges, runs
from tests.factories import Make


def search(make: Make) -> Run:
    """Search all accounts with a worker."""
    run = account_pair_search.start(by=make.mona)
    runs.work(run)
    return make.again(Run, run)


def found(make: Make, **of: Any) -> list[tuple[str, str, list[str]]]:
    pairs = account_pairs.listed(by=make.mona, **of).pairs
    return [(each.first.name, each.second.name, list(each.reasons)) for each in pairs]


@pytest.mark.parametrize(
    "one, other, reason",
    [
        ({"tax_id": "GB 123.456"}, {"tax_id": "gb123456"}, "tax_id"),
        ({"phone": "+49 (30) 55-501"}, {"phone": "030 55501"}, "phone"),
        ({"email": "Hello@Acme.example"}, {"email": "hello@acme.example"}, "email"),
        ({"number": "C1", "erp_company": "A"}, {"number": "C1", "erp_company": "B"}, "number"),
    ],
)
def test_accounts_that_share_a_word_are_a_pair_with_the_reason(
    make: Make, one: dict[str, str], other: dict[str, str], reason: str
) -> None:
    make.account("Acme", **one)
    make.account("Bolts", **other)

    run = search(make)

    assert found(make) == [("Acme", "Bolts", [reason])]
    assert (run.status, run.total, run.done) == ("done", 1, {"written": 1})


def test_near_names_at_one_postal_code_are_a_pair(make: Make) -> None:
    make.account("Acme Toys Ltd", billing_postal_code="12345")
    make.account("ACME Toys", billing_postal_code="123 45")
    make.account("Acme Toys", billing_postal_code="99999")

    search(make)

    assert found(make) == [("Acme Toys Ltd", "ACME Toys", ["name_postcode"])]


def test_the_pair_with_more_reasons_comes_first(make: Make) -> None:
    make.account("Acme", phone="5555 001")
    make.account("Bolts", phone="5555 001")
    make.account("Cogs", phone="5555 002", email="c@cogs.example")
    make.account("Cogs Two", phone="5555 002", email="c@cogs.example")

    search(make)

    assert found(make) == [
        ("Cogs", "Cogs Two", ["email", "phone"]),
        ("Acme", "Bolts", ["phone"]),
    ]


def test_many_words_are_searched_part_by_part(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_pair_search, "_PART", 2)
    for n in range(5):
        make.account(f"A{n}", phone=f"5555 00{n}")
        make.account(f"B{n}", phone=f"5555 00{n}")

    search(make)

    assert len(found(make)) == 5


def test_a_pair_that_is_none_any_more_is_forgotten(make: Make) -> None:
    make.account("Acme", phone="5555 001")
    other = make.account("Bolts", phone="5555 001")
    search(make)
    accounts.update(other.id, {"phone": "5555 002"}, 1, by=make.mona)

    search(make)

    assert session.scalars(select(AccountPair)).all() == []


def test_deleted_and_merged_accounts_are_in_no_pair(make: Make) -> None:
    kept, gone = make.account("Acme", phone="5555 001"), make.account("Bolts", phone="5555 001")
    search(make)

    merges.merge(kept.id, {kept.id: kept.version, gone.id: gone.version}, {}, by=make.mona)

    assert found(make) == []
    assert account_pairs.count(by=make.mona) == 0


def test_what_is_kept_apart_stays_so_in_either_order_and_after_a_search(make: Make) -> None:
    one, other = make.account("Acme", phone="5555 001"), make.account("Bolts", phone="5555 001")
    search(make)

    account_pairs.keep_apart(other.id, one.id, by=make.mona)
    search(make)

    assert found(make) == []
    assert found(make, different=True) == [("Acme", "Bolts", ["phone"])]


def test_a_pair_can_be_brought_back(make: Make) -> None:
    one, other = make.account("Acme", phone="5555 001"), make.account("Bolts", phone="5555 001")
    search(make)
    account_pairs.keep_apart(one.id, other.id, by=make.mona)

    account_pairs.bring_back(other.id, one.id, by=make.mona)

    assert found(make) == [("Acme", "Bolts", ["phone"])]


def test_one_search_runs_at_a_time(make: Make) -> None:
    account_pair_search.start(by=make.mona)

    with pytest.raises(AlreadyRunning):
        account_pair_search.start(by=make.alice)


@pytest.mark.parametrize("who", ["bob", "carol", "ivan"])
def test_whoever_may_not_merge_sees_no_pairs(make: Make, who: str) -> None:
    with pytest.raises(Forbidden):
        account_pairs.listed(by=getattr(make, who))
    with pytest.raises(Forbidden):
        account_pair_search.start(by=getattr(make, who))


def test_an_account_is_not_kept_apart_from_itself(make: Make) -> None:
    account = make.account("Acme")

    with pytest.raises(NotFound):
        account_pairs.keep_apart(account.id, account.id, by=make.mona)


def test_a_page_goes_on_where_the_last_one_ended(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_pairs, "PAGE", 2)
    for n in range(3):
        make.account(f"A{n}", phone=f"5555 00{n}")
        make.account(f"B{n}", phone=f"5555 00{n}")
    search(make)
    first = account_pairs.listed(by=make.mona)

    second = account_pairs.listed(by=make.mona, after=first.more)

    assert second.more is None
    assert {each.place for each in first.pairs}.isdisjoint(each.place for each in second.pairs)
    assert len([*first.pairs, *second.pairs]) == 3
