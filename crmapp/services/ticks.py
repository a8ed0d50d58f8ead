"""The boxes people tick in the grid, as changes to their selection."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from crmapp.analytics.engine import Row
from crmapp.analytics.query import Question, Selection
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import datasets, grids, selections

_BATCH = 5_000


def tick(question: Question, ticked: Collection[str], *, by: User) -> int | None:
    """Select those rows of the page that are ticked, deselect its others; return the selection.

    Rows of other pages stay as they are.

    Raises:
        NotFound: a ticked row is not on the page, or the selection is not there.
        Invalid: the selection would hold too many rows.
    """
    rows = grids.answer(question, by=by).rows
    return _choose(question, rows, ticked, by)


def whole_page(question: Question, *, by: User) -> int | None:
    """Select every row of the page; return the selection."""
    rows = grids.answer(question, by=by).rows
    return _choose(question, rows, [row.key for row in rows], by)


def _choose(
    question: Question, rows: Sequence[Row], ticked: Collection[str], by: User
) -> int | None:
    if not set(ticked) <= {row.key for row in rows}:
        raise NotFound(Text(N_("That row is no longer on this page; choose the rows again.")))
    add = [row.key for row in rows if row.key in ticked and not row.selected]
    remove = [row.key for row in rows if row.key not in ticked and row.selected]
    if not add and not remove:
        return question.selection
    _take_in(question, add, by)
    return selections.change(question, by=by, add=add, remove=remove)


def everything(question: Question, count: int, *, by: User) -> int:
    """Select all that the question matches, beside what is selected; return the selection.

    ``count`` is the number of rows that the person was offered.

    Raises:
        Invalid: the number has changed since.
        NotFound: the selection is not there.
    """
    found = grids.answer(question, by=by)
    if found.count != count:
        problem = Text(
            N_("The number of rows has changed to %(count)s. Look at them and choose again."),
            {"count": found.count},
        )
        raise Invalid({"count": problem}, problem)
    if question.selection is None or not found.selected:
        return grids.select_all(question, by=by)
    more = found.count + found.selected
    held = (
        set(_keys(question, _selection(question, by), by)) if more <= selections.MOST_KEYS else ()
    )
    matching = set(_keys(question, None, by)) if held else set()
    if not set(held) - matching:
        return grids.select_all(question, by=by)
    return selections.spell_out(question.selection, matching | set(held), by=by)


def _take_in(question: Question, add: Collection[str], by: User) -> None:
    """Let a selection of "all that match" take in rows from outside: it becomes a list of rows."""
    selection = _selection(question, by)
    if question.selection is None or selection is None or selection.matching is None:
        return
    if set(add) <= selection.keys:  # they were left out of it, and come back
        return
    keys = _keys(question, selection, by)
    if len(keys) > selections.MOST_KEYS:
        problem = N_("All that match another search are selected. Clear the selection first.")
        raise Invalid({"sel": problem}, Text(problem))
    selections.spell_out(question.selection, keys, by=by)


def _selection(question: Question, by: User) -> Selection | None:
    if question.selection is None:
        return None
    dataset = datasets.engine_for(question.dataset).dataset
    return selections.referred(question, dataset, by=by)[question.selection]


def _keys(question: Question, selection: Selection | None, by: User) -> list[str]:
    """The keys a selection holds, or all that match; a few more than a selection can hold."""
    engine = datasets.engine_for(question.dataset)
    keys: list[str] = []
    while len(keys) <= selections.MOST_KEYS:
        rows = engine.rows(
            question,
            selection=selection,
            restriction=grids.restriction_for(by, engine.dataset),
            selections=selections.referred(question, engine.dataset, by=by),
            after=keys[-1] if keys else None,
            limit=_BATCH,
        )
        if not rows:
            break
        keys += [row.key for row in rows]
    return keys
