"""The SQL expressions a dataset may hold: parsed, checked against an allow-list, taken apart."""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from crmapp.analytics.outline import Place

DIALECT = "duckdb"
LONGEST = 2_000

_PLAIN: tuple[type[exp.Expression], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Paren,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.Not, exp.Is, exp.In,
    exp.Between, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam,
    exp.Coalesce, exp.Nullif, exp.Round, exp.Abs,
)  # fmt: skip
_ROW: tuple[type[exp.Expression], ...] = (
    *_PLAIN, exp.Upper, exp.Lower, exp.Trim, exp.Pad, exp.Left, exp.Right, exp.Substring,
    exp.Replace, exp.Concat, exp.ConcatWs, exp.Length, exp.Year, exp.Month, exp.Day,
    exp.Window, exp.RowNumber, exp.DenseRank, exp.Order, exp.Ordered,
)  # fmt: skip
_AGGREGATE: tuple[type[exp.Expression], ...] = (exp.Sum, exp.Count, exp.Min, exp.Max)
_ROW_NAMES = (
    "columns, numbers, texts, + - * / % ||, comparisons, AND, OR, NOT, IN, BETWEEN, CASE, CAST, "
    "COALESCE, NULLIF, ROUND, ABS, UPPER, LOWER, TRIM, LPAD, RPAD, LEFT, RIGHT, SUBSTRING, "
    "REPLACE, CONCAT, CONCAT_WS, LENGTH, YEAR, MONTH, DAY, ROW_NUMBER() and DENSE_RANK() OVER (…)"
)
_MEASURE_NAMES = (
    "SUM, COUNT, COUNT(DISTINCT …), MIN and MAX of columns, joined by + - * / %, comparisons, "
    "CASE, CAST, COALESCE, NULLIF, ROUND, ABS and numbers"
)


@dataclass(frozen=True)
class Aggregate:
    """One aggregate of a measure: ``function`` over the row expression ``argument``.

    ``combine`` makes the aggregate of a whole from those of its parts; None if that is impossible.
    """

    function: str
    argument: str | None
    distinct: bool = False

    @property
    def combine(self) -> str | None:
        return None if self.distinct else {"COUNT": "SUM"}.get(self.function, self.function)

    def over(self, column: str | None) -> str:
        """The aggregate as SQL over a column that holds the argument; nothing to count is null."""
        sql = f"{self.function}({'DISTINCT ' if self.distinct else ''}{column or '*'})"
        return f"NULLIF({sql}, 0)" if self.function == "COUNT" else sql


@dataclass(frozen=True)
class Formula:
    """A measure's expression over its aggregates: ``{0} / NULLIF({1}, 0)``.

    ``amounts``: it only adds amounts or counts, so that it is 0 where there are no facts.
    ``exact``: it has no ratio.
    """

    template: str
    aggregates: tuple[Aggregate, ...]
    amounts: bool
    exact: bool

    @property
    def additive(self) -> bool:
        """Whether the measure of a whole is the sum of those of its parts."""
        return self.amounts and all(one.combine == "SUM" for one in self.aggregates)

    def over(self, columns: list[str]) -> str:
        """The formula as SQL, each aggregate replaced by a column; a ratio has four decimals."""
        sql = self.template.format(*columns)
        return sql if self.exact else f"CAST({sql} AS DECIMAL(38, 4))"


def row(sql: str, place: Place) -> str:
    """Check an expression over one row and return it as we write it.

    Raises:
        DatasetError: it does not parse, or holds something that is not allowed.
    """
    tree = _parse(sql, place)
    _check(tree, _ROW, place, _ROW_NAMES)
    return tree.sql(DIALECT)


def columns_of(sql: str) -> set[str]:
    """The table columns that a checked expression reads."""
    return {column.name for column in sqlglot.parse_one(sql, read=DIALECT).find_all(exp.Column)}


def measure(sql: str, place: Place) -> Formula:
    """Take a measure's expression apart into its aggregates and the formula over them.

    Raises:
        DatasetError: it does not parse, holds something that is not allowed, or a bare column.
    """
    tree = _parse(sql, place)
    _check(tree, (*_PLAIN, *_AGGREGATE, exp.Distinct, exp.Star), place, _MEASURE_NAMES)
    found: list[Aggregate] = []

    def mark(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, _AGGREGATE):
            return node
        aggregate = _aggregate(node, place)
        if aggregate not in found:
            found.append(aggregate)
        return exp.Placeholder(this=f"a{found.index(aggregate)}")

    formula = tree.transform(mark)
    if stray := next(formula.find_all(exp.Column, exp.Star, exp.Distinct), None):
        place.fail(f"{stray.sql(DIALECT)} stands outside an aggregate", _MEASURE_NAMES)
    if not found:
        place.fail("a measure needs an aggregate", _MEASURE_NAMES)
    template = formula.sql(DIALECT).replace("{", "{{").replace("}", "}}")
    for index in reversed(range(len(found))):
        template = template.replace(f"$a{index}", f"{{{index}}}")
    amounts = all(
        isinstance(node, (exp.Add, exp.Sub, exp.Neg, exp.Paren, exp.Placeholder))
        for node in formula.walk()
    ) and all(one.function in ("SUM", "COUNT") for one in found)
    return Formula(template, tuple(found), amounts, exact=not formula.find(exp.Div))


def _aggregate(node: exp.Expr, place: Place) -> Aggregate:
    if any(child is not node for child in node.find_all(*_AGGREGATE)):
        place.fail("an aggregate inside an aggregate", _MEASURE_NAMES)
    inner = node.this
    distinct = isinstance(inner, exp.Distinct)
    if distinct:
        if not isinstance(node, exp.Count) or len(inner.expressions) != 1:
            place.fail("DISTINCT is for COUNT of one column", _MEASURE_NAMES)
        inner = inner.expressions[0]
    star = isinstance(inner, exp.Star)
    if star and not isinstance(node, exp.Count):
        place.fail("* is for COUNT", _MEASURE_NAMES)
    function = type(node).__name__.upper()
    return Aggregate(function, None if star else inner.sql(DIALECT), distinct)


def _parse(sql: str, place: Place) -> exp.Expr:
    if len(sql) > LONGEST:
        place.fail(f"the expression has {len(sql)} characters", f"up to {LONGEST}")
    try:
        return sqlglot.parse_one(sql, read=DIALECT)
    except SqlglotError as error:
        place.fail(f"not an expression: {str(error).splitlines()[0]}")
    except RecursionError:
        place.fail("the expression is nested too deeply")


def _check(
    tree: exp.Expr, allowed: tuple[type[exp.Expression], ...], place: Place, names: str
) -> None:
    for node in tree.walk():
        if type(node) not in allowed:
            place.fail(f"{node.sql(DIALECT)!r} is not allowed in this expression", names)
        if isinstance(node, exp.Column) and len(node.parts) != 1:
            place.fail(f"{node.sql(DIALECT)!r} is not the name of a column", "a plain name")
