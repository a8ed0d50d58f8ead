"""JSON as what a person would have typed, and answers with records: what all resources share."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from flask import Response, g, json, request

from crmapp.domain.fields import Field, Kind
from crmapp.domain.fields import is_custom as custom
from crmapp.errors import Invalid, VersionMissing, VersionStale
from crmapp.i18n import N_, Text
from crmapp.services.published import public

LONGEST_KEY = 100
_BOUNDS = ("minimum", "maximum", "maxLength", "format")
WANTED = N_("Send a value of the type %(kind)s.")
UNKNOWN = N_("There is no such member. Leave it out; /api/v1/openapi.json has those there are.")


class Shape(NamedTuple):
    """What JSON holds the values of a kind: its Python types, and its schema."""

    types: tuple[type, ...]
    schema: Mapping[str, Any]


_TEXT = Shape((str,), {"type": "string"})
_ID = Shape((int,), {"type": "integer", "minimum": 1})
_TEXTS = Shape((list,), {"type": "array", "items": {"type": "string"}})
CURSOR: Mapping[str, Any] = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
"""The record after which a page begins."""
_EXACT = Shape((str, int, float), {"type": ["string", "number"]})
SHAPES: dict[Kind, Shape] = {
    Kind.YES_NO: Shape((bool,), {"type": "boolean"}),
    Kind.TAGS: Shape((list,), {"type": "array", "items": {"type": "string", "pattern": "^[^,]*$"}}),
    Kind.MULTI_PICK_LIST: _TEXTS,
    Kind.NUMBER: _EXACT,
    Kind.MONEY: _EXACT,
    Kind.DATE: Shape((str,), {"type": "string", "format": "date"}),
    Kind.MOMENT: Shape((str,), {"type": "string", "format": "date-time"}),
    Kind.USER: _ID,
    Kind.TEAM: _ID,
    Kind.CONTACT: _ID,
    Kind.REMINDER: Shape((int,), {"type": "integer"}),
    Kind.LENGTH: Shape((int,), {"type": "integer"}),
}
"""Kind → how JSON holds it; all others are text."""


def shape(spec: Field) -> Shape:
    """Return how JSON holds the values of a field; beside them, ``null`` empties it."""
    return SHAPES.get(spec.kind, _TEXT)


def body() -> dict[str, Any]:
    """Return the object that was sent.

    Raises:
        Invalid: it is none.
    """
    try:
        sent = request.get_json(silent=True) if request.is_json else None
    except RecursionError:
        sent = None
    if not isinstance(sent, dict):
        text = N_("Send a JSON object, as “Content-Type: application/json”.")
        raise Invalid({"": text}, text)
    return sent


def typed(
    sent: Mapping[str, Any], specs: Mapping[str, Field], besides: Collection[str] = ()
) -> dict[str, Any]:
    """Return field → what a person would have typed to say the same.

    ``besides`` are members that hold text and are no fields.

    Raises:
        Invalid: member → that there is none, or what it has to be.
    """
    known = {public(spec): spec for spec in specs.values()}
    wrong = {name: Text(UNKNOWN) for name in sent if name not in known and name not in besides}
    for name, value in sent.items():
        if name in besides and not isinstance(value, str):
            wrong[name] = Text(WANTED, {"kind": "string"})
        if name in known and not _fits(known[name], value):
            wanted = {"kind": told(shape(known[name]).schema)}
            wrong[name] = Text(N_("Send a value of the type %(kind)s, or null."), wanted)
    if wrong:
        raise Invalid(wrong)
    return {
        name if name == "parent" else known[name].name: _typed(known[name], value)
        for name, value in sent.items()
        if name in known
    }


def told(schema: Mapping[str, Any]) -> str:
    """Return the type of a schema, or all of them, and its bounds."""
    kind = schema["type"] if isinstance(schema["type"], str) else json.dumps(schema["type"])
    bounds = ", ".join(f"{name} {schema[name]}" for name in _BOUNDS if name in schema)
    return f"{kind} ({bounds})" if bounds else kind


def _typed(spec: Field, value: Any) -> Any:
    return ", ".join(value) if spec.kind is Kind.TAGS and value else value


def _fits(spec: Field, value: Any) -> bool:
    types, schema = shape(spec)
    if value is None:
        return True
    if isinstance(value, bool):
        return bool in types
    if isinstance(value, list) and not all(isinstance(each, str) for each in value):
        return False
    if spec.kind is Kind.TAGS and isinstance(value, list) and "," in "".join(value):
        return False  # a comma stands between two
    if isinstance(value, int) and value < schema.get("minimum", value):
        return False  # no record has it, and services take 0 for none
    return isinstance(value, types)


@contextmanager
def refused_by_member(specs: Mapping[str, Field]) -> Iterator[None]:
    """Refuse what a service refuses, with the names that the members have in JSON.

    Raises:
        Invalid: member → what is wrong with it.
    """
    try:
        yield
    except Invalid as invalid:
        names = {spec.name: public(spec) for spec in specs.values()}
        wrong = {names.get(name, name): text for name, text in invalid.fields.items()}
        raise Invalid(wrong, invalid.message) from invalid


def key(object_: str) -> str | None:
    """Return the Idempotency-Key, apart from those of forms, other tokens, other kinds of records.

    Raises:
        Invalid: it is too long.
    """
    sent = request.headers.get("Idempotency-Key", "")
    if len(sent) > LONGEST_KEY:
        text = Text(N_("Send at most %(most)s characters."), {"most": LONGEST_KEY})
        raise Invalid({"Idempotency-Key": text})
    return f"api:{g.api_token}:{object_}:{sent}" if sent else None


def need_version(version: int) -> None:
    """Refuse a change of another version than the one there is.

    A weak ETag counts as well: what is compressed on the way has one.

    Raises:
        VersionMissing: nobody said which one.
        VersionStale: it is another one by now.
    """
    if not request.if_match:
        raise VersionMissing
    if not request.if_match.contains_weak(str(version)):
        raise VersionStale


def one(shown: Mapping[str, Any], status: int = 200, location: str = "") -> Response:
    """Answer with a record and its ETag; a reader who has it already is told so."""
    response = Response(json.dumps(shown), status, content_type="application/json")
    response.set_etag(str(shown["version"]))
    if location:
        response.headers["Location"] = location
    if request.method == "GET" and request.if_match:
        need_version(shown["version"])
    elif request.method == "GET":
        response.make_conditional(request)
    return response


def many(items: list[dict[str, Any]], following: str | None) -> dict[str, Any]:
    """Answer with a page of records, and the cursor of the page after it."""
    return {"items": items, "next": following}


def arguments(*known: str) -> dict[str, str]:
    """Return the arguments of the address.

    Raises:
        Invalid: argument → that there is none of this name.
    """
    strange = [name for name in request.args if name not in known and not custom(name)]
    if strange:
        raise Invalid({name: N_("There is no such argument.") for name in strange})
    return request.args.to_dict()


def limit(sent: str | None) -> int:
    """Return how many records a page has.

    Raises:
        Invalid: it is no number that it may be.
    """
    if sent is None:
        return 50
    if not sent.isascii() or not sent.isdecimal() or len(sent) > 3 or not 1 <= int(sent) <= 200:
        raise Invalid({"limit": N_("“limit” may be from 1 to 200.")})
    return int(sent)


def place(sent: str | None) -> int | None:
    """Return the record after which a page begins.

    Raises:
        Invalid: it is no number, or that of no record.
    """
    if sent is None:
        return None
    if not sent.isascii() or not sent.isdecimal() or len(sent) > 9 or not int(sent):
        raise wrong("cursor")
    return int(sent)


def wrong(name: str) -> Invalid:
    """Say that an argument cannot be used."""
    return Invalid({name: N_("This argument cannot be used. Leave it out, or look at the list.")})
