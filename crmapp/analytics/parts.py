"""The aggregates of a question as SQL: by entity and period, and of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crmapp.analytics.dataset import Measure
from crmapp.analytics.expressions import Aggregate
from crmapp.analytics.query import PERIOD_KEYS, Question
from crmapp.domain.periods import month_number

if TYPE_CHECKING:
    from crmapp.analytics.sql import Writer


class Parts:
    """The aggregates a question needs, one column per aggregate and period: ``a0_m1``."""

    def __init__(self, writer: Writer, question: Question) -> None:
        self._writer = writer
        self._question = question
        self._columns = writer.dataset.fact_columns()
        self._measures = [writer.dataset.measures[name] for name in question.shown_measures]
        self._periods = writer.calendar.periods(question.period)
        self._aggregates: list[Aggregate] = list(
            dict.fromkeys(one for measure in self._measures for one in measure.formula.aggregates)
        )
        self.combine = all(one.combine for one in self._aggregates)
        self._keys = [period.key for period in self._periods]
        if question.period != "ytd":
            self._keys.append("total")
        self.names = [name for _, _, name in self._each()]

    def by_entity(self, facts: list[str]) -> str:
        """``g``: the aggregates by entity; by entity and bucket first, in ``f``, if there are any.

        Where parts do not make a whole, ``f`` also has the wholes: by entity, by bucket, of all.
        """
        column = table_of(self._question.dimension)
        if not self._periods:
            return (
                f"g AS MATERIALIZED (SELECT {column} AS id, {self._direct()}"
                f" FROM fact{where(facts)} GROUP BY 1)"
            )
        firsts = ", ".join(f"{self._over(one)} AS a{n}" for n, one in enumerate(self._aggregates))
        inside = f"FROM fact{where(facts)}"
        if self.combine:
            return (
                f"f AS (SELECT {column} AS id, {self._bucket()} AS bucket, {firsts}"
                f" {inside} GROUP BY 1, 2),\n"
                f"g AS MATERIALIZED (SELECT id, {self._second()} FROM f GROUP BY 1)"
            )
        return (
            "f AS MATERIALIZED (SELECT id, bucket, GROUPING(id) AS no_id,"
            f" GROUPING(bucket) AS whole, {firsts}"
            f" FROM (SELECT *, {column} AS id, {self._bucket()} AS bucket {inside})"
            " GROUP BY GROUPING SETS ((id, bucket), (id), (bucket), ())),\n"
            f"g AS MATERIALIZED (SELECT id, {self._picked()} FROM f WHERE no_id = 0 GROUP BY 1)"
        )

    def of_all(self, facts: list[str]) -> str:
        """``t``: the aggregates of all entities, from their parts or else from the facts."""
        if self.combine:
            sums = (f"{one.combine}(r.{name}) AS {name}" for one, _, name in self._each())
            return f"t AS (SELECT {', '.join(sums)} FROM r)"
        if self._periods:
            return f"t AS (SELECT {self._picked()} FROM f WHERE no_id = 1)"
        return f"t AS (SELECT {self._direct()} FROM fact{where(facts)})"

    def _direct(self) -> str:
        """The aggregates straight from the facts."""
        return ", ".join(f"{self._over(one)} AS {name}" for one, _, name in self._each())

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
            for key in self._keys:
                yield one, key, f"a{n}_{key}"

    def values(self) -> list[str]:
        """The measures' columns, in the order of the answer's columns."""
        return [
            f'{self._value(measure, key)} AS "{measure.name}.{key}"'
            for measure in self._measures
            for key in PERIOD_KEYS[self._question.period]
        ]

    def value(self, name: str) -> str:
        """One of the measures' columns by its name."""
        measure, _, key = name.partition(".")
        return self._value(self._writer.dataset.measures[measure], key)

    def _value(self, measure: Measure, key: str) -> str:
        if key not in ("variance", "percent"):
            places = (self._aggregates.index(one) for one in measure.formula.aggregates)
            return measure.formula.over([f"a{n}_{key}" for n in places])
        now, before = self._value(measure, "current"), self._value(measure, "previous")
        if measure.formula.amounts:
            now, since = f"COALESCE({now}, 0)", f"COALESCE({before}, 0)"
        else:
            since = before
        if key == "variance":
            return f"{now} - {since}"
        return f"CAST(({now} - {since}) / NULLIF(ABS({before}), 0) AS DECIMAL(38, 4))"

    def _over(self, one: Aggregate) -> str:
        return one.over(None if one.argument is None else self._columns[one.argument])

    def _bucket(self) -> str:
        if self._question.period == "ytd":
            return f"_day >= {self._writer.bind(self._periods[0].start)}"
        return "_month"

    def _during(self, key: str) -> str:
        if key == "total":
            return ""
        if self._question.period == "ytd":
            return f" FILTER (WHERE {'' if key == 'current' else 'NOT '}bucket)"
        start = next(period.start for period in self._periods if period.key == key)
        return f" FILTER (WHERE bucket = {self._writer.bind(month_number(start))})"


def table_of(dimension: str) -> str:
    """The table of a dimension's entities, and the fact's column that holds their ids."""
    return f"d_{dimension}"


def quoted(name: str) -> str:
    """A column by its name, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def where(predicates: list[str]) -> str:
    """All of the predicates as a clause; none is no clause."""
    return f" WHERE {' AND '.join(predicates)}" if predicates else ""
