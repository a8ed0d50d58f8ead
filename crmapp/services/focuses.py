"""Focus: a selection that is carried on as a filter, in its own dimension or in another one."""

from __future__ import annotations

from dataclasses import dataclass

from crmapp.analytics.query import Question, carried, selection_of
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import datasets, grids, selections

NOTHING = N_("Nothing is selected. Choose rows first.")


@dataclass(frozen=True)
class Focus:
    """A filter of a question: so many entities of a dimension, by the selection ``number``."""

    dimension: str
    number: int
    count: int


def into(question: Question, dimension: str, *, by: User) -> Question:
    """Carry the selected rows on to ``dimension``; what was focused on before stays.

    The focus is a copy: to change the selection later changes no page that was focused by it.

    Raises:
        NotFound: there is no such dimension, or the selection is not there.
        Invalid: nothing is selected.
    """
    dataset = grids.dataset(question.dataset, by=by)
    dataset.dimension(dimension)
    if question.selection is None or not _count(question, question.selection, by):
        raise Invalid({"sel": NOTHING}, Text(NOTHING))
    focus = dict(question.focus) | {
        question.dimension: selections.freeze(question.selection, by=by)
    }
    if dimension == question.dimension:
        return question.change(focus=tuple(sorted(focus.items())), search="")
    args = carried(question, dimension)
    args |= {f"focus.{name}": str(number) for name, number in focus.items()}
    return Question.from_args(dataset, dimension, args)


def of(question: Question, *, by: User) -> list[Focus]:
    """The filters of a question, with the number of entities that each lets through."""
    return [Focus(name, number, _count(question, number, by)) for name, number in question.focus]


def _count(question: Question, number: int, by: User) -> int:
    engine = datasets.engine_for(question.dataset)
    referred = selections.referred(question, engine.dataset, by=by)
    dimension = next((name for name, held in question.focus if held == number), question.dimension)
    return engine.count(
        question,
        selection=selection_of(referred, number, dimension),
        restriction=grids.restriction_for(by, engine.dataset),
        selections=referred,
    )
