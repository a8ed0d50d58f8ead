"""What a table's columns become in the grid: a person's choices, and the YAML that says so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import sqlglot
import yaml
from sqlglot import exp
from sqlglot.errors import SqlglotError

from crmapp.analytics.dataset import NAME, PERIODS
from crmapp.analytics.intake.formats import DATES, NUMBERS, READINGS, TEXT
from crmapp.i18n import N_, Text

FILE = "lines.parquet"
ROLES: Mapping[str, str] = {
    "skip": N_("Leave out"),
    "day": N_("The date of a line"),
    "money": N_("Amount, added up"),
    "number": N_("Quantity, added up"),
    "distinct": N_("Count of different values"),
    "key": N_("Dimension"),
    "name": N_("Name of"),
    "property": N_("Property of"),
    "detail": N_("Detail of a line"),
}
"""What may become of a column. ``name`` and ``property`` belong to another column, a key."""
LONGEST_LABEL = 80
_NONE = {"en": "(none)", "fr": "(aucun)"}
_LINES = {"en": "Lines", "fr": "Lignes"}


@dataclass(frozen=True)
class Column:
    """A column of the table: how it is read, what it is called, and what becomes of it.

    ``of`` is the name of the key that a name or a property belongs to. ``own`` makes a property a
    dimension of its own as well; a key is one.
    """

    heading: str
    name: str
    label_en: str
    label_fr: str
    reading: str = TEXT
    role: str = "skip"
    of: str = ""
    own: bool = False

    @property
    def is_key(self) -> bool:
        return self.role == "key" or (self.own and self.role in ("name", "property"))


@dataclass(frozen=True)
class Dimension:
    """A dimension: the column that is its key, its name in addresses, its label."""

    key: str
    name: str
    label_en: str
    label_fr: str


@dataclass(frozen=True)
class Design:
    """A dataset as a person designs it over one table."""

    label_en: str
    label_fr: str
    currency: str = ""
    period: str = PERIODS[0]
    accounts: str = ""
    categories: str = ""
    columns: tuple[Column, ...] = ()
    dimensions: tuple[Dimension, ...] = field(default=())

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Design:
        columns = tuple(Column(**each) for each in kept["columns"])
        dimensions = tuple(Dimension(**each) for each in kept["dimensions"])
        return cls(**{**kept, "columns": columns, "dimensions": dimensions})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def used(self) -> tuple[Column, ...]:
        """The columns that are read."""
        return tuple(column for column in self.columns if column.role != "skip")

    @property
    def day(self) -> str:
        return next((each.name for each in self.columns if each.role == "day"), "")

    def settled(self) -> Design:
        """The design with one dimension per key, keys read as text, and nothing left dangling."""
        columns = tuple(
            replace(each, reading=TEXT) if each.is_key or each.role == "name" else each
            for each in self.columns
        )
        known = {each.key: each for each in self.dimensions}
        taken: set[str] = {each.name for each in self.dimensions}
        dimensions = []
        for column in columns:
            if column.is_key:
                fresh = Dimension(
                    column.name,
                    unique(column.name, taken, avoid=column.name not in known),
                    column.label_en,
                    column.label_fr,
                )
                dimensions.append(known.get(column.name, fresh))
                taken.add(dimensions[-1].name)
        keys = {each.key for each in dimensions}
        accounts = self.accounts if self.accounts in keys else ""
        bought = self.categories if accounts and self.categories in keys - {accounts} else ""
        dimensions.sort(key=lambda each: each.key != accounts)
        settled = replace(self, columns=columns, dimensions=tuple(dimensions))
        return replace(settled, accounts=accounts, categories=bought)


def unique(name: str, taken: set[str], *, avoid: bool = True) -> str:
    """A name that is not taken yet."""
    number, found = 2, name
    while avoid and found in taken:
        found, number = f"{name[:36]}_{number}", number + 1
    return found


def problems(design: Design) -> dict[str, Text]:
    """What keeps the design from being used: field → problem. Columns' fields are ``role.name``."""
    found: dict[str, Text] = {}
    for name in ("label_en", "label_fr"):
        _check_label(found, name, getattr(design, name))
    if design.currency and not re.fullmatch(r"[A-Z]{3}", design.currency):
        found["currency"] = Text(N_("Enter three letters, such as EUR, or leave it empty."))
    keys = {each.name for each in design.columns if each.is_key}
    for column in design.used:
        _check_column(found, column, keys)
    for dimension in design.dimensions:
        _check_label(found, f"dimension_en.{dimension.key}", dimension.label_en)
        _check_label(found, f"dimension_fr.{dimension.key}", dimension.label_fr)
    days = [each for each in design.columns if each.role == "day"]
    if not days:
        found[""] = Text(N_("Choose which column is the date of a line: periods need one."))
    for extra in days[1:]:
        found[f"role.{extra.name}"] = Text(N_("Only one column can be the date of a line."))
    if not keys and "" not in found:
        found[""] = Text(N_("Choose at least one column that is a dimension, such as customers."))
    names = [each.of for each in design.used if each.role == "name"]
    for column in design.used:
        if column.role == "name" and names.count(column.of) > 1:
            found[f"role.{column.name}"] = Text(N_("A dimension has only one name."))
    return found


