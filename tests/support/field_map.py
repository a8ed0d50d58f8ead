"""Fields of both systems, for tests of what is mapped between them."""

from __future__ import annotations

from typing import Any

from crmapp.connectors.port import RemoteField, RemoteKind, RemoteValue
from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_rules import FieldRule


def a_field(name: str, kind: str = "text", *values: str, **more: Any) -> RemoteField:
    listed = tuple(RemoteValue(each, each) for each in values)
    more = {"label": name, "type": kind, "values": listed, **more}
    return RemoteField(name=name, kind=RemoteKind(kind), **more)


def shapes(intacct: RemoteField, salesforce: RemoteField) -> Shapes:
    return Shapes({intacct.name: intacct}, {salesforce.name: salesforce})


def rule_of(intacct: RemoteField, salesforce: RemoteField, **more: Any) -> FieldRule:
    return FieldRule(intacct.name, salesforce.name, **more)
