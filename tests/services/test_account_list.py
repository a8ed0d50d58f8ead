"""The list of accounts: who sees which, in which order, page by page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmapp.errors import Invalid
from crmapp.services import account_list, account_order, accounts, contacts
from crmapp.services.account_question import NOBODY, SORTS, Cursor, Question


def names(make, by=None, **asked):
    page = account_list.page(Question(**asked), by=by or make.mona)
    return [account.name for account in page.rows]


def test_a_rep_sees_her_own_her_teams_and_nobodys_accounts(make):
    make.account("Mine", owner_id=make.bob.id)
    make.account("Our team's", team_id=make.bob.teams[0].id)
    make.account("Theirs", team_id=make.mallory.teams[0].id)

    assert names(make, by=make.bob) == ["Everybody's Elevators", "Mine", "Our team's"]


def test_a_viewer_sees_every_account(make):
    make.account("Theirs", owner_id=make.mallory.id)

    assert names(make, by=make.carol) == ["Elsewhere Engines", "Everybody's Elevators", "Theirs"]


def test_what_nobody_sees_within_a_name_does_not_matter_to_the_search(make):
    make.account("Ac\u200bme De\u00adntal")

    assert names(make, words="acme dental") == ["Ac\u200bme De\u00adntal"]


def test_counting_asks_for_permission_too(make):
    make.account("Theirs", owner_id=make.mallory.id)

    assert account_list.page(Question(), by=make.bob).count == 1


def test_only_statements_that_others_ask_as_well_are_kept(make):
    for by in (make.mona, make.bob):
        names(make, by=by)
    kept = account_order._walked.cache_info().currsize

    names(make, by=make.bob)
    names(make, words="acme", owner=make.bob.id)
    names(make, sort="owner")
    names(make, by=make.carol)

    assert account_order._walked.cache_info().currsize == kept


def test_names_are_sorted_as_people_do(make):
    for name in ("zebra", "Łódź", "Apple", "élan"):
        make.account(name)

    assert names(make)[0] == "Apple"
    assert names(make)[1:] == [
        "élan",
        "Elsewhere Engines",
        "Everybody's Elevators",
        "Łódź",
        "zebra",
    ]


@pytest.mark.parametrize(
    "words",
    ["globex", "GLOBEX", "Glo Lodz", "4711", "555 01", "łódź", "lodz", "bob", "north", "nowak glo"],
)
def test_search_looks_at_every_column(make, words):
    account = make.account(
        "Globex",
        number="C4711",
        phone="+1 555 0199",
        location="Łódź",
        owner_id=make.bob.id,
        team_id=make.bob.teams[0].id,
    )
    contacts.add(account.id, {"last_name": "Nowak"}, by=make.mona)

    assert names(make, words=words) == ["Globex"]


@pytest.mark.parametrize("words", ['" OR (', "%", "_", "\\", "' OR 1=1 --", "*", "NEAR(", "مرحبا"])
def test_search_takes_every_text_literally(make, words):
    make.account("Globex")

    assert names(make, words=words) == []


def test_two_letters_are_looked_for_at_the_beginning_of_names(make):
    make.account("3M")
    make.account("A3M")

    assert names(make, words="3m") == ["3M"]


def test_a_short_word_beside_a_long_one_narrows_the_search(make):
    make.account("Acme Dental")
    make.account("Acme Motors")

    assert names(make, words="acme de") == ["Acme Dental"]


def test_search_finds_nothing_of_another_rep(make):
    make.account("Secret Globex", owner_id=make.mallory.id)

    assert names(make, by=make.bob, words="globex") == []
    assert names(make, by=make.bob, words="mallory") == []


def test_the_list_is_narrowed_by_owner_team_and_activity(make):
    make.account("Bob's", owner_id=make.bob.id, active=False)
    make.account("North's", team_id=make.bob.teams[0].id)

    assert names(make, owner=make.bob.id) == ["Bob's"]
    assert names(make, team=make.bob.teams[0].id) == ["North's"]
    assert names(make, active=False) == ["Bob's"]
    assert names(make, owner=NOBODY, team=NOBODY) == ["Everybody's Elevators"]


def test_deleted_accounts_are_listed_for_those_who_may_restore(make):
    account = make.account("Gone")
    accounts.delete(account.id, by=make.mona)

    assert names(make, deleted=True) == ["Gone"]
    assert names(make, by=make.bob, deleted=True) == []


@pytest.mark.parametrize("words", ["hinterland", "bob", "hint nord"])
def test_deleted_accounts_can_be_searched(make, words):
    kept = make.account("Hinterland Nord", owner_id=make.bob.id)
    gone = make.account("Hinterland Norden", owner_id=make.bob.id)
    accounts.delete(gone.id, by=make.mona)

    assert names(make, deleted=True, words=words) == ["Hinterland Norden"]
    assert kept.name in names(make, words=words)
    assert account_list.page(Question(words=words, deleted=True), by=make.mona).count == 1
    assert "Gone" not in names(make)


@pytest.mark.parametrize("gone", [False, True])
def test_a_search_is_counted_without_the_many_others_that_it_would_find(make, monkeypatch, gone):
    monkeypatch.setattr("crmapp.services.account_search.FEW", 3)
    first = [make.account(f"Hinterland {n}").id for n in range(4)]
    last = [make.account(f"Hinterland {n}").id for n in range(4, 6)]
    for each in last if gone else first:
        accounts.delete(each, by=make.mona)

    page = account_list.page(Question(words="hinterland", deleted=gone, size=1), by=make.mona)

    assert (page.count, page.many) == (2, False)


def table(make):
    """Make accounts that have every column, some of them, or none."""
    teams = [make.bob.teams[0].id, make.mallory.teams[0].id, None]
    owners = [make.bob.id, make.mallory.id, None]
    for i in range(12):
        account = make.account(
            f"Firm {i % 5}",
            number=f"N{i}" if i % 3 else None,
            phone=f"555{i % 4}" if i % 2 else None,
            location=["Lyon", "Graz", None][i % 3],
            owner_id=owners[i % 3],
            team_id=teams[(i + 1) % 3],
        )
        if i % 4 == 0:
            contacts.add(account.id, {"last_name": f"Person {i % 3}"}, by=make.mona)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("descending", [False, True])
def test_pages_show_each_account_once_forwards_and_back(make, sort, descending):
    table(make)
    question = Question(sort=sort, descending=descending, size=3)
    whole = account_list.page(replace(question, size=100), by=make.mona)

    forwards, page = [], account_list.page(question, by=make.mona)
    pages = [page]
    while page.next:
        forwards += [account.id for account in page.rows]
        page = account_list.page(replace(question, cursor=page.next), by=make.mona)
        pages.append(page)
    forwards += [account.id for account in page.rows]
    backwards = [account.id for account in page.rows]
    while page.previous:
        page = account_list.page(replace(question, cursor=page.previous), by=make.mona)
        backwards = [account.id for account in page.rows] + backwards

    assert forwards == [account.id for account in whole.rows] == backwards
    assert len(set(forwards)) == 14


@pytest.mark.parametrize("sort", ["number", "phone", "location", "owner", "team"])
@pytest.mark.parametrize("descending", [False, True])
def test_accounts_without_a_value_come_last(make, sort, descending):
    table(make)
    page = account_list.page(Question(sort=sort, descending=descending), by=make.mona)

    values = [account.held[sort] for account in page.rows]
    there = [str(getattr(value, "name", value)) for value in values if value is not None]
    assert values[len(there) :] == [None] * (len(values) - len(there))
    assert there == sorted(there, reverse=descending)


def test_the_count_stops_where_nobody_cares(make, monkeypatch):
    monkeypatch.setattr(account_list, "COUNT_UP_TO", 2)
    monkeypatch.setattr(account_list, "_many", {})  # of this test alone
    make.account("Third")
    make.account("Fourth")

    page = account_list.page(Question(size=3), by=make.mona)

    assert (page.count, page.many, len(page.rows)) == (2, True, 3)


def test_a_place_in_the_list_survives_the_address():
    cursor = Cursor("has", ("Łódź", "lodz", 7), backwards=True)

    assert Cursor.read(str(cursor)) == cursor


@pytest.mark.parametrize(
    "args",
    [
        {"from": "x"},
        {"from": "%%%"},
        {"from": "W10"},
        {"from": "WyIiLFsxXSxudWxsXQ"},
        {"from": "WyIiLFsiXHVkODAwIiwxXSxmYWxzZV0"},  # half a character
        {"from": "W1tb" * 900},
        {"sort": "password"},
        {"sort": "--name"},
        {"active": "maybe"},
        {"owner": "1 OR 1=1"},
        {"owner": "99999999999999999999"},
        {"team": "me"},
        {"team": "-1"},
        {"q": "a\x00b"},
        {"q": "x" * 300},
        {"deleted": "1"},
    ],
)
def test_a_hand_written_address_that_means_nothing_is_refused(make, args):
    with pytest.raises(Invalid):
        account_list.page(Question.from_args(args, me=1), by=make.mona)


def test_an_address_says_what_is_asked():
    args = {"q": " acme ", "active": "yes", "owner": "me", "team": "none", "sort": "-number"}

    question = Question.from_args(args, me=7)

    assert question == Question(
        words="acme", active=True, owner=7, team=NOBODY, sort="number", descending=True
    )


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("words", ["", "firm"])
def test_neighbours_are_those_of_the_list(make, sort, descending, words):
    table(make)
    question = Question(sort=sort, descending=descending, words=words)
    ids = [line.id for line in account_list.everything(question, by=make.mona)]
    assert ids == [row.id for row in account_list.page(question, by=make.mona).rows]

    found = [
        account_list.neighbours(question, accounts.get(id_, by=make.mona), by=make.mona)
        for id_ in ids
    ]

    assert found == list(zip([None, *ids], [*ids[1:], None], strict=False))
