"""The functions that write: create, update and delete.

Elements that an object does not have are passed over without a word, as Intacct passes them over: a
field that is gone shows in reading, not in writing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

from crmapp.connectors.sandbox.intacct import errors, records, values
from crmapp.connectors.sandbox.intacct.catalogue import Object
from crmapp.connectors.sandbox.intacct.company import add_usage
from crmapp.connectors.sandbox.intacct.errors import Refused
from crmapp.connectors.sandbox.intacct.gateway.envelope import attributes, child, tag, text_of
from crmapp.connectors.sandbox.intacct.gateway.reading import Asked
from crmapp.connectors.sandbox.intacct.objects import OBJECTS, writable

_MOST = 100  # records in one function
# The functions of the older API, with the object and the attribute that holds its id.
DELETES = {
    "delete_class": ("CLASS", "key"),
    "delete_contact": ("CONTACT", "contactname"),
    "delete_customer": ("CUSTOMER", "customerid"),
    "delete_department": ("DEPARTMENT", "departmentid"),
    "delete_employee": ("EMPLOYEE", "employeeid"),
    "delete_item": ("ITEM", "itemid"),
    "delete_location": ("LOCATION", "locationid"),
    "delete_project": ("PROJECT", "key"),
}


def create(asked: Asked, now: datetime) -> str:
    """Create the records that the function holds.

    Raises:
        Refused: one of them is wrong; none is created then.
    """
    made = []
    for element in _records(asked):
        object, _hidden = asked.object(element.tag)
        given = dict(_given(object, element))
        _check_writable(object, given)
        key = records.create(
            asked.connection, object, given, at=values.moment(now), entity=asked.session.entity
        )
        made.append(_key(object, key))
    add_usage(asked.connection, len(made), now)
    return _objects(made)


def update(asked: Asked, now: datetime) -> str:
    """Change the records that the function holds; an empty element empties its field.

    Raises:
        Refused: one of them is wrong; none is changed then.
    """
    changed = []
    for element in _records(asked):
        object, _hidden = asked.object(element.tag)
        number = _number(asked, object, element)
        given = dict(_given(object, element))
        key = records.update(asked.connection, object, number, given, at=values.moment(now))
        changed.append(_key(object, key))
    add_usage(asked.connection, len(changed), now)
    return _objects(changed)


def delete(asked: Asked, now: datetime) -> str:
    """Delete the records with the given numbers.

    Raises:
        Refused: one of them is not there, or in use; none is deleted then.
    """
    element = asked.function.element
    object, _hidden = asked.object(child(element, "object"))
    keys = [key.strip() for key in child(element, "keys").split(",") if key.strip()]
    for key in keys:
        if not key.isdigit():
            raise Refused(errors.not_found(object.label, key))
        records.delete(asked.connection, object, int(key))
    add_usage(asked.connection, len(keys), now)
    return ""


def delete_named(asked: Asked, now: datetime) -> str:
    """Delete the record that one of :data:`DELETES` names by its id.

    Raises:
        Refused: it is not there, or in use.
    """
    name, attribute = DELETES[asked.function.name]
    object, id = OBJECTS[name], asked.function.element.get(attribute, "")
    number = records.number_of(asked.connection, object, id)
    if number is None:
        raise Refused(errors.not_found(object.label, id))
    records.delete(asked.connection, object, number)
    add_usage(asked.connection, 1, now)
    return ""


def _records(asked: Asked) -> list[Element]:
    found = list(asked.function.element)
    if not 1 <= len(found) <= _MOST:
        raise Refused(errors.bad_query(f"A function holds between 1 and {_MOST} records."))
    return found


def _given(object: Object, element: Element) -> Iterator[tuple[str, Any]]:
    """Return the values of a record by field id."""
    for id, text in _leaves(element, ""):
        field = writable(object, id)
        if field is not None:
            yield id, values.from_xml(field, text)


def _leaves(element: Element, prefix: str) -> Iterator[tuple[str, str]]:
    for each in element:
        if len(each):
            yield from _leaves(each, f"{prefix}{each.tag}.")
        else:
            yield f"{prefix}{each.tag}", text_of(each)


def _check_writable(object: Object, given: dict[str, Any]) -> None:
    """Refuse a customer without PRINTAS: its display contact needs one."""
    if object.name == "CUSTOMER" and not given.get("DISPLAYCONTACT.PRINTAS"):
        missing = errors.missing("DISPLAYCONTACT.PRINTAS")
        raise Refused(missing, errors.failed("create", object.label))


def _number(asked: Asked, object: Object, element: Element) -> int:
    number = child(element, "RECORDNO")
    if number.isdigit() and records.exists(asked.connection, object, int(number)):
        return int(number)
    key = child(element, object.key)
    found = records.number_of(asked.connection, object, key) if key and not number else None
    if found is None:
        missing = errors.not_found(object.label, number or key)
        raise Refused(missing, errors.failed("update", object.label))
    return found


def _key(object: Object, key: records.Key) -> str:
    name = object.name.lower()
    named = tag("RECORDNO", str(key.number))
    if object.key != "RECORDNO":
        named += tag(object.key, key.id)
    return f"<{name}>{named}</{name}>"


def _objects(made: list[str]) -> str:
    return f"<data{attributes(listtype='objects', count=len(made))}>{''.join(made)}</data>"
