"""A dataset: what a YAML file says about tables, in our own words, checked when it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from crmapp.analytics import expressions, outline
from crmapp.analytics.expressions import Formula
from crmapp.analytics.outline import Outline, Place
from crmapp.errors import DatasetError, NotFound
from crmapp.i18n import LOCALES, N_, Text

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.(parquet|csv)")
KINDS = ("text", "number", "money", "percent", "date")
PERIODS = ("months", "ytd", "total")
MISSING = "(none)"
"""The key of the entity to which facts without a key belong, where a dimension allows them."""


@dataclass(frozen=True)
class Label:
    """A word in every language that crmapp speaks."""

    en: str
    fr: str

    def text(self, locale: str = "en") -> str:
        """The word in a language; English where we do not speak it."""
        return self.fr if str(locale).startswith("fr") else self.en


@dataclass(frozen=True)
class Property:
    """What is known of an entity besides its key: ``sql`` is an expression over one row."""

    name: str
    label: Label
    kind: str
    sql: str
    place: Place


@dataclass(frozen=True)
class Measure:
    """A number that facts add up to."""

    name: str
    label: Label
    kind: str
    formula: Formula
    place: Place


@dataclass(frozen=True)
class Dimension:
    """A way to look at the facts: its entities have a key, properties, maybe a file of their own.

    ``file`` and ``join``: the entities' own table, and the fact's expression that holds their key.
    ``missing``: how to call the entity of facts without a key; without it they are a mistake.
    """

    name: str
    label: Label
    key: str
    title: str
    properties: Mapping[str, Property]
    shown: tuple[str, ...]
    file: str | None
    join: str
    missing: Label | None
    place: Place


@dataclass(frozen=True)
class Dataset:
    """One dataset; the screen calls it a database. ``text`` is the file it was read from.

    ``details`` are what a single fact shows beside its entities and measures: an order's number.
    ``categories`` is the dimension of what is bought, in groups that a customer keeps or gives up.
    """

    name: str
    label: Label
    file: str
    day: str
    shift: bool
    currency: str
    period: str
    accounts: str | None
    categories: str | None
    dimensions: Mapping[str, Dimension]
    measures: Mapping[str, Measure]
    details: Mapping[str, Property]
    place: Place
    day_place: Place
    text: str

    def dimension(self, name: str) -> Dimension:
        """A dimension by name.

        Raises:
            NotFound: there is none of that name.
        """
        if name not in self.dimensions:
            raise NotFound(
                Text(N_("%(dataset)s has no dimension of that name."), {"dataset": self.name})
            )
        return self.dimensions[name]

    def fact_columns(self) -> dict[str, str]:
        """Name the columns that measures need from a fact: row expression → column."""
        arguments = dict.fromkeys(
            one.argument
            for measure in self.measures.values()
            for one in measure.formula.aggregates
            if one.argument is not None
        )
        return {sql: f"_x{number}" for number, sql in enumerate(arguments, start=1)}

    def files(self) -> Iterator[tuple[str, Place]]:
        """The tables' files, each with the place that names it."""
        yield self.file, self.place
        for dimension in self.dimensions.values():
            if dimension.file:
                yield dimension.file, dimension.place


