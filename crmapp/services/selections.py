"""Selections in the grid: a person's stored predicates, a verb for each way to choose rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import and_, or_, select

from crmapp.analytics.arguments import FOCUS
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.query import Question, Selection
from crmapp.db import session, unit_of_work
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import Favourite, StoredSelection, User

MOST_KEYS = 20_000


def referred(question: Question, dataset: Dataset, *, by: User) -> dict[int, Selection]:
    """Every selection that a question refers to, directly or through another one, by id.

    Raises:
        NotFound: one of them is not there, or is somebody else's.
    """
    found: dict[int, Selection] = {}
    wanted = _numbers(question)
    while wanted:
        number = wanted.pop()
        if number in found:
            continue
        found[number] = selection = _value(_row(number, by), dataset)
        if selection.matching is not None:
            wanted += _numbers(selection.matching)
    return found


def change(
    question: Question,
    *,
    by: User,
    add: Collection[str] = (),
    remove: Collection[str] = (),
) -> int:
    """Select and deselect entities by their keys; return the id of the selection.

    It is the selection that the question refers to, or a new one.

    Raises:
        NotFound: the selection is not there, or is somebody else's.
        Invalid: more keys than a selection can hold.
    """
    with unit_of_work():
        row = _row(question.selection, by, lock=True) if question.selection else _new(question, by)
        if row.mode == "some":
            chosen = (set(row.keys) | set(add)) - set(remove)
        else:  # the keys are those that are left out
            chosen = (set(row.keys) | set(remove)) - set(add)
        if len(chosen) > MOST_KEYS:
            problem = Text(
                N_("Choose up to %(count)s rows one by one, or all that match."),
                {"count": MOST_KEYS},
            )
            raise Invalid({"sel": problem}, problem)
        row.keys = sorted(chosen)
        return _kept(row)


def select_all(question: Question, *, by: User) -> int:
    """Select everything that a question matches, on every page; return the selection's id."""
    with unit_of_work():
        row = _row(question.selection, by, lock=True) if question.selection else None
        if row is None or question.focus:  # what a focus builds on must not come to build on it
            row = _new(question, by)
        row.mode, row.keys = "all", []
        row.args = question.change(selection=None).to_args()
        return _kept(row)


def freeze(number: int, *, by: User) -> int:
    """Copy a selection, so that a focus keeps what it was made of; return the copy's id."""
    with unit_of_work():
        return _copy(_row(number, by), by.id)


def lend(number: int, favourite_id: int, owner_id: int, *, by: User) -> int:
    """Copy a selection, and those that it builds on, for a favourite; return the copy's id.

    Expects a unit of work around it. What belongs to the favourite already is not copied.

    Raises:
        NotFound: the selection is not there, or not open to ``by``.
    """
    row = _row(number, by)
    if row.favourite_id == favourite_id:
        return row.id
    args = {
        name: str(lend(int(value), favourite_id, owner_id, by=by))
        if name.startswith(FOCUS) and value.isdecimal()
        else value
        for name, value in row.args.items()
    }
    return _copy(row, owner_id, favourite_id=favourite_id, args=args)


def _copy(row: StoredSelection, owner_id: int, **other: Any) -> int:
    kept = {"args": dict(row.args), "mode": row.mode, "keys": list(row.keys)}
    place = {"dataset": row.dataset, "dimension": row.dimension}
    return _kept(StoredSelection(**{"user_id": owner_id, **place, **kept, **other}))


def spell_out(number: int, keys: Iterable[str], *, by: User) -> int:
    """Make a selection a list of these rows, whatever it was; return its id."""
    with unit_of_work():
        row = _row(number, by, lock=True)
        row.mode, row.keys, row.args = "some", sorted(keys), {}
        return _kept(row)


def kept(selections: Mapping[int, Selection]) -> dict[str, dict[str, object]]:
    """Selections as JSON, for what must outlive their rows."""
    return {
        str(number): {
            "dimension": one.dimension,
            "keys": sorted(one.keys),
            "args": one.matching.to_args() if one.matching else None,
        }
        for number, one in selections.items()
    }


def unkept(json: Mapping[str, Mapping[str, object]], dataset: Dataset) -> dict[int, Selection]:
    """Selections from what :func:`kept` made of them."""
    return {
        int(number): _selection(dataset, str(one["dimension"]), _texts(one["keys"]), one["args"])
        for number, one in json.items()
    }


def _selection(dataset: Dataset, dimension: str, keys: Iterable[str], args: object) -> Selection:
    if not isinstance(args, Mapping):
        return Selection.some(dimension, keys)
    return Selection.all_but(Question.from_args(dataset, dimension, args), keys)


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _value(row: StoredSelection, dataset: Dataset) -> Selection:
    if row.dataset != dataset.name:
        raise NotFound(Text(N_("There is no such selection; choose the rows again.")))
    return _selection(dataset, row.dimension, row.keys, row.args if row.mode == "all" else None)


def _numbers(question: Question) -> list[int]:
    focused = [number for _, number in question.focus]
    return [*focused, question.selection] if question.selection else focused


def _new(question: Question, by: User) -> StoredSelection:
    return StoredSelection(
        user_id=by.id,
        dataset=question.dataset,
        dimension=question.dimension,
        mode="some",
        keys=[],
        args={},
    )


def _row(number: int, by: User, lock: bool = False) -> StoredSelection:
    """Read a selection of hers, or of a favourite that she may open; ``lock`` to change it."""
    hers = and_(StoredSelection.user_id == by.id, StoredSelection.favourite_id.is_(None))
    query = select(StoredSelection).where(StoredSelection.id == number)
    if lock:
        row = session.scalar(query.where(hers).with_for_update())
    else:
        lent = select(Favourite.id).where(Favourite.shared_with(by.id))
        row = session.scalar(query.where(or_(hers, StoredSelection.favourite_id.in_(lent))))
    if row is None:
        raise NotFound(Text(N_("There is no such selection; choose the rows again.")))
    return row


def _kept(row: StoredSelection) -> int:
    session.add(row)
    session.flush()
    return row.id
