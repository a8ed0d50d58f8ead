"""What an installation has made of the fields and of their pick lists."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from crmapp.blueprints.api import records
from crmapp.blueprints.api.door import Operation, operation
from crmapp.domain.permissions import Right
from crmapp.domain.scopes import Scope
from crmapp.errors import NotFound
from crmapp.models import PickListValue
from crmapp.services import fields, pick_lists, published
from crmapp.web.access import requires
from crmapp.web.texts import translated

OBJECTS = ("account", "contact", "activity")


@operation(
    Operation("GET", "/fields/<object_>", Scope.SETUP_READ, "List the fields of a kind of record",
              answers="Fields")
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def list_fields(object_: str) -> ResponseReturnValue:
    """List the fields that accounts, contacts or activities have here."""
    records.arguments()
    if object_ not in OBJECTS:
        raise NotFound
    found = [
        {
            "name": published.public(spec),
            "label": translated(spec.label),
            "help": translated(spec.help),
            "kind": spec.kind.value,
            "required": spec.required,
            "pick_list": spec.pick_list,
            "custom": spec.custom,
        }
        for spec in fields.of(object_).values()
    ]
    return records.many(found, None)


@operation(
    Operation("GET", "/pick-lists", Scope.SETUP_READ, "List the pick lists with their values",
              answers="PickLists")
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def list_pick_lists() -> ResponseReturnValue:
    """List the pick lists and the values that may be chosen or are held."""
    records.arguments()
    return records.many([_shown(code, values) for code, values in pick_lists.everything()], None)


@operation(
    Operation("GET", "/pick-lists/<code>", Scope.SETUP_READ, "Read a pick list",
              answers="PickList")
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def read_pick_list(code: str) -> ResponseReturnValue:
    """Send a pick list with its values."""
    records.arguments()
    found = dict(pick_lists.everything())
    if code not in found:
        raise NotFound
    return _shown(code, found[code])


def _shown(code: str, values: list[PickListValue]) -> dict[str, object]:
    shown = [
        {
            "code": value.code,
            "label_en": value.label_en,
            "label_fr": value.label_fr,
            "active": value.active,
            "default": value.is_default,
        }
        for value in values
    ]
    return {"code": code, "values": shown}
