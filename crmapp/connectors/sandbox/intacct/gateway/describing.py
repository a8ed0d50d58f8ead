"""The functions that describe: lookup, inspect and getDimensions."""

from __future__ import annotations

from crmapp.connectors.sandbox.intacct import errors
from crmapp.connectors.sandbox.intacct.catalogue import Field, Kind, Object, Relationship
from crmapp.connectors.sandbox.intacct.errors import Refused
from crmapp.connectors.sandbox.intacct.gateway.envelope import attributes, child, tag
from crmapp.connectors.sandbox.intacct.gateway.reading import Asked
from crmapp.connectors.sandbox.intacct.objects import OBJECTS, find

_OLD_TYPES = {Kind.ENUM: "enum", Kind.MULTIPLE: "multipick", Kind.TIMESTAMP: "timestamp"}
_TEXTS = (Kind.EMAIL, Kind.PHONE, Kind.URL)


def lookup(asked: Asked) -> str:
    """Answer ``lookup``: the fields and relationships of an object.

    Raises:
        Refused: there is no such object.
    """
    object, name = _asked_for(asked)
    own = [_field(each.id, each) for each in object.fields]
    shown = [_field(path, found.field) for path in object.shown if (found := find(object, path))]
    ways = "".join(_relationship(each) for each in object.relationships)
    inner = f"<Fields>{''.join(own + shown)}</Fields><Relationships>{ways}</Relationships>"
    described = f"<Type{attributes(Name=name, DocumentType='')}>{inner}</Type>"
    return f'<data listtype="All" count="1">{described}</data>'


def inspect(asked: Asked) -> str:
    """Answer ``inspect``: all objects, the names of an object's fields, or its fields in detail.

    Raises:
        Refused: there is no such object.
    """
    if child(asked.function.element, "object") == "*":
        types = "".join(
            f"<type{attributes(typename=each.name)}>{each.label}</type>"
            for each in OBJECTS.values()
        )
        return f"<data{attributes(listtype='All', count=len(OBJECTS))}>{types}</data>"
    object, name = _asked_for(asked)
    if asked.function.element.get("detail") == "1":
        inner = _detail(object)
    else:
        inner = f"<Fields>{''.join(tag('Field', each.id) for each in object.fields)}</Fields>"
    return f'<data listtype="All" count="1"><Type{attributes(Name=name)}>{inner}</Type></data>'


def dimensions(asked: Asked) -> str:
    """Answer ``getDimensions``: the standard ones and those that the company made."""
    listed = "".join(
        "<dimension>"
        + tag("objectName", each.aliases[0] if each.custom else each.name)
        + tag("objectLabel", each.label)
        + tag("termLabel", each.label)
        + tag("userDefinedDimension", _yes(each.custom))
        + tag("enabledInGL", "true")
        + "</dimension>"
        for each in OBJECTS.values()
        if each.dimension
    )
    return f"<data><dimensions>{listed}</dimensions></data>"


def _asked_for(asked: Asked) -> tuple[Object, str]:
    element = asked.function.element
    name = child(element, "object")
    if not name:
        label = child(element, "name")
        name = next((each.name for each in OBJECTS.values() if each.label == label), label)
    if not name:
        raise Refused(errors.bad_query("Name the object."))
    object, _hidden = asked.object(name)
    return object, name


def _field(id: str, field: Field) -> str:
    choices = "".join(tag("VALIDVALUE", each) for each in field.values)
    return (
        "<Field>"
        + tag("ID", id)
        + tag("LABEL", field.label)
        + tag("DESCRIPTION", field.label)
        + tag("REQUIRED", _yes(field.required))
        + tag("READONLY", _yes(field.readonly))
        + tag("DATATYPE", _type(field))
        + (f"<VALIDVALUES>{choices}</VALIDVALUES>" if choices else "")
        + tag("ISCUSTOM", _yes(field.custom))
        + "</Field>"
    )


def _type(field: Field) -> str:
    """Return the type as ``lookup`` says it: a standard pick list is a text with valid values."""
    if field.kind in _TEXTS or (field.kind is Kind.ENUM and not field.custom):
        return Kind.TEXT.value
    return field.kind.value


def _relationship(way: Relationship) -> str:
    return (
        "<Relationship>"
        + tag("OBJECTPATH", way.path)
        + tag("OBJECTNAME", way.object)
        + tag("LABEL", way.label)
        + tag("RELATIONSHIPTYPE", "MANY2ONE")
        + tag("RELATEDBY", way.by)
        + "</Relationship>"
    )


def _detail(object: Object) -> str:
    names = (
        tag("SingularName", object.label)
        + tag("PluralName", object.plural)
        + tag("Description", object.plural)
    )
    fields = "".join(_old_field(each) for each in object.fields)
    return f"<Attributes>{names}</Attributes><Fields>{fields}</Fields>"


def _old_field(field: Field) -> str:
    kind = _OLD_TYPES.get(field.kind, field.kind.value.lower())
    choices = "".join(tag("value", each) for each in field.values)
    return (
        "<Field>"
        + tag("Name", field.id)
        + tag("GroupName")
        + tag("dataName", kind.upper())
        + tag("externalDataName", kind)
        + tag("isRequired", _yes(field.required))
        + tag("isReadOnly", _yes(field.readonly))
        + tag("maxLength", str(field.length or 0))
        + tag("DisplayLabel", field.label)
        + tag("Description", field.label)
        + tag("id")
        + (f"<validValues>{choices}</validValues>" if choices else "")
        + "</Field>"
    )


def _yes(value: bool) -> str:
    return "true" if value else "false"
