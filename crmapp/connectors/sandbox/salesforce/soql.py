"""SOQL read into a tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from crmapp.connectors.sandbox.salesforce.errors import ApiError

Read = TypeVar("Read")
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+\- ]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d)
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<name>[A-Za-z][\w]*(?:\.[A-Za-z]\w*)*(?::\d+)?)
    |(?P<mark><=|>=|!=|<>|[=<>(),:])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_ENDS = {"where", "order", "limit", "offset", "group", "having", "with", "for", "using", "all",
         "from", "update"}  # fmt: skip


@dataclass(frozen=True)
class Literal:
    """A value: ``kind`` is string, number, date, datetime, name (true, null, TODAY) or list."""

    kind: str
    text: str = ""
    items: tuple[Literal, ...] = ()


@dataclass(frozen=True)
class Comparison:
    field: Selected
    operator: str
    value: Literal | Query


@dataclass(frozen=True)
class Junction:
    """``and`` or ``or`` of several, ``not`` of one."""

    word: str
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Selected:
    """What stands in a list of fields: a path, a function over one, or a query of children."""

    path: str = ""
    function: str = ""
    alias: str = ""
    query: Query | None = None


@dataclass(frozen=True)
class Order:
    by: Selected
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True)
class Query:
    fields: tuple[Selected, ...]
    object: str
    alias: str = ""
    where: Condition | None = None
    group: tuple[Selected, ...] = ()
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    all_rows: bool = False


Condition = Comparison | Junction


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        ApiError: MALFORMED_QUERY.
    """
    parser = _Parser(text)
    query = parser.query()
    parser.end()
    return query


@dataclass
class _Parser:
    text: str
    tokens: list[tuple[str, str]] = field(default_factory=list)
    at: int = 0

    def __post_init__(self) -> None:
        place = 0
        while self.text[place:].strip():
            found = _TOKEN.match(self.text, place)
            if found is None:
                raise malformed(f"line 1:{place} no viable alternative at character")
            self.tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()

    def query(self) -> Query:
        self.need("select")
        fields = tuple(self.many(self.selected))
        self.need("from")
        object = self.name()
        alias = ""
        if self.kind() == "name" and self.word() not in _ENDS:
            self.take_if("as")
            alias = self.name()
        if self.take_if("using"):
            self.need("scope")
            self.name()
        where = self.condition() if self.take_if("where") else None
        if self.take_if("with"):
            self.name()
        group: tuple[Selected, ...] = ()
        having = None
        if self.take_if("group"):
            self.need("by")
            group = tuple(self.many(self.selected))
            having = self.condition() if self.take_if("having") else None
        order: tuple[Order, ...] = ()
        if self.take_if("order"):
            self.need("by")
            order = tuple(self.many(self.order))
        limit = self.count() if self.take_if("limit") else None
        offset = self.count() if self.take_if("offset") else 0
        all_rows = False
        while self.kind() == "name" and self.word() in ("for", "all", "update"):
            all_rows = all_rows or self.word() == "all"
            self.next()
            self.name()
        return Query(fields, object, alias, where, group, having, order, limit, offset, all_rows)

    def selected(self) -> Selected:
        if self.take_if("("):
            query = self.query()
            self.need(")")
            return Selected(query=query)
        path = self.name()
        if not self.take_if("("):
            return Selected(path, alias=self._alias())
        inner = "" if self.word() == ")" else self.name()
        if self.take_if("("):  # a function of a function
            inner = self.name()
            self.need(")")
        self.need(")")
        return Selected(inner, function=path.lower(), alias=self._alias())

    def _alias(self) -> str:
        known = _ENDS | {"asc", "desc", "nulls", "like", "in", "not", "and", "or", "includes",
                         "excludes"}  # fmt: skip
        if self.kind() == "name" and self.word() not in known:
            return self.name()
        return ""

    def order(self) -> Order:
        by = self.selected()
        descending = False
        if self.take_if("desc"):
            descending = True
        else:
            self.take_if("asc")
        nulls_last = False
        if self.take_if("nulls"):
            nulls_last = self.name().lower() == "last"
        return Order(by, descending, nulls_last)

    def condition(self) -> Condition:
        """Read a condition; AND and OR may not be mixed without parentheses."""
        parts = [self.term()]
        word = self.word()
        if word not in ("and", "or"):
            return parts[0]
        while self.take_if(word):
            parts.append(self.term())
        if self.word() in ("and", "or"):
            raise self.unexpected()
        return Junction(word, tuple(parts))

    def term(self) -> Condition:
        if self.take_if("not"):
            return Junction("not", (self.term(),))
        if self.take_if("("):
            inside = self.condition()
            self.need(")")
            return inside
        left = self.selected()
        operator = self.word()
        if operator == "not":
            self.next()
            self.need("in")
            return Comparison(left, "not in", self.list())
        if operator in ("in", "includes", "excludes"):
            self.next()
            return Comparison(left, operator, self.list())
        if operator not in ("=", "!=", "<>", "<", ">", "<=", ">=", "like"):
            raise self.unexpected()
        self.next()
        return Comparison(left, "!=" if operator == "<>" else operator, self.literal())

    def list(self) -> Literal | Query:
        self.need("(")
        found: Literal | Query
        if self.word() == "select":
            found = self.query()
        else:
            found = Literal("list", items=tuple(self.many(self.literal)))
        self.need(")")
        return found

    def literal(self) -> Literal:
        kind, text = self.kind(), self.raw()
        if kind not in ("string", "number", "date", "datetime", "name"):
            raise self.unexpected()
        self.next()
        if kind == "string":
            return Literal("string", text[1:-1])
        return Literal(kind, text)

    def many(self, read: Callable[[], Read]) -> Iterator[Read]:
        yield read()
        while self.take_if(","):
            yield read()

    def count(self) -> int:
        kind, text = self.kind(), self.raw()
        if kind != "number" or not text.isdigit():
            raise self.unexpected()
        self.next()
        return int(text)

    def name(self) -> str:
        if self.kind() != "name":
            raise self.unexpected()
        text = self.raw()
        self.next()
        return text

    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def raw(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else "<EOF>"

    def word(self) -> str:
        return self.raw().lower()

    def next(self) -> None:
        self.at += 1

    def take_if(self, word: str) -> bool:
        if self.kind() in ("name", "mark") and self.word() == word:
            self.at += 1
            return True
        return False

    def need(self, word: str) -> None:
        if not self.take_if(word):
            raise self.unexpected()

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise self.unexpected()

    def unexpected(self) -> ApiError:
        near = " ".join(text for _, text in self.tokens[max(0, self.at - 3) : self.at + 2])
        return malformed(f"\n{near}\n^\nERROR at Row:1:Column:1\nunexpected token: '{self.raw()}'")


def unescaped(text: str, *, keep: Sequence[str] = ()) -> str:
    """Return a string literal without its escapes; those of ``keep`` stay as they are."""

    def plain(found: re.Match[str]) -> str:
        letter = found[1]
        return found[0] if letter in keep else _ESCAPES.get(letter, letter)

    return re.sub(r"\\(.)", plain, text, flags=re.DOTALL)


def malformed(message: str) -> ApiError:
    return ApiError("MALFORMED_QUERY", message)
