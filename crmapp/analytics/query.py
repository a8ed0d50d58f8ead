"""The question a grid asks, as a frozen value: from a URL's arguments and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn, Self

from crmapp.analytics.dataset import PERIODS, Dataset
from crmapp.domain.periods import MONTHS
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text

SIZES = (25, 50, 100, 200)
ACTIVITIES = ("with", "without", "all")
LONGEST_SEARCH = 200
MOST_DIGITS = 9
PERIOD_KEYS: Mapping[str, tuple[str, ...]] = {
    "months": (*(f"m{n}" for n in range(1, MONTHS + 1)), "total"),
    "ytd": ("current", "previous", "variance", "percent"),
    "total": ("total",),
}
"""The columns of one measure under each period: twelve months and their total; and so on."""

FOCUS = "focus."
_ARGUMENTS = (
    "period", "measures", "properties", "q", "sort", "activity", "page", "size", "sel",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What a grid shows: one dimension's entities, their properties, and measures by period.

    ``period``: ``months`` (the last twelve, of the first measure), ``ytd`` (year to date against
    last year), ``total``. ``activity``: entities with facts in the period, without, or all.
    ``sort`` is a column's name; ``focus`` holds (dimension, selection id): only facts of those.
    ``selection`` is the id of the selection that is marked.
    """

    dataset: str
    dimension: str
    properties: tuple[str, ...]
    measures: tuple[str, ...]
    period: str = "months"
    search: str = ""
    sort: str = ""
    descending: bool = True
    activity: str = "with"
    page: int = 1
    size: int = 50
    focus: tuple[tuple[str, int], ...] = ()
    selection: int | None = None

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
        reader = _Reader({name: args[name] for name in args if name not in ignore})
        shape = dataset.dimension(dimension)
        period = reader.choice("period", PERIODS, dataset.period)
        every = tuple(dataset.measures)
        question = cls(
            dataset=dataset.name,
            dimension=dimension,
            properties=reader.several("properties", shape.properties, shape.shown),
            measures=reader.several("measures", every, every if period == "total" else every[:1]),
            period=period,
            search=reader.text("q"),
            activity=reader.choice("activity", ACTIVITIES, ACTIVITIES[0]),
            page=reader.number("page", 1),
            size=int(reader.choice("size", [str(size) for size in SIZES], "50")),
            focus=tuple(sorted(reader.focus(dataset))),
            selection=reader.number("sel", 0) or None,
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
            "measures": ",".join(self.measures),
            "properties": ",".join(self.properties),
            "q": self.search,
            "sort": "" if self == self.sorted_by_default() else self.order,
            "activity": "" if self.activity == ACTIVITIES[0] else self.activity,
            "page": "" if self.page == 1 else str(self.page),
            "size": "" if self.size == 50 else str(self.size),
            "sel": str(self.selection or ""),
        }
        args |= {f"{FOCUS}{dimension}": str(number) for dimension, number in self.focus}
        return {name: value for name, value in args.items() if value}

    @property
    def order(self) -> str:
        """The sort column as an argument: ``-value.total`` is from large to small."""
        return f"{'-' if self.descending else ''}{self.sort}"

    @property
    def shown_measures(self) -> tuple[str, ...]:
        """The measures that have columns: months are of one measure."""
        return self.measures[:1] if self.period == "months" else self.measures

    @property
    def measure_columns(self) -> tuple[str, ...]:
        """The names of the measures' columns: ``value.m1`` … ``value.total``."""
        keys = PERIOD_KEYS[self.period]
        return tuple(f"{measure}.{key}" for measure in self.shown_measures for key in keys)

    def sorted_by_default(self) -> Self:
        """The same question, from the largest total (or current value) down."""
        main = "current" if self.period == "ytd" else "total"
        return replace(self, sort=f"{self.measures[0]}.{main}", descending=True)

    def change(self, **changes: Any) -> Self:
        """The same question with some values changed: on its first page unless that is given.

        A sort by a column that is no longer there becomes the usual one.
        """
        unknown = set(changes) - {field.name for field in fields(self)}
        if unknown:
            raise TypeError(f"a question has no {sorted(unknown)}")
        changed = replace(self, **{"page": 1} | changes)
        if "." in changed.sort and changed.sort not in changed.measure_columns:
            return changed.sorted_by_default()
        return changed