def load(path: Path) -> Dataset:
    """Read a dataset file and check that its tables' files are there.

    Raises:
        DatasetError: ``sales.yml:12: what is wrong; allowed: …``
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            Text(N_("%(file)s cannot be read: %(why)s"), {"file": path.name, "why": str(error)})
        ) from error
    dataset = parse(text, path.name)
    if dataset.name != path.stem:
        Place(path.name, 1).fail(f"the name is {dataset.name!r}", f"{path.stem!r}, as the file's")
    for file, place in dataset.files():
        if not (path.parent / file).is_file():
            place.fail(f"there is no file {file!r} beside {path.name}")
    return dataset


@lru_cache(maxsize=50)
def parse(text: str, file: str) -> Dataset:
    """Read a dataset from its text; ``file`` is how its mistakes name it.

    Those read last are kept: to read one takes 10 ms, and the page of all databases reads each.

    Raises:
        DatasetError: ``sales.yml:12: what is wrong; allowed: …``
    """
    top = outline.read(text, file)
    parts = top.mapping(
        required=("name", "label", "fact", "dimensions", "measures"),
        optional=("currency", "period", "accounts", "categories"),
    )
    fact = parts["fact"].mapping(required=("file", "day"), optional=("shift", "details"))
    dimensions = {
        name: _dimension(name, part) for name, part in _named(parts["dimensions"], "dimension")
    }
    measures = {name: _measure(name, part) for name, part in _named(parts["measures"], "measure")}
    return Dataset(
        name=_name(parts["name"].text(), parts["name"].place),
        label=_label(parts["label"]),
        file=_file(fact["file"]),
        day=expressions.row(fact["day"].text(), fact["day"].place),
        shift="shift" in fact and bool(fact["shift"].choice(("last_full_month",))),
        currency=parts["currency"].text() if "currency" in parts else "",
        period=parts["period"].choice(PERIODS) if "period" in parts else PERIODS[0],
        accounts=parts["accounts"].choice(dimensions) if "accounts" in parts else None,
        categories=_categories(parts, dimensions, measures.values()),
        dimensions=MappingProxyType(dimensions),
        measures=MappingProxyType(measures),
        details=MappingProxyType(
            {name: _property(name, part) for name, part in _named(fact["details"], "detail")}
            if "details" in fact
            else {}
        ),
        place=fact["file"].place,
        day_place=fact["day"].place,
        text=text,
    )


def _categories(
    parts: Mapping[str, Outline], dimensions: Iterable[str], measures: Iterable[Measure]
) -> str | None:
    """The dimension of what accounts buy: another one than theirs, and worth something."""
    part = parts.get("categories")
    if part is None:
        return None
    if "accounts" not in parts:
        part.place.fail("'categories' are of what accounts buy, and there is no 'accounts'")
    chosen = part.choice([name for name in dimensions if name != parts["accounts"].text()])
    if not any(measure.formula.additive for measure in measures):
        part.place.fail("'categories' need a measure that adds up", "SUM(…) or COUNT(*)")
    return chosen


def _dimension(name: str, part: Outline) -> Dimension:
    parts = part.mapping(
        required=("label", "key", "properties"),
        optional=("name", "shown", "missing", "file", "join"),
    )
    properties = {n: _property(n, p) for n, p in _named(parts["properties"], "property")}
    key = parts["key"].choice(properties)
    if ("file" in parts) != ("join" in parts):
        part.place.fail("'file' and 'join' belong together", "both, or neither")
    shown = parts["shown"].words() if "shown" in parts else tuple(properties)
    for word in shown:
        if word not in properties:
            parts["shown"].place.fail(f"shown has {word!r}", properties)
    join = parts.get("join")
    return Dimension(
        name=name,
        label=_label(parts["label"]),
        key=key,
        title=parts["name"].choice(properties) if "name" in parts else key,
        properties=MappingProxyType(properties),
        shown=shown,
        file=_file(parts["file"]) if "file" in parts else None,
        join=expressions.row(join.text(), join.place) if join else properties[key].sql,
        missing=_label(parts["missing"]) if "missing" in parts else None,
        place=part.place,
    )


def _property(name: str, part: Outline) -> Property:
    parts = part.mapping(required=("label", "sql"), optional=("kind",))
    kind = parts["kind"].choice(KINDS) if "kind" in parts else KINDS[0]
    sql = expressions.row(parts["sql"].text(), parts["sql"].place)
    return Property(name, _label(parts["label"]), kind, sql, parts["sql"].place)


def _measure(name: str, part: Outline) -> Measure:
    parts = part.mapping(required=("label", "sql"), optional=("kind",))
    kind = parts["kind"].choice(("number", "money", "percent")) if "kind" in parts else "number"
    formula = expressions.measure(parts["sql"].text(), parts["sql"].place)
    return Measure(name, _label(parts["label"]), kind, formula, parts["sql"].place)


def _named(part: Outline, kind: str) -> Iterator[tuple[str, Outline]]:
    empty = True
    for name, child in part.items():
        yield _name(name, child.place), child
        empty = False
    if empty:
        part.place.fail(f"there is no {kind}", f"at least one {kind}")


def _name(name: str, place: Place) -> str:
    if not NAME.fullmatch(name):
        place.fail(f"{name!r} is not a name", "a to z, 0 to 9 and _, up to 40, a letter first")
    return name


def _file(part: Outline) -> str:
    name = part.text()
    if not FILE.fullmatch(name):
        part.place.fail(f"file is {name!r}", "a .parquet or .csv file beside this one")
    return name


def _label(part: Outline) -> Label:
    words = {language: word.text() for language, word in part.mapping(required=LOCALES).items()}
    return Label(**words)
