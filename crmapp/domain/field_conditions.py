"""When a field is shown: if another field has one of some values, is empty, or is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from crmapp.domain.conditions import OPERATORS, Condition, Group, Operator, read, write
from crmapp.domain.fields import LISTED, Field, Kind

_OFFERED = (Operator.YES, Operator.NO, Operator.EMPTY, Operator.FILLED)
CHOSEN = LISTED | {Kind.USER, Kind.TEAM}
"""Kinds of fields with values to choose from: a condition may ask for one of them."""

Rules = Mapping[str, Sequence[Condition]]
"""Field → the conditions that must all hold for it to be shown: its own, and its section's."""
NO_RULES: Rules = MappingProxyType({})


def asked_of(spec: Field) -> list[Operator]:
    """Return what may be asked of a field that decides about another one."""
    one_of = [Operator.ANY] if spec.kind in CHOSEN else []
    return one_of + [each for each in _OFFERED if each in OPERATORS.get(spec.kind, ())]


def absent(rules: Rules, fields: Mapping[str, Field], values: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields of which a condition does not hold, for a record with ``values``.

    ``values`` are as records hold them or as forms send them. A condition on a field that is not
    among ``fields``, or that is absent itself, does not hold.
    """
    known: dict[str, bool] = {}

    def shown(name: str) -> bool:
        if name not in known:
            known[name] = False  # while it is asked, so that a circle comes to an end
            known[name] = all(
                each.field in fields and holds(each, values.get(each.field)) and shown(each.field)
                for each in rules.get(name, ())
            )
        return known[name]

    return frozenset(name for name in rules if not shown(name))


def holds(condition: Condition, value: Any) -> bool:
    """Say whether a condition holds of the value of the field that decides."""
    words = {str(each) for each in (value if isinstance(value, list | tuple) else [value])}
    words -= {"", "None"}
    match condition.operator:
        case Operator.YES:
            return value is True
        case Operator.NO:
            return value is not True
        case Operator.EMPTY:
            return not words
        case Operator.FILLED:
            return bool(words)
        case _:
            return not words.isdisjoint(condition.values)


def circle(rules: Rules) -> tuple[str, ...]:
    """Return fields of which each decides about the one before, and the first about the last."""
    for name in rules:
        path, left, seen = [name], [iter(rules[name])], {name}
        while left:
            condition = next(left[-1], None)
            if condition is None:
                left.pop()
                path.pop()
            elif condition.field == name:
                return tuple(path)
            elif condition.field in rules and condition.field not in seen:
                seen.add(condition.field)
                path.append(condition.field)
                left.append(iter(rules[condition.field]))
    return ()


def as_text(condition: Condition) -> str:
    """Write a condition as one text."""
    return write([Group((condition,))])


def from_text(text: str) -> Condition | None:
    """Read what :func:`as_text` wrote; nothing is no condition."""
    return read(text)[0].conditions[0] if text else None
