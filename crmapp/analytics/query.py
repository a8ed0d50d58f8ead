"""The question a grid asks, as a frozen value: from a URL's arguments and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Self

from crmapp.analytics.arguments import FOCUS, Reader, short
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.modes import (
    MODES,
    MOST_MONTHS,
    OF_ONE_MEASURE,
    fits,
    keys,
    main,
    spans,
    usual,
)
from crmapp.analytics.ranges import AGAINST, COMPARABLE, RANGES, Calendar
from crmapp.domain.periods import Period
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text

SIZES = (25, 50, 100, 200)
ACROSS = (5, 10, 20, 50)
ACTIVITIES = ("with", "without", "all")
VIEWS = ("grid", "bar", "line", "pareto")
"""How an answer may be drawn: as a table alone, or with a chart above it."""
ARGUMENTS = (
    "period", "mode", "against", "across", "top", "measures", "properties", "q", "sort", "activity",
    "page", "size", "sel", "fav", "view",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What a grid shows: one dimension's entities, their properties, and measures by period.

    ``period``: see :data:`crmapp.analytics.ranges.RANGES`; ``mode``: how it is laid out, see
    :data:`crmapp.analytics.modes.MODES`. ``against``: in a variance, the other period. ``across``:
    in a matrix, the dimension whose ``top`` largest entities have a column each. ``activity``:
    entities with facts in the period, without, or all. ``sort`` is a column's name; ``focus``
    holds (dimension, selection id): only facts of those. ``selection`` is the id of the selection
    that is marked, ``favourite`` that of the favourite that the question comes
    from; ``view`` says how the answer is drawn.
    """

    dataset: str
    dimension: str
    properties: tuple[str, ...]
    measures: tuple[str, ...]
    period: str = "months"
    mode: str = "months"
    against: str = AGAINST[0]
    across: str = ""
    top: int = 10
    search: str = ""
    sort: str = ""
    descending: bool = True
    activity: str = "with"
    page: int = 1
    size: int = 50
    focus: tuple[tuple[str, int], ...] = ()
    selection: int | None = None
    favourite: int | None = None
    view: str = VIEWS[0]

    @classmethod
    def from_args(
        cls,
        dataset: Dataset,
        dimension: str,
        args: Mapping[str, str],
        ignore: Collection[str] = (),
    ) -> Self:
        """Read a question from a URL's arguments; ``ignore`` names those of somebody else.

        Raises:
            NotFound: the dataset has no such dimension.
            Invalid: an argument is unknown or its value is not usable, one sentence each.
        """
        reader = Reader({name: args[name] for name in args if name not in ignore}, ARGUMENTS)
        shape = dataset.dimension(dimension)
        period = reader.period("period", RANGES, dataset.period)
        mode = reader.choice("mode", modes_for(dataset), usual(period))
        if not fits(mode, period):
            reader.reject("mode", Text(_MISFIT, {"mode": mode, "count": MOST_MONTHS}))
            mode = usual(period)
        against = reader.period("against", (*AGAINST, *COMPARABLE), AGAINST[0])
        others = [name for name in dataset.dimensions if name != dimension]
        across = reader.choice("across", others or [""], "".join(others[:1]))
        top = int(reader.choice("top", [str(count) for count in ACROSS], "10"))
        every = measures_for(dataset, mode)
        question = cls(
            dataset=dataset.name,
            dimension=dimension,
            properties=reader.several("properties", shape.properties, shape.shown),
            measures=reader.several("measures", every, every if mode == "total" else every[:1]),
            period=period,
            mode=mode,
            against=against if mode == "variance" else AGAINST[0],
            across=across if mode == "matrix" else "",
            top=top if mode == "matrix" else 10,
            search=reader.text("q"),
            activity=reader.choice("activity", ACTIVITIES, ACTIVITIES[0]),
            page=reader.number("page", 1),
            size=int(reader.choice("size", [str(size) for size in SIZES], "50")),
            focus=tuple(sorted(reader.focus(dataset))),
            selection=reader.number("sel", 0) or None,
            favourite=reader.number("fav", 0) or None,
            view=reader.choice("view", VIEWS, VIEWS[0]),
        )
        sort = reader.text("sort")
        allowed = (*shape.properties, *question.measure_columns)
        if sort and sort.removeprefix("-") not in allowed:
            reader.refuse("sort", allowed)
        reader.finish()
        if not sort:
            return question.sorted_by_default()
        return replace(question, sort=sort.removeprefix("-"), descending=sort.startswith("-"))

    def to_args(self) -> dict[str, str]:
        """The arguments of the URL that asks this question; what is usual is left out."""
        args = {
            "period": self.period,
            "mode": "" if self.mode == usual(self.period) else self.mode,
            "against": "" if self.against == AGAINST[0] else self.against,
            "across": self.across,
            "top": "" if self.top == 10 else str(self.top),
            "measures": ",".join(self.measures),
            "properties": ",".join(self.properties),
            "q": self.search,
            "sort": "" if self == self.sorted_by_default() else self.order,
            "activity": "" if self.activity == ACTIVITIES[0] else self.activity,
            "page": "" if self.page == 1 else str(self.page),
            "size": "" if self.size == 50 else str(self.size),
            "sel": str(self.selection or ""),
            "fav": str(self.favourite or ""),
            "view": "" if self.view == VIEWS[0] else self.view,
        }
        args |= {f"{FOCUS}{dimension}": str(number) for dimension, number in self.focus}
        return {name: value for name, value in args.items() if value}

    @property
    def order(self) -> str:
        """The sort column as an argument: ``-value.total`` is from large to small."""
        return f"{'-' if self.descending else ''}{self.sort}"

    @property
    def shown_measures(self) -> tuple[str, ...]:
        """The measures that have columns: some modes are of one measure."""
        return self.measures[:1] if self.mode in OF_ONE_MEASURE else self.measures

    @property
    def measure_columns(self) -> tuple[str, ...]:
        """The names that the measures' columns can have: ``value.m1`` … ``value.total``."""
        names = keys(self.mode, self.period, self.top)
        return tuple(f"{measure}.{key}" for measure in self.shown_measures for key in names)

    @property
    def by_row(self) -> Self:
        """The same question where every row stands by itself: of a matrix, its totals."""
        return replace(self, mode="total", across="") if self.mode == "matrix" else self

    def spans(self, calendar: Calendar) -> dict[str, Period | None]:
        """The days of each column that facts are added up for, by its key; None is all time."""
        return spans(self.mode, self.period, self.against, calendar)

    def sorted_by_default(self) -> Self:
        """The same question, from the largest total (or what stands for it in the mode) down."""
        return replace(self, sort=f"{self.measures[0]}.{main(self.mode)}", descending=True)

    def change(self, **changes: Any) -> Self:
        """The same question with some values changed: on its first page unless that is given.

        A mode that does not fit the new period becomes the period's usual one; a period that does
        not fit the new mode, the last twelve months. A sort by a column that is no longer there
        becomes the usual one, as do sorts by measures in another mode.
        """
        if unknown := changes.keys() - self.__dataclass_fields__.keys():
            raise TypeError(f"a question has no {sorted(unknown)}")
        changed = replace(self, **{"page": 1} | changes)
        if not fits(changed.mode, changed.period):
            if "mode" in changes:
                changed = replace(changed, period="months")
            else:
                changed = replace(changed, mode=usual(changed.period))
        if changed.mode != "variance":
            changed = replace(changed, against=AGAINST[0])
        if changed.mode != "matrix":
            changed = replace(changed, across="", top=10)
        gone = changed.sort not in changed.measure_columns or changed.mode != self.mode
        if "." in changed.sort and gone:
            return changed.sorted_by_default()
        return changed


