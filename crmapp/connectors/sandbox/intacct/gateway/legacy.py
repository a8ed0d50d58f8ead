"""The query language of ``readByQuery``: ``STATUS = 'active' AND NAME like 'A%'``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crmapp.connectors.sandbox.intacct import errors
from crmapp.connectors.sandbox.intacct.catalogue import Field, Kind, Object
from crmapp.connectors.sandbox.intacct.errors import Refused
from crmapp.connectors.sandbox.intacct.gateway.filters import operand
from crmapp.connectors.sandbox.intacct.objects import Target
from crmapp.connectors.sandbox.intacct.search import Condition, Group, Operator

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:\\.|''|[^'\\])*')|(?P<mark><=|>=|!=|<>|[=<>(),])"
    r"|(?P<word>[^\s'=<>!(),]+))"
)
_COMPARISONS = {
    "=": Operator.EQUAL, "!=": Operator.NOT_EQUAL, "<>": Operator.NOT_EQUAL, "<": Operator.LESS,
    "<=": Operator.LESS_OR_EQUAL, ">": Operator.GREATER, ">=": Operator.GREATER_OR_EQUAL,
}  # fmt: skip
_STATUSES = {"T": "active", "F": "inactive"}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def parse(text: str, object: Object) -> Condition | Group | None:
    """Read a query; an empty one is None. AND binds more closely than OR.

    Raises:
        Refused: it cannot be read, or names a field that is not there; joins are not allowed.
    """
    if not text.strip():
        return None
    reader = _Reader(_tokens(text), object)
    found = reader.either()
    reader.expect_end()
    return found


def _tokens(text: str) -> list[_Token]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise Refused(errors.bad_query(f"Unexpected text: {text[place:].strip()}"))
        found.append(_Token(match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[_Token], object: Object) -> None:
        self._tokens = tokens
        self._object = object
        self._place = 0

    def either(self) -> Condition | Group:
        parts = [self._all()]
        while self._takes("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Group(tuple(parts), either=True)

    def expect_end(self) -> None:
        if self._place < len(self._tokens):
            raise Refused(errors.bad_query(f"Unexpected text: {self._peek()}"))

    def _all(self) -> Condition | Group:
        parts = [self._one()]
        while self._takes("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Group(tuple(parts))

    def _one(self) -> Condition | Group:
        if self._takes("("):
            inner = self.either()
            self._expect(")")
            return inner
        field = self._field(self._next().text)
        if self._takes("IS"):
            negated = self._takes("NOT")
            self._expect("NULL")
            operator = Operator.NOT_NULL if negated else Operator.NULL
            return Condition(Target((), field), operator)
        negated = self._takes("NOT")
        if self._takes("IN"):
            operator = Operator.NOT_IN if negated else Operator.IN
            return self._compare(field, operator, self._several())
        if self._takes("LIKE"):
            operator = Operator.NOT_LIKE if negated else Operator.LIKE
            return Condition(Target((), field), operator, (self._value().replace("\\", "\\\\"),))
        mark = self._next().text
        if mark not in _COMPARISONS or negated:
            raise Refused(errors.bad_query(f"Unknown operator {mark}."))
        return self._compare(field, _COMPARISONS[mark], [self._value()])

    def _compare(self, field: Field, operator: Operator, texts: list[str]) -> Condition:
        spelled = [_STATUSES.get(each, each) if field.id == "STATUS" else each for each in texts]
        values = tuple(operand(field, each) for each in spelled)
        return Condition(Target((), field), operator, values)

    def _several(self) -> list[str]:
        self._expect("(")
        found = [self._value()]
        while self._takes(","):
            found.append(self._value())
        self._expect(")")
        return found

    def _value(self) -> str:
        token = self._next()
        if token.kind == "string":
            return re.sub(r"\\(.)|''", lambda match: match[1] or "'", token.text[1:-1])
        return token.text

    def _field(self, name: str) -> Field:
        found = self._object.field(name) or self._object.field(name.upper())
        if found is None or found.via or found.kind is Kind.MULTIPLE:
            raise Refused(errors.no_fields(self._object.name, [name]))
        return found

    def _peek(self) -> str:
        return self._tokens[self._place].text if self._place < len(self._tokens) else ""

    def _takes(self, word: str) -> bool:
        if self._peek().upper() != word or self._tokens[self._place].kind == "string":
            return False
        self._place += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise Refused(errors.bad_query(f"Expected {word} and found '{self._peek()}'."))

    def _next(self) -> _Token:
        if self._place >= len(self._tokens):
            raise Refused(errors.bad_query("The query ends too early."))
        self._place += 1
        return self._tokens[self._place - 1]
