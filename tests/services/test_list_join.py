"""What each side says of a list's values is brought together, however many there are."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from crmapp import artefacts, noted
from crmapp.db import session
from crmapp.domain.list_values import (
    Here,
    Original,
    Scope,
    There,
    Value,
    decide_here,
    decide_there,
    wanted_there,
    word_of,
)
from crmapp.domain.plan import Planned, PlanRow
from crmapp.models import Run
from crmapp.services import engine, list_join
from crmapp.services.list_stage import SIDES
from tests.factories import Make

Rows = Iterable[tuple[Any, ...]]
SCOPE = Scope("departments")


def source(key: str, label: str = "Ten", *, active: bool = True) -> tuple[Any, ...]:
    return key.lower(), key, label, active, word_of(key), word_of(label)


def here(id_: int, key: str | None, label: str = "Ten", **values: Any) -> tuple[Any, ...]:
    code = values.get("code", key or label)
    return (
        *(key.lower() if key else f"\x01{id_}", id_, 3, code, label, "Dix"),
        *(values.get("active", True), values.get("deleted", False), key),
        *(word_of(code), None if key else word_of(label)),
    )


def there(key: str, label: str = "Ten", *, hidden: bool = False) -> tuple[Any, ...]:
    return key.lower(), key, label, hidden


def joined(make: Make, of_source: Rows = (), of_here: Rows = (), of_there: Rows = ()) -> Run:
    """Write down what the sides say, in files of a few rows, and join it."""
    run = make.run(kind="managed_list", status="planning")
    run.source = {"list": "departments", "mode": "all", "there": True}
    notes: dict[str, list[Any]] = {}
    for side, rows in (("source", of_source), ("here", of_here), ("there", of_there)):
        numbered = [(n, *row) for n, row in enumerate(rows, 1)]
        for start in range(0, len(numbered), 5000):
            columns = zip(*numbered[start : start + 5000], strict=True)
            cells = dict(zip(SIDES[side], columns, strict=True))
            note = noted.write(run.id, f"{side}-{start}", cells)
            notes.setdefault(side, []).append((note.name, note.rows))
    run.mapping = {"phase": "join", "notes": notes, "after": 0}
    session.commit()
    held = engine.claim(run.id)
    assert held is not None
    list_join.join(held, session.get_one(Run, run.id))
    return session.get_one(Run, run.id)


def values(run: Run) -> list[Value]:
    return [*list_join.next_values(run, "false").differing]


def test_a_value_is_what_all_sides_say_of_it(make):
    run = joined(make, [source("10", "X")], [here(7, "10")], [there("10", hidden=True)])

    (value,) = values(run)

    assert value == Value(
        Original("10", "X", True),
        Here(7, 3, "10", "Ten", "Dix", True, False, "10"),
        There("10", "Ten", True),
    )


def test_what_was_read_twice_counts_once_and_as_it_was_read_last(make):
    run = joined(
        make,
        [source("10", "Old"), source("20"), source("10", "New")],
        of_there=[there("10"), there("10", hidden=True)],
    )

    found = {value.original.key: value for value in values(run) if value.original}

    assert found.keys() == {"10", "20"}
    assert found["10"].original == Original("10", "New", True)
    assert found["10"].there == There("10", "Ten", True)


def test_codes_that_differ_by_capitals_are_one_value_whose_others_are_said(make):
    run = joined(make, [source("b"), source("ab"), source("AB"), source("aB")])

    found = [value.original for value in values(run)]

    assert found == [Original("AB", "Ten", True, ("aB", "ab")), Original("b", "Ten", True)]


def test_a_value_here_without_a_code_of_intacct_is_the_one_of_the_same_word(make):
    run = joined(
        make,
        [source("T1", "Net 30"), source("net_60", "Sixty"), source("T3", "Other")],
        [here(1, None, "net 30", code="n30"), here(2, None, "60", code="NET_60"), here(3, "T3")],
    )

    found = {
        value.original.key: value.here and value.here.id for value in values(run) if value.original
    }

    assert found == {"T1": 1, "net_60": 2, "T3": 3}


def test_a_new_code_is_taken_if_it_means_another_value(make):
    run = joined(
        make,
        [source("a/b"), source("a-b/"), source("c/d"), source("free")],
        [here(1, "other", code="c_d")],
    )

    taken = {value.original.key for value in values(run) if value.original and value.taken}

    assert taken == {"a/b", "a-b/", "c/d"}


@pytest.mark.parametrize("seed", range(3))
def test_values_found_the_same_are_those_of_which_nothing_would_change(make, monkeypatch, seed):
    random = Random(seed)
    monkeypatch.setattr(list_join, "_PART", random.choice((7, 25_000)))
    run = joined(make, *sides(random))
    every = values(run)

    for same, found, decided in (
        ("same_here", list_join.unchanged_here, decided_here(every)),
        ("same_there", list_join.unchanged_there, decided_there(every)),
    ):
        next_ = list_join.next_values(run, same)
        part = artefacts.write(run.id, same, (), found(run, next_, 0))
        with artefacts.read([part.name]) as plan:
            rows = [PlanRow.from_json(each) for each in plan.rows("true", [], 1000)]

        assert rows
        assert [row.row_no for row in rows] == [*range(1, len(rows) + 1)]
        assert {row.action for row in rows} == {Planned.UNCHANGED}
        assert {row.key: row._replace(row_no=0) for row in rows}.items() <= decided.items()
        assert len(rows) + len(next_.differing) == len(every)


def sides(random: Random) -> tuple[list[Any], list[Any], list[Any]]:
    """Make up what three sides say of some values; mostly they agree."""
    said: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    for n in range(200):
        key, odd = f"k{n}" if n else "", lambda: random.random() < 0.15
        active = not odd()
        if not odd():
            said[0].append(source(key, "X" if odd() else "Ten", active=active))
        if not odd():
            mine = None if odd() else key.upper() if odd() else key
            shown = active is not odd()
            said[1].append(here(n + 1, mine, code=f"c{n}", active=shown, deleted=odd()))
        if not odd():
            said[2].append(there(key, "X" if odd() else "Ten", hidden=active is odd()))
    return said


def decided_here(every: Iterable[Value]) -> dict[str, PlanRow]:
    rows = [row for value in every for row in decide_here(value, SCOPE, 0)]
    return {row.key: row._replace(row_no=0) for row in rows if row.action is Planned.UNCHANGED}


def decided_there(every: Iterable[Value]) -> dict[str, PlanRow]:
    rows = [decide_there(wanted_there(value, SCOPE), value.there, 0) for value in every]
    return {row.key: row for row in rows if row and row.action is Planned.UNCHANGED}


def test_a_list_that_is_larger_than_its_memory_is_joined(make):
    count, long = 200_000, "A rather long name of a territory that people like to read "
    run = joined(
        make,
        (source(f"T{n}", f"{long}{n}") for n in range(count)),
        (here(n, f"T{n}", f"{long}{n}") for n in range(1, count)),
        (there(f"T{n}", f"{long}{n}") for n in range(count)),
    )

    left = list_join.next_values(run, "same_there")

    assert run.mapping["values"] == count
    assert [value.original and value.original.key for value in left.differing] == ["T0"]