def _check_column(found: dict[str, Text], column: Column, keys: set[str]) -> None:
    field_name = f"role.{column.name}"
    _check_label(found, f"column_en.{column.name}", column.label_en)
    _check_label(found, f"column_fr.{column.name}", column.label_fr)
    if column.reading not in READINGS:
        found[f"reading.{column.name}"] = Text(N_("Choose one from the list."))
    if column.role not in ROLES:
        found[field_name] = Text(N_("Choose one from the list."))
    elif column.role == "day" and column.reading not in DATES:
        found[field_name] = Text(N_("Choose how its dates are written."))
    elif column.role in ("money", "number") and column.reading not in NUMBERS:
        found[field_name] = Text(N_("Choose how its numbers are written."))
    elif column.role in ("name", "property") and (
        column.of not in keys or column.of == column.name
    ):
        found[field_name] = Text(N_("Choose the dimension that it belongs to."))


def _check_label(found: dict[str, Text], name: str, label: str) -> None:
    if not label.strip():
        found[name] = Text(N_("Enter a name for it."))
    elif len(label) > LONGEST_LABEL or not label.isprintable():
        found[name] = Text(N_("Use up to %(most)s characters."), {"most": LONGEST_LABEL})


def to_yaml(design: Design, name: str) -> str:
    """The design as the text of a dataset file over :data:`FILE`."""
    about: dict[str, Any] = {"name": name, "label": _label(design)}
    if design.currency:
        about["currency"] = design.currency
    about["period"] = design.period
    names = {each.key: each.name for each in design.dimensions}
    if design.accounts:
        about["accounts"] = names[design.accounts]
    if design.categories:
        about["categories"] = names[design.categories]
    about["fact"] = {"file": FILE, "day": identifier(design.day)}
    details = {each.name: _property(each) for each in design.used if each.role == "detail"}
    if details:
        about["fact"]["details"] = details
    about["dimensions"] = {each.name: _dimension(design, each) for each in design.dimensions}
    about["measures"] = dict(_measures(design))
    return yaml.safe_dump(
        about, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110
    )


def _dimension(design: Design, dimension: Dimension) -> dict[str, Any]:
    key = next(each for each in design.columns if each.name == dimension.key)
    mine = [each for each in design.used if each.of == key.name and each.role == "name"]
    title = mine[0].name if mine else key.name
    others = [each for each in design.used if each.of == key.name and each.role == "property"]
    mine += sorted(others, key=lambda each: not each.own)
    said: dict[str, Any] = {"label": _label(dimension), "key": key.name, "name": title}
    if dimension.key != design.accounts:
        said["missing"] = dict(_NONE)
    said["shown"] = list(dict.fromkeys([key.name, title, *(each.name for each in mine)]))[:4]
    said["properties"] = {each.name: _property(each) for each in (key, *mine)}
    return said


def _measures(design: Design) -> Iterator[tuple[str, dict[str, Any]]]:
    for column in sorted(design.used, key=lambda each: each.role != "money"):
        sql = identifier(column.name)
        if column.role in ("money", "number"):
            said = {"label": _label(column), "sql": f"SUM({sql})", "kind": column.role}
            yield column.name, said
        elif column.role == "distinct":
            said = {"label": _label(column), "sql": f"COUNT(DISTINCT {sql})", "kind": "number"}
            yield column.name, said
    name = unique("lines", {each.name for each in design.columns})
    yield name, {"label": dict(_LINES), "sql": "COUNT(*)", "kind": "number"}


def _property(column: Column) -> dict[str, Any]:
    said: dict[str, Any] = {"label": _label(column), "sql": identifier(column.name)}
    if column.reading != TEXT:
        said["kind"] = "date" if column.reading in DATES else "number"
    return said


def _label(named: Design | Dimension | Column) -> dict[str, str]:
    return {"en": named.label_en.strip(), "fr": named.label_fr.strip()}


def identifier(name: str) -> str:
    """The name of a column as SQL: quoted where it would mean something else.

    Names are made by :func:`slug`, so nothing but a word of SQL's own is ever quoted.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"not a name: {name!r}")
    try:
        plain = sqlglot.parse_one(f"SUM({name})", read="duckdb")
    except SqlglotError:
        return f'"{name}"'
    is_column = isinstance(plain, exp.Sum) and isinstance(plain.this, exp.Column)
    return name if is_column and plain.this.name == name else f'"{name}"'
