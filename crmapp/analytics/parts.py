"""The aggregates of a question as SQL: by entity and period, and of all."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from crmapp.analytics.buckets import by_days, by_entity
from crmapp.analytics.columns import measure_columns
from crmapp.analytics.dataset import Measure
from crmapp.analytics.expressions import Aggregate
from crmapp.analytics.query import Question

if TYPE_CHECKING:
    from crmapp.analytics.sql import Writer


A_UP_TO, B_UP_TO = Decimal("0.80"), Decimal("0.95")
"""Up to which share of the whole the entities before one reach, for it to be of class A, or B."""


class Parts:
    """The aggregates a question needs, one column per aggregate and period: ``a0_m1``."""

    def __init__(self, writer: Writer, question: Question) -> None:
        self._writer = writer
        self._question = question
        self._arguments = writer.dataset.fact_columns()
        self._measures = [writer.dataset.measures[name] for name in question.shown_measures]
        self._aggregates: list[Aggregate] = list(
            dict.fromkeys(one for measure in self._measures for one in measure.formula.aggregates)
        )
        self.combine = all(one.combine for one in self._aggregates)
        if question.mode == "matrix":
            across = writer.across
            self._buckets = by_entity(
                across.ids, bool(across.others), table_of(question.across), writer.bind
            )
        else:
            self._buckets = by_days(question.spans(writer.calendar), writer.bind)
        self._of_shares = ["_whole", "_upto"] if question.mode == "share" else []
        self.columns = [*(name for _, _, name in self._each()), *self._of_shares]

    def by_entity(self, facts: list[str]) -> str:
        """``g``: the aggregates by entity; by entity and bucket first, in ``f``, if there are any.

        Where parts do not make a whole, ``f`` also has the wholes: by entity, by bucket, of all.
        """
        column = table_of(self._question.dimension)
        inside = f"FROM fact{where(facts)}"
        if not self._buckets.sql:
            return (
                f"g AS MATERIALIZED (SELECT {column} AS id, {self._direct()} {inside} GROUP BY 1)"
            )
        firsts = ", ".join(f"{self._over(one)} AS a{n}" for n, one in enumerate(self._aggregates))
        if self.combine:
            return (
                f"f AS (SELECT {column} AS id, {self._buckets.sql} AS bucket, {firsts}"
                f" {inside} GROUP BY 1, 2),\n"
                f"g AS MATERIALIZED (SELECT id, {self._second()} FROM f GROUP BY 1)"
            )
        sorted_in = f"(SELECT *, {column} AS id, {self._buckets.sql} AS bucket {inside})"
        if not self._buckets.apart:
            return f"g AS MATERIALIZED (SELECT id, {self._direct()} FROM {sorted_in} GROUP BY 1)"
        return (
            "f AS MATERIALIZED (SELECT id, bucket, GROUPING(id) AS no_id,"
            f" GROUPING(bucket) AS whole, {firsts} FROM {sorted_in}"
            " GROUP BY GROUPING SETS ((id, bucket), (id), (bucket), ())),\n"
            f"g AS MATERIALIZED (SELECT id, {self._picked()} FROM f WHERE no_id = 0 GROUP BY 1)"
        )

    def of_all(self, facts: list[str]) -> str:
        """``t``: the aggregates of all entities, from their parts or else from the facts."""
        if self.combine:
            sums = [f"{one.combine}(r.{name}) AS {name}" for one, _, name in self._each()]
            sums += [f"(SELECT ANY_VALUE({name}) FROM s) AS {name}" for name in self._of_shares]
            return f"t AS (SELECT {', '.join(sums)} FROM r)"
        if self._buckets.sql and self._buckets.apart:
            return f"t AS (SELECT {self._picked()} FROM f WHERE no_id = 1)"
        inside = f"FROM fact{where(facts)}"
        if self._buckets.sql:
            inside = f"FROM (SELECT *, {self._buckets.sql} AS bucket {inside})"
        return f"t AS (SELECT {self._direct()} {inside})"

    def _direct(self) -> str:
        """The aggregates straight from the facts."""
        return ", ".join(
            f"{self._over(one, self._during(key))} AS {name}" for one, key, name in self._each()
        )

    def _second(self) -> str:
        """The aggregates from those of the buckets."""
        return ", ".join(
            f"{one.combine}({name.partition('_')[0]}){self._during(key)} AS {name}"
            for one, key, name in self._each()
        )

    def _picked(self) -> str:
        """The aggregates as ``f`` has them, one row each."""
        return ", ".join(
            f"ANY_VALUE({name.partition('_')[0]})"
            f"{self._during(key) or ' FILTER (WHERE whole = 1)'} AS {name}"
            for _, key, name in self._each()
        )

    def _each(self) -> Iterator[tuple[Aggregate, str, str]]:
        """Every aggregate in every period, with the name of its column."""
        for n, one in enumerate(self._aggregates):
            for key in self._buckets.takes:
                yield one, key, f"a{n}_{key}"

    def ranked(self) -> str:
        """``s``: ``g`` with what shares are made of: the whole, and the sum down to each entity."""
        (measure,) = self._measures
        names = [f"a{self._aggregates.index(one)}_total" for one in measure.formula.aggregates]
        whole = measure.formula.over([f"SUM({name}) OVER ()" for name in names])
        value = measure.formula.over(names)
        return (
            f"s AS MATERIALIZED (SELECT g.*, {whole} AS _whole, SUM({value}) OVER (ORDER BY {value}"
            " DESC NULLS LAST, id ROWS UNBOUNDED PRECEDING) AS _upto FROM g)"
        )

    def values(self, of_all: bool = False) -> list[str]:
        """The measures' columns, in the order of the answer's columns."""
        columns = measure_columns(
            self._writer.dataset, self._question, self._writer.calendar, self._writer.across
        )
        return [f'{self.value(column.name, of_all)} AS "{column.name}"' for column in columns]

    def value(self, name: str, of_all: bool = False) -> str:
        """One of the measures' columns by its name."""
        measure, _, key = name.partition(".")
        return self._value(self._writer.dataset.measures[measure], key, of_all)

    def _value(self, measure: Measure, key: str, of_all: bool = False) -> str:
        if key in ("variance", "percent"):
            return self._compared(measure, key)
        if key in ("share", "cumulative", "class"):
            return self._share(measure, key, of_all)
        if key not in self._buckets.takes:
            return "NULL"
        places = (self._aggregates.index(one) for one in measure.formula.aggregates)
        return measure.formula.over([f"a{n}_{key}" for n in places])

    def _compared(self, measure: Measure, key: str) -> str:
        now, before = self._value(measure, "current"), self._value(measure, "previous")
        if measure.formula.amounts:
            now, since = f"COALESCE({now}, 0)", f"COALESCE({before}, 0)"
        else:
            since = before
        if key == "variance":
            return f"{now} - {since}"
        return f"CAST(({now} - {since}) / NULLIF(ABS({before}), 0) AS DECIMAL(38, 4))"

    def _share(self, measure: Measure, key: str, of_all: bool) -> str:
        value = self._value(measure, "total")
        if key == "share":
            return f"CAST(({value}) / NULLIF(_whole, 0) AS DECIMAL(38, 6))"
        if of_all:
            return "NULL"
        if key == "cumulative":
            return "CAST(_upto / NULLIF(_whole, 0) AS DECIMAL(38, 6))"
        before = f"(_upto - ({value}))"
        return (
            f"CASE WHEN {value} IS NOT NULL AND _whole > 0 THEN"
            f" CASE WHEN {before} < {A_UP_TO} * _whole THEN 'A'"
            f" WHEN {before} < {B_UP_TO} * _whole THEN 'B' ELSE 'C' END END"
        )

    def _over(self, one: Aggregate, only: str = "") -> str:
        return one.over(None if one.argument is None else self._arguments[one.argument], only)

    def _during(self, key: str) -> str:
        taken = self._buckets.takes[key]
        return f" FILTER (WHERE {taken})" if taken else ""


def table_of(dimension: str) -> str:
    """The table of a dimension's entities, and the fact's column that holds their ids."""
    return f"d_{dimension}"


def quoted(name: str) -> str:
    """A column by its name, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def where(predicates: list[str]) -> str:
    """All of the predicates as a clause; none is no clause."""
    return f" WHERE {' AND '.join(predicates)}" if predicates else ""
