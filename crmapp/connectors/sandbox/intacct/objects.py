"""Which objects there are, by either name, and where a dotted path in them leads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crmapp.connectors.sandbox.intacct.catalogue import Field, Object, Relationship
from crmapp.connectors.sandbox.intacct.customer import CONTACT, CUSTOMER, DISPLAY
from crmapp.connectors.sandbox.intacct.lists import LISTS
from crmapp.connectors.sandbox.intacct.projects import ITEM, PROJECT

OBJECTS: dict[str, Object] = {
    each.name: each for each in (CUSTOMER, CONTACT, PROJECT, ITEM, *LISTS)
}
_BY_NAME = {
    name.upper(): each for each in OBJECTS.values() for name in (each.name, *each.aliases)
}  # fmt: skip
_BY_REST = {each.rest: each for each in OBJECTS.values()}
_DEEPEST = 3  # relationships that one path may cross


@dataclass(frozen=True)
class Target:
    """The field that a path means, behind these relationships of the object it starts from."""

    ways: tuple[Relationship, ...]
    field: Field


def by_name(name: str, hidden: frozenset[str] = frozenset()) -> Object | None:
    """Find an object by its name in XML; ``hidden`` are the fields that are gone just now."""
    found = _BY_NAME.get(name.upper())
    return found and found.without(hidden)


def by_rest(path: str, hidden: frozenset[str] = frozenset()) -> Object | None:
    found = _BY_REST.get(path.removeprefix("objects/"))
    return found and found.without(hidden)


def find(object: Object, path: str, hidden: frozenset[str] = frozenset()) -> Target | None:
    """Follow a path of XML: a field's id, or relationships and the id, divided by dots.

    A way to an object of the same kind (a parent) is followed once, as Intacct does.
    """
    return _follow(object, path, hidden, ())


def find_rest(object: Object, path: str, hidden: frozenset[str] = frozenset()) -> Target | None:
    """Follow a path of REST (``contacts.default.mailingAddress.city``)."""
    return _follow_rest(object, path, hidden, ())


def _follow(
    object: Object, path: str, hidden: frozenset[str], ways: tuple[Relationship, ...]
) -> Target | None:
    field = object.field(path)
    if field is not None:
        return _behind(object, field, hidden, ways)
    head, _dot, rest = path.partition(".")
    way = object.relationship(head)
    if way is None or not rest or _circular(object, way, ways):
        return None
    return _follow(OBJECTS[way.object].without(hidden), rest, hidden, (*ways, way))


def _follow_rest(
    object: Object, path: str, hidden: frozenset[str], ways: tuple[Relationship, ...]
) -> Target | None:
    field = object.by_rest(path)
    if field is not None:
        return _behind(object, field, hidden, ways)
    for way in object.relationships:
        prefix = f"{way.rest}."
        if path.startswith(prefix) and not _circular(object, way, ways):
            other = OBJECTS[way.object].without(hidden)
            return _follow_rest(other, path.removeprefix(prefix), hidden, (*ways, way))
    return None


def _behind(
    object: Object, field: Field, hidden: frozenset[str], ways: tuple[Relationship, ...]
) -> Target | None:
    """Replace a field that only shows another record's by the other."""
    if not field.via:
        return Target(ways, field)
    return _follow(object, field.via, hidden, ways)


def _circular(object: Object, way: Relationship, ways: tuple[Relationship, ...]) -> bool:
    again = way.object == object.name and any(each.path == way.path for each in ways)
    return again or len(ways) >= _DEEPEST


def writable(object: Object, id: str) -> Field | None:
    """Return the field that a writer means by ``id``: its own, or its display contact's."""
    return _unless_readonly(object.field(id)) or _of_contact(object, id, DISPLAY, Object.field)


def writable_rest(object: Object, path: str) -> tuple[str, Field] | None:
    """Return the id by which a record keeps what REST calls ``path``, and the field."""
    own = _unless_readonly(object.by_rest(path))
    if own is not None:
        return own.id, own
    contact = _of_contact(object, path, "contacts.default", Object.by_rest)
    return (f"{DISPLAY}.{contact.id}", contact) if contact is not None else None


def _of_contact(
    object: Object, path: str, prefix: str, find: Callable[[Object, str], Field | None]
) -> Field | None:
    head = f"{prefix}."
    if object.name != CUSTOMER.name or not path.startswith(head):
        return None
    return _unless_readonly(find(CONTACT, path.removeprefix(head)))


def _unless_readonly(field: Field | None) -> Field | None:
    return field if field is not None and not field.readonly else None