def carried(question: Question, dimension: str) -> dict[str, str]:
    """The arguments that stay on the way to another dimension: what does not belong to rows."""
    kept = ("period", "mode", "against", "across", "top", "measures", "size")
    args = {name: value for name, value in question.to_args().items() if name in kept}
    if args.get("across") == dimension:
        args["across"] = question.dimension
    return args


def modes_for(dataset: Dataset) -> tuple[str, ...]:
    """The modes that a dataset has: shares need what adds up, a matrix a second dimension."""
    without = set()
    if not measures_for(dataset, "share"):
        without.add("share")
    if len(dataset.dimensions) < 2:
        without.add("matrix")
    return tuple(mode for mode in MODES if mode not in without)


def measures_for(dataset: Dataset, mode: str) -> tuple[str, ...]:
    """The measures that can be shown in a mode."""
    return tuple(
        measure.name
        for measure in dataset.measures.values()
        if mode != "share" or measure.formula.additive
    )


_MISFIT = N_("%(mode)s needs a period with a beginning and an end, of up to %(count)s months.")


@dataclass(frozen=True)
class Number:
    """One number of a grid: the key of its column, and of its entity; none is the total.

    Several entities have what they come to together; ``accounts`` narrow it down to what these
    bought. A variance has the facts of both its periods behind it, a share those of its entity.
    """

    column: str
    entities: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        question: Question,
        column: str,
        entities: Iterable[str] = (),
        accounts: Iterable[str] = (),
    ) -> Self:
        """Read which number is meant from a column's name, such as ``value.m3``.

        Raises:
            Invalid: the question has no such column.
        """
        if column not in question.measure_columns:
            no_such_column(column, question.measure_columns)
        only = tuple(dict.fromkeys(accounts))
        return cls(column.partition(".")[2], tuple(dict.fromkeys(entities)), only)


@dataclass(frozen=True)
class Selection:
    """Some entities of one dimension: those with the keys, or all that match except those.

    ``matching`` is the question whose entities (by search, activity, period and focus) "all" means.
    """

    dimension: str
    keys: frozenset[str]
    matching: Question | None = None

    @classmethod
    def some(cls, dimension: str, keys: Iterable[str]) -> Self:
        """Select the entities with these keys."""
        return cls(dimension, frozenset(keys))

    @classmethod
    def all_but(cls, question: Question, keys: Iterable[str] = ()) -> Self:
        """Select all entities that match a question, except those with these keys."""
        return cls(question.dimension, frozenset(keys), question)

    @property
    def mode(self) -> str:
        return "all" if self.matching else "some"


def selection_of(selections: Mapping[int, Selection], number: int, dimension: str) -> Selection:
    """The selection a question refers to.

    Raises:
        NotFound: there is none of that number.
        Invalid: it is of another dimension.
    """
    selection = selections.get(number)
    if selection is None:
        raise NotFound(Text(N_("There is no such selection; choose the rows again.")))
    if selection.dimension != dimension:
        _other_dimension(number)
    return selection


def no_such_column(name: str, allowed: Iterable[str]) -> NoReturn:
    """Refuse the name of a number's column."""
    problem = Text(
        N_("%(name)s is none of those that can be used: %(allowed)s."),
        {"name": short(name), "allowed": ", ".join(allowed)},
    )
    raise Invalid({"of": problem}, problem)


def _other_dimension(number: int) -> NoReturn:
    problem = Text(N_("Selection %(number)s is of another dimension."), {"number": number})
    raise Invalid({"sel": problem}, problem)