@dataclass(frozen=True)
class Number:
    """One number of a grid: the period of its column, and its entity's key; none is the total.

    Several entities have what they come to together. A variance has the facts of both its periods
    behind it.
    """

    period: str
    entities: tuple[str, ...] = ()

    @classmethod
    def read(cls, question: Question, column: str, entities: Iterable[str] = ()) -> Self:
        """Read which number is meant from a column's name, such as ``value.m3``.

        Raises:
            Invalid: the question has no such column.
        """
        if column not in question.measure_columns:
            problem = Text(
                N_("%(name)s is none of those that can be used: %(allowed)s."),
                {"name": _short(column), "allowed": ", ".join(question.measure_columns)},
            )
            raise Invalid({"of": problem}, problem)
        return cls(column.partition(".")[2], tuple(dict.fromkeys(entities)))


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


class _Reader:
    """Reads arguments one by one and gathers what is wrong with them."""

    def __init__(self, args: Mapping[str, str]) -> None:
        self._args = args
        self._problems: dict[str, Text | str] = {}
        for name in args:
            if name not in _ARGUMENTS and not name.startswith(FOCUS):
                self.refuse(name, (*_ARGUMENTS, FOCUS + "…"), known=False)

    def text(self, name: str) -> str:
        text = self._args.get(name, "").strip()
        if len(text) > LONGEST_SEARCH:
            self._problems[name] = Text(
                N_("%(name)s is too long: use up to %(count)s characters."),
                {"name": name, "count": LONGEST_SEARCH},
            )
            return ""
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            self._problems[name] = Text(
                N_("%(name)s holds a character that cannot be used."), {"name": name}
            )
            return ""
        return text

    def choice(self, name: str, allowed: Collection[str], default: str) -> str:
        value = self._args.get(name) or default
        if value not in allowed:
            self.refuse(name, allowed)
            return default
        return value

    def several(
        self, name: str, allowed: Collection[str], default: tuple[str, ...]
    ) -> tuple[str, ...]:
        values = tuple(dict.fromkeys(filter(None, self._args.get(name, "").split(","))))
        if any(value not in allowed for value in values):
            self.refuse(name, allowed)
            return default
        return values or default

    def number(self, name: str, default: int) -> int:
        value = self._args.get(name) or str(default)
        plain = value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS
        if not plain or int(value) < 1 <= default:
            self._problems[name] = Text(N_("%(name)s is not a number from 1 on."), {"name": name})
            return default
        return int(value)

    def focus(self, dataset: Dataset) -> Iterable[tuple[str, int]]:
        for name in self._args:
            if not name.startswith(FOCUS):
                continue
            dimension = name.removeprefix(FOCUS)
            if dimension not in dataset.dimensions:
                self.refuse(name, [FOCUS + known for known in dataset.dimensions], known=False)
            elif number := self.number(name, 0):
                yield dimension, number

    def refuse(self, name: str, allowed: Collection[str], known: bool = True) -> None:
        words = {"name": _short(name), "allowed": ", ".join(allowed)}
        self._problems[_short(name)] = (
            Text(N_("%(name)s is none of those that can be used: %(allowed)s."), words)
            if known
            else Text(N_("There is no argument %(name)s; there are: %(allowed)s."), words)
        )

    def finish(self) -> None:
        if self._problems:
            raise Invalid(self._problems, next(iter(self._problems.values())))


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"


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


def _other_dimension(number: int) -> NoReturn:
    problem = Text(N_("Selection %(number)s is of another dimension."), {"number": number})
    raise Invalid({"sel": problem}, problem)
