"""A question and a dataset as SQL: names come only from the dataset, values only as parameters.

The snapshot's tables (see :mod:`crmapp.analytics.snapshots`) are ``fact`` with ``_day``,
``_month``, one entity id per dimension (``d_customers``), the measures' columns (``_x1``) and the
details of a fact (``l_order``), and per dimension a table of the same name with ``_id`` (in the
order of keys), ``_key``, ``_search``, ``_varies`` and the properties.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crmapp.analytics.across import NOTHING_ACROSS, Across
from crmapp.analytics.buckets import within
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.parts import Parts, of_facts, quoted, table_of, where
from crmapp.analytics.query import Number, Question, Selection, selection_of
from crmapp.analytics.ranges import Calendar
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text

DEEPEST = 4
"""How many selections may build on one another."""
WIDE = 8 << 20
"""So many characters of rows are read at a time, be the rows fewer than usual."""

PAGE, TOTALS = 0, 1
"""The first column of an answer's lines says whether it is an entity or the totals."""


_SURROGATE = re.compile("[\ud800-\udfff]")
_PARAMETER = re.compile(r"\$(v\d+)")


@dataclass(frozen=True)
class Statement:
    """SQL and the values of its ``$`` parameters."""

    sql: str
    params: Mapping[str, Any]


@dataclass
class Writer:
    """Writes the statements of one reader: what she may see and the selections she refers to.

    ``restriction``: the keys of the accounts she may see, None for all. ``across``: the answer to
    :meth:`widest`, for what is asked of a matrix.
    """

    dataset: Dataset
    calendar: Calendar
    restriction: Collection[str] | None = None
    selections: Mapping[int, Selection] = field(default_factory=dict)
    across: Across = NOTHING_ACROSS
    _params: dict[str, Any] = field(default_factory=dict)
    _names: dict[tuple[type, Any], str] = field(default_factory=dict)
    _depth: int = 0

    def page(self, question: Question) -> Statement:
        """One page of entities, then a line with the totals and the number of all entities."""
        shape = self.dataset.dimension(question.dimension)
        table = table_of(question.dimension)
        parts = Parts(self, question)
        texts = [f"d.{quoted(name)}" for name in question.properties]
        blanks = ["NULL"] * len(texts)
        order = f"{'DESC' if question.descending else 'ASC'} NULLS LAST"
        by = f"d.{quoted(question.sort)}" if "." not in question.sort else ""
        if by and shape.properties[question.sort].kind == "text":
            by = f"LOWER(STRIP_ACCENTS({by}))"
        joined = f" JOIN {table} AS d ON d._id = r.id" if by else ""
        sql = (
            f"{self._entities_with_parts(question, parts)},\n"
            f"p AS (SELECT r.*, {by or parts.value(question.sort)} AS _sort FROM r{joined}"
            f" ORDER BY _sort {order}, id"
            f" LIMIT {self.bind(question.size)}"
            f" OFFSET {self.bind((question.page - 1) * question.size)})\n"
            f"SELECT {PAGE} AS _part, p._sort, p.id, NULL AS _count,"
            f" {', '.join(['d._key', 'd._varies', *texts, *parts.values()])}"
            f" FROM p JOIN {table} AS d ON d._id = p.id\n"
            f"UNION ALL SELECT {TOTALS}, NULL, NULL, (SELECT COUNT(*) FROM r),"
            f" {', '.join(['NULL', 'NULL', *blanks, *parts.values(of_all=True)])} FROM t\n"
            f"ORDER BY _part, _sort {order}, id"
        )
        return self.statement(sql)

    def widest(self, question: Question) -> Statement:
        """Who has a column in a matrix: id, key, title and the number of all, largest first."""
        shape, table = self.dataset.dimension(question.across), table_of(question.across)
        totals = replace(question, dimension=shape.name, mode="total", across="")
        parts = Parts(self, totals)
        return self.statement(
            f"WITH {parts.by_entity(self._facts(question))}\n"
            f"SELECT d._id, d._key, COALESCE(CAST(d.{quoted(shape.title)} AS VARCHAR), d._key),"
            f" (SELECT COUNT(*) FROM g) FROM g JOIN {table} AS d ON d._id = g.id"
            f" ORDER BY {parts.value(f'{question.measures[0]}.total')} DESC NULLS LAST, d._id"
            f" LIMIT {question.top}"
        )

    def rows(
        self, question: Question, selection: Selection | None, after: str | None, limit: int
    ) -> Statement:
        """Entities in the order of their keys, with every property and the asked measures.

        They are ``limit`` at most; of wide ones only as many as begin within :data:`WIDE`.
        """
        question = question.by_row
        table = table_of(question.dimension)
        parts = Parts(self, question)
        properties = self.dataset.dimension(question.dimension).properties
        names = [f"d.{quoted(name)}" for name in properties]
        texts = [f"d.{quoted(each.name)}" for each in properties.values() if each.kind == "text"]
        lengths = [f"COALESCE(LENGTH(CAST({text} AS VARCHAR)), 0)" for text in texts]
        ctes, aggregates = self._aggregated(question, parts, only="e")
        follows = ""
        if after is not None:
            last = f"SELECT COALESCE(MAX(_id), 0) FROM {table} WHERE _key <= {self.bind(after)}"
            follows = f" WHERE c.id > ({last})"
        sql = (
            f"WITH n AS MATERIALIZED (SELECT c.id FROM ({self.chosen(question, selection)}) AS c"
            f"{follows} ORDER BY c.id LIMIT {self.bind(limit)}),\n"
            f"w AS (SELECT n.id, {' + '.join(['0', *lengths])} AS width"
            f" FROM n JOIN {table} AS d ON d._id = n.id),\n"
            "b AS (SELECT id, SUM(width) OVER (ORDER BY id) - width AS before FROM w),\n"
            f"e AS MATERIALIZED (SELECT id FROM b WHERE before < {WIDE}),\n"
            f"{ctes}\n"
            f"SELECT {', '.join(['d._key', 'd._varies', *names, *parts.values()])}"
            f" FROM e JOIN {table} AS d ON d._id = e.id"
            f" LEFT JOIN {aggregates} AS g ON g.id = e.id ORDER BY e.id"
        )
        return self.statement(sql)

    def count(self, question: Question, selection: Selection | None) -> Statement:
        """How many entities :meth:`rows` would go through."""
        return self.statement(f"SELECT COUNT(*) FROM ({self.chosen(question, selection)}) AS c")

    def among(self, selection: Selection, keys: Sequence[str]) -> Statement:
        """Which of the keys a selection holds."""
        table = table_of(selection.dimension)
        return self.statement(
            f"SELECT d._key FROM {table} AS d WHERE {self._keys('d', keys)}"
            f" AND d._id IN ({self._selected(selection)})"
        )

    def days(self, selection: Selection, measure: str, by: str) -> Statement:
        """The keys of a dimension, each with the days on which a selection's entities bought."""
        column, of = table_of(selection.dimension), table_of(by)
        facts = [f"{column} IN ({self._selected(selection)})", "_day IS NOT NULL"]
        bought = of_facts(self.dataset, self.dataset.measures[measure])
        return self.statement(
            f"WITH f AS (SELECT {of} AS id, _day FROM fact{where(facts)}"
            f" GROUP BY 1, 2 HAVING {bought} > 0)\n"
            f"SELECT d._key, LIST(f._day ORDER BY f._day) FROM f JOIN {of} AS d ON d._id = f.id"
            " GROUP BY 1 ORDER BY 1"
        )

    def behind(self, question: Question, number: Number) -> list[str]:
        """The predicates on the facts that a number of the grid is made of."""
        if question.activity == "without" and not number.entities:
            return ["FALSE"]
        found = self._facts(question, members=not number.entities)
        if number.entities:
            wanted = [self._keys("k", number.entities)]
            found += self._within(question.dimension, "k", wanted)
        if number.accounts:
            found += self._of_accounts("b", [self._keys("b", number.accounts)])
        spans = question.spans(self.calendar)
        if question.mode == "matrix":
            found += self._in_column(question, number.column)
        elif span := spans.get(number.column):
            found += within({number.column: span}, self.bind)
        return found

    def _in_column(self, question: Question, key: str) -> list[str]:
        """The predicates on the facts of one column of a matrix."""
        column, ids = table_of(question.across), self.across.ids
        if key == "total":
            return []
        if key == "other":
            return [f"{column} NOT IN ({', '.join(map(self.bind, ids))})"] if ids else []
        return [f"{column} = {self.bind(ids[self.across.keys.index(key)])}"]

    def chosen(self, question: Question, selection: Selection | None) -> str:
        """The ids that a selection holds, or else all that the question matches."""
        return self._entities(question) if selection is None else self._selected(selection)

    def statement(self, sql: str) -> Statement:
        """SQL with the values of the parameters that stand in it."""
        used = {name: self._params[name] for name in _PARAMETER.findall(sql)}
        return Statement(sql, used)

    def bind(self, value: Any) -> str:
        """Name a value: the SQL holds the name, the parameters the value.

        Raises:
            Invalid: a text that is not Unicode.
        """
        if not _is_unicode(value):
            problem = Text(N_("A text holds characters that cannot be used."))
            raise Invalid({"": problem}, problem)
        same = (type(value), tuple(value) if isinstance(value, list) else value)
        name = self._names.setdefault(same, f"v{len(self._names) + 1}")
        self._params[name] = value
        return f"${name}"

    def _entities_with_parts(self, question: Question, parts: Parts) -> str:
        """The common part of a page: the aggregates by entity, r the entities, t the totals."""
        ctes, aggregates = self._aggregated(question, parts)
        if question.activity == "with":
            found = self._found("w", question) if question.mode == "share" else []
            wanted = f"SELECT w._id FROM {table_of(question.dimension)} AS w{where(found)}"
            shown = f" WHERE id IN ({wanted})" if found else ""
            ctes += f",\nr AS (SELECT * FROM {aggregates}{shown})"
        else:
            columns = ", ".join(f"g.{name}" for name in parts.columns)
            ctes += (
                f",\ne AS ({self._entities(question)}),\nr AS MATERIALIZED (SELECT e.id, {columns}"
                f" FROM e LEFT JOIN {aggregates} AS g ON g.id = e.id)"
            )
        if question.activity == "without":
            nothing = ", ".join(f"NULL AS {name}" for name in parts.columns)
            return f"WITH {ctes},\nt AS (SELECT {nothing})"
        return f"WITH {ctes},\n{parts.of_all()}"

    def _aggregated(self, question: Question, parts: Parts, only: str = "") -> tuple[str, str]:
        """The aggregates by entity, and where they are. Shares are of all, whatever is searched."""
        if question.mode == "share":
            facts = self._facts(question, members=False)
            return f"{parts.by_entity(facts)},\n{parts.ranked()}", "s"
        return parts.by_entity(self._facts(question, members=not only, only=only)), "g"

    def _entities(self, question: Question) -> str:
        """The ids of the entities that a question is about."""
        column = table_of(question.dimension)
        active = f"SELECT DISTINCT {column} AS id FROM fact{where(self._facts(question))}"
        if question.activity == "with":
            return active
        members = self._members(question)
        if question.activity == "without":
            members.append(f"m._id NOT IN ({active})")
        return f"SELECT m._id AS id FROM {column} AS m{where(members)}"

    def _selected(self, selection: Selection) -> str:
        """The ids of a selection's entities that the reader may see."""
        table = table_of(selection.dimension)
        if selection.matching is None:
            wanted = [self._keys("s", selection.keys), *self._allowed("s", selection.dimension)]
            return f"SELECT s._id AS id FROM {table} AS s{where(wanted)}"
        sql = self._entities(selection.matching)
        if not selection.keys:
            return sql
        left_out = f"SELECT s._id FROM {table} AS s WHERE {self._keys('s', selection.keys)}"
        return f"SELECT x.id FROM ({sql}) AS x WHERE x.id NOT IN ({left_out})"

    def _facts(self, question: Question, members: bool = True, only: str = "") -> list[str]:
        """The predicates on facts: period, focus, what the reader may see, the entities' search."""
        found = within(question.spans(self.calendar), self.bind)
        if only:
            found.append(f"{table_of(question.dimension)} IN (SELECT id FROM {only})")
        if self.restriction is not None:
            found += self._of_accounts("a", [self._keys("a", self.restriction)])
        for dimension, ids in self._focused(question):
            found.append(f"{table_of(dimension)} IN ({ids})")
        if members and question.search:
            found += self._within(question.dimension, "w", self._found("w", question))
        return found

    def _members(self, question: Question) -> list[str]:
        """The predicates on the entities themselves, named ``m``."""
        focused = [ids for name, ids in self._focused(question) if name == question.dimension]
        return [
            *self._found("m", question),
            *self._allowed("m", question.dimension),
            *(f"m._id IN ({ids})" for ids in focused),
        ]

    def _focused(self, question: Question) -> list[tuple[str, str]]:
        """The dimensions that facts are narrowed down in, each with the ids that remain."""
        if self._depth == DEEPEST:
            problem = Text(N_("This selection builds on too many others; clear one of them."))
            raise Invalid({"focus": problem}, problem)
        self._depth += 1
        found = [
            (dimension, self._selected(selection_of(self.selections, number, dimension)))
            for dimension, number in question.focus
        ]
        self._depth -= 1
        return found

    def _allowed(self, alias: str, dimension: str) -> list[str]:
        if self.restriction is None or dimension != self.dataset.accounts:
            return []
        return [self._keys(alias, self.restriction)]

    def _found(self, alias: str, question: Question) -> list[str]:
        return [
            f"CONTAINS({alias}._search, LOWER(STRIP_ACCENTS({self.bind(word)})))"
            for word in question.search.split()
        ]

    def _within(self, dimension: str, alias: str, wanted: list[str]) -> list[str]:
        table = table_of(dimension)
        return [f"{table} IN (SELECT {alias}._id FROM {table} AS {alias}{where(wanted)})"]

    def _of_accounts(self, alias: str, wanted: list[str]) -> list[str]:
        accounts = self.dataset.accounts
        return self._within(accounts, alias, wanted) if accounts else ["FALSE"]

    def _keys(self, alias: str, keys: Collection[str]) -> str:
        return f"{alias}._key IN (SELECT UNNEST(CAST({self.bind(sorted(keys))} AS VARCHAR[])))"


def _is_unicode(value: object) -> bool:
    text = "".join(value) if isinstance(value, list) else value
    return not isinstance(text, str) or not _SURROGATE.search(text)
