"""What an installation has made of the fields and of their pick lists."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from crmapp.blueprints.api import records, schemas
from crmapp.blueprints.api.door import Operation, operation
from crmapp.domain.permissions import Right
from crmapp.domain.scopes import Scope
from crmapp.errors import NotFound
from crmapp.i18n import N_
from crmapp.models import PickListValue
from crmapp.services import fields, pick_list_values, pick_lists, published
from crmapp.web.access import person, requires
from crmapp.web.texts import translated

OBJECTS = ("account", "contact", "activity")


@operation(
    Operation("GET", "/fields/<object_>", Scope.SETUP_READ,
              N_("List the fields of a kind of record"), answers="Fields")
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
    Operation("GET", "/pick-lists", Scope.SETUP_READ, N_("List the pick lists with their values"),
              answers="PickLists")
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def list_pick_lists() -> ResponseReturnValue:
    """List the pick lists and the values that may be chosen or are held."""
    records.arguments()
    return records.many([_shown(code, values) for code, values in pick_lists.everything()], None)


@operation(
    Operation("GET", "/pick-lists/<code>", Scope.SETUP_READ, N_("Read a pick list"),
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


@operation(
    Operation("POST", "/pick-lists/<code>/values", Scope.SETUP_WRITE,
              N_("Add a value to a pick list"),
              sends="NewPickListValue", answers="PickListValue", status=201)
)  # fmt: skip
@requires(Right.SETTINGS_MANAGE)
def add_pick_list_value(code: str) -> ResponseReturnValue:
    """Add a value at the end of a pick list."""
    sent = {"active": True, **schemas.checked(records.body(), "NewPickListValue")}
    value_id = pick_list_values.add(code, sent, by=person(), key=records.key("value"))
    return records.one(_value(pick_list_values.get(code, value_id, by=person())), 201)


@operation(
    Operation("PATCH", "/pick-lists/<code>/values/<int:value_id>", Scope.SETUP_WRITE,
              N_("Change a value of a pick list"), sends="PickListValueChanges",
              answers="PickListValue", versioned=True)
)  # fmt: skip
@requires(Right.SETTINGS_MANAGE)
def change_pick_list_value(code: str, value_id: int) -> ResponseReturnValue:
    """Change the members that were sent, of the version that If-Match names."""
    version = pick_list_values.get(code, value_id, by=person()).version
    records.need_version(version)
    sent = schemas.checked(records.body(), "PickListValueChanges")
    pick_list_values.change(code, value_id, sent, version, by=person(), exact=True)
    return records.one(_value(pick_list_values.get(code, value_id, by=person())))


@operation(
    Operation("DELETE", "/pick-lists/<code>/values/<int:value_id>", Scope.SETUP_WRITE,
              N_("Delete a value of a pick list"), status=204, versioned=True)
)  # fmt: skip
@requires(Right.SETTINGS_MANAGE)
def delete_pick_list_value(code: str, value_id: int) -> ResponseReturnValue:
    """Delete a value that no record holds, of the version that If-Match names."""
    version = pick_list_values.get(code, value_id, by=person()).version
    records.need_version(version)
    pick_list_values.delete(code, value_id, by=person(), version=version)
    return "", 204


def _shown(code: str, values: list[PickListValue]) -> dict[str, object]:
    return {"code": code, "values": [_value(value) for value in values]}


def _value(value: PickListValue) -> dict[str, Any]:
    return {
        "id": value.id,
        "version": value.version,
        "code": value.code,
        "label_en": value.label_en,
        "label_fr": value.label_fr,
        "active": value.active,
        "default": value.is_default,
    }
