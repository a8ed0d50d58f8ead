"""A block of rows tells which row is not as it was."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain import sealing
from crmapp.domain.sealing import FIRST, Fault, Found

WHEN = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
VALUES = st.none() | st.integers(-(2**53), 2**53) | st.text() | st.lists(st.text(), max_size=3)
ROWS = st.dictionaries(st.integers(1, 10**6), VALUES, min_size=1, max_size=12).map(
    lambda rows: [(id_, rows[id_], WHEN) for id_ in sorted(rows)]
)


def never(_row_id):
    return False


@given(ROWS)
def test_rows_that_stay_as_they_are_fit(rows):
    assert sealing.compare(sealing.block(rows), rows, never) is None


@given(ROWS, st.data())
def test_a_row_that_is_taken_away_is_named(rows, data):
    gone = data.draw(st.sampled_from(rows))
    left = [row for row in rows if row is not gone]

    assert sealing.compare(sealing.block(rows), left, never) == Found(Fault.REMOVED, gone[0])
    assert sealing.compare(sealing.block(rows), left, lambda id_: id_ == gone[0]) is None


@given(ROWS, st.data(), VALUES)
def test_a_row_that_is_changed_is_named(rows, data, value):
    place = data.draw(st.integers(0, len(rows) - 1))
    changed = [*rows]
    changed[place] = (rows[place][0], [value, "otherwise"], WHEN)

    assert sealing.compare(sealing.block(rows), changed, never) == Found(
        Fault.CHANGED, rows[place][0]
    )


@given(ROWS, st.integers(1, 10**6 + 1))
def test_a_row_that_is_added_is_named(rows, id_):
    if id_ not in {row[0] for row in rows}:
        more = sorted([*rows, (id_, "new", WHEN)], key=lambda row: row[0])

        assert sealing.compare(sealing.block(rows), more, never) == Found(Fault.ADDED, id_)


@given(ROWS)
def test_two_rows_that_change_places_are_found(rows):
    if len(rows) > 1 and rows[0][1] != rows[-1][1]:
        moved = [(rows[0][0], *rows[-1][1:]), *rows[1:-1], (rows[-1][0], *rows[0][1:])]

        assert sealing.compare(sealing.block(rows), moved, never) == Found(
            Fault.CHANGED, rows[0][0]
        )


def test_a_digest_depends_on_everything_but_the_salts():
    entries = sealing.block([(1, "a", WHEN), (2, "b", WHEN)])
    whole = sealing.digest(FIRST, "change", 1, 2, entries)

    assert sealing.digest(FIRST, "change", 1, 2, sealing.forget(entries, {1})) == whole
    others = [
        sealing.digest("1" * 64, "change", 1, 2, entries),
        sealing.digest(FIRST, "event", 1, 2, entries),
        sealing.digest(FIRST, "change", 0, 2, entries),
        sealing.digest(FIRST, "change", 1, 3, entries),
        sealing.digest(FIRST, "change", 1, 2, entries[: len(entries) // 2]),
        sealing.digest(FIRST, "change", 1, 2, sealing.block([(1, "a", WHEN), (2, "b", WHEN)])),
    ]
    assert whole not in others


def test_nobody_can_guess_a_row_that_is_forgotten():
    entries = sealing.forget(sealing.block([(1, "a", WHEN), (2, "b", WHEN)]), {1})

    guessed = sealing.compare(entries, [(1, "a", WHEN), (2, "b", WHEN)], never)

    assert guessed == Found(Fault.CHANGED, 1)


def test_the_same_row_has_another_leaf_each_time():
    assert sealing.block([(1, "a", WHEN)]) != sealing.block([(1, "a", WHEN)])


@given(st.sets(st.integers(1, 60)))
def test_spans_hold_the_same_ids(ids):
    found = [*sealing.spans(sorted(ids))]

    assert [id_ for first, last in found for id_ in range(first, last + 1)] == sorted(ids)
    assert all(one[1] + 1 < other[0] for one, other in zip(found, found[1:], strict=False))
