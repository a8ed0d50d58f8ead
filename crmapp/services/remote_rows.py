"""Rows of a plan that are written to another system's accounts, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from crmapp.domain.field_rules import Side
from crmapp.domain.fields import Field
from crmapp.domain.record_keys import with_keys
from crmapp.domain.records import BELONGING
from crmapp.services import field_maps, fields
from crmapp.services.frozen_values import thawed
from crmapp.services.words import Line

SYSTEMS = tuple(side.value for side in Side)
"""What a row's ``object`` is that goes to a system; ``record_id`` is the account here."""
_NONE: Mapping[str, Field] = MappingProxyType({})


def fields_of(object_: str) -> Mapping[str, Field]:
    """Return name → field of a kind of record here; nothing for records of other systems."""
    if object_ in SYSTEMS:
        return _NONE
    return {**BELONGING.get(object_, {}), **with_keys(object_, fields.every(object_))}


class RemoteWords:
    """What the fields of one system are called there."""

    def __init__(self, system: str) -> None:
        self._shapes = field_maps.shapes().of(Side(system))

    def lines(self, changed: Mapping[str, Any]) -> list[Line]:
        """Say one change, field by field."""
        return [self._line(name, *values) for name, values in changed.items()]

    def _line(self, name: str, before: Any, after: Any) -> Line:
        shape = self._shapes.get(name)
        kind = shape.kind if shape else None
        label = shape.label if shape else name
        return Line(label, thawed(kind, before), thawed(kind, after))
