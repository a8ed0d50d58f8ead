"""The aggregates of a question as SQL: by entity and period, and of all."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from crmapp.analytics.buckets import by_days, by_entity
from crmapp.analytics.columns import measure_columns
from crmapp.analytics.dataset import Dataset, Measure
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
        if question.mode == "matrix":
            across = writer.across
            self._buckets = by_entity(
                across.ids, bool(across.others), table_of(question.across), writer.bind
            )
        else:
            self._buckets = by_days(question.spans(writer.calendar), writer.bind)
        self._of_shares = ["_whole", "_upto"] if question.mode == "share" else []
        aggregates = [*enumerate(self._aggregates)]
        self._sums = [(n, one) for n, one in aggregates if one.combine]
        self._counts = [(n, one) for n, one in aggregates if not one.combine]
        names = [f"a{n}_{key}" for n, _ in aggregates for key in self._buckets.takes]
        self.columns = [*names, *self._of_shares]

    def by_entity(self, facts: list[str]) -> str:
        """``g``: the aggregates by entity.

        Sums and their like are made by entity and bucket first, in ``f``. Each distinct count is
        made in ``d0`` … by entity and value first, with the buckets in which the value occurs.
        """
        entity = table_of(self._question.dimension)
        inside = f"FROM fact{where(facts)}"
        ctes, sources = [], []
        if self._sums:
            firsts = ", ".join(f"{self._over(one)} AS a{n}" for n, one in self._sums)
            if self._buckets.sql:
                ctes.append(
                    f"f AS (SELECT {entity} AS id, {self._buckets.sql} AS bucket, {firsts}"
                    f" {inside} GROUP BY 1, 2)"
                )
                sources.append(f"SELECT id, {self._added_up()} FROM f GROUP BY 1")
            else:
                sources.append(f"SELECT {entity} AS id, {self._added_up()} {inside} GROUP BY 1")
        for n, one in self._counts:
            ctes.append(
                f"d{n} AS MATERIALIZED (SELECT {entity} AS id, {self._argument(one)} AS x"
                f"{self._mask(self._buckets.bit)} {inside} GROUP BY 1, 2)"
            )
            sources.append(f"SELECT id, {self._counted(n)} FROM d{n} GROUP BY 1")
        joined = sources[0]
        if len(sources) > 1:
            joined = "SELECT * FROM " + " JOIN ".join(
                f"({source}) AS s{n}{' USING (id)' if n else ''}"
                for n, source in enumerate(sources)
            )
        return ",\n".join([*ctes, f"g AS MATERIALIZED ({joined})"])

    def of_all(self) -> str:
        """``t``: the aggregates of all entities, made anew from what those of each are made of."""
        sources = []
        if self._sums:
            sums = [
                f"{one.combine}(r.a{n}_{key}) AS a{n}_{key}"
                for n, one in self._sums
                for key in self._buckets.takes
            ]
            sources.append(f"SELECT {', '.join(sums)} FROM r")
        for n, _ in self._counts:
            values = f"SELECT x{self._mask('mask')} FROM d{n} GROUP BY 1"
            sources.append(f"SELECT {self._counted(n)} FROM ({values})")
        if self._of_shares:
            names = ", ".join(f"ANY_VALUE({name}) AS {name}" for name in self._of_shares)
            sources.append(f"SELECT {names} FROM s")
        if len(sources) == 1:
            return f"t AS ({sources[0]})"
        tables = ", ".join(f"({source}) AS s{n}" for n, source in enumerate(sources))
        return f"t AS (SELECT * FROM {tables})"

    def _added_up(self) -> str:
        """Sums and their like by column: from those of the buckets, or straight from the facts."""
        if not self._buckets.sql:
            return ", ".join(
                f"{self._over(one)} AS a{n}_{key}"
                for n, one in self._sums
                for key in self._buckets.takes
            )
        return ", ".join(
            f"{one.combine}(a{n}){_only(taken)} AS a{n}_{key}"
            for n, one in self._sums
            for key, taken in self._buckets.takes.items()
        )

    def _counted(self, n: int) -> str:
        """Distinct values by column: those that occur in one of its buckets."""
        return ", ".join(
            f"NULLIF(COUNT(x){_only(f'mask & {bits} <> 0' if bits else '')}, 0) AS a{n}_{key}"
            for key, bits in self._buckets.masks.items()
        )

    def _mask(self, bits: str) -> str:
        return f", BIT_OR({bits}) AS mask" if self._buckets.bit else ""

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

    def _over(self, one: Aggregate) -> str:
        return one.over(self._argument(one) if one.argument else None)

    def _argument(self, one: Aggregate) -> str:
        return self._arguments[one.argument or ""]


def _only(predicate: str) -> str:
    return f" FILTER (WHERE {predicate})" if predicate else ""


def of_facts(dataset: Dataset, measure: Measure) -> str:
    """A measure straight from the facts that stand there."""
    columns = dataset.fact_columns()
    return measure.formula.over(
        [
            one.over(None if one.argument is None else columns[one.argument])
            for one in measure.formula.aggregates
        ]
    )


def table_of(dimension: str) -> str:
    """The table of a dimension's entities, and the fact's column that holds their ids."""
    return f"d_{dimension}"


def quoted(name: str) -> str:
    """A column by its name, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def where(predicates: list[str]) -> str:
    """All of the predicates as a clause; none is no clause."""
    return f" WHERE {' AND '.join(predicates)}" if predicates else ""
