"""The description of the API as OpenAPI 3.1, made of what the views check."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crmapp.blueprints.api import accounts, activities, contacts, records, schemas, wording
from crmapp.blueprints.api.door import OPERATIONS, Operation
from crmapp.blueprints.api.schemas import MAYBE_TEXT, TEXT, WHOLE, Schema, answered, named, page_of
from crmapp.domain.fields import Field
from crmapp.domain.scopes import SENTENCES
from crmapp.services import account_fields, published
from crmapp.web.problems import TYPE
from crmapp.web.texts import translated

_PART = re.compile(r"<(?:int:)?(\w+)>")


def described(*, to_visitor: bool = False) -> Schema:
    """Return the description of the API as OpenAPI, its words in the reader's language.

    To a visitor, it does not name the fields that this installation has made.
    """
    paths: dict[str, Schema] = {}
    for name, known in OPERATIONS.items():
        address = "/api/v1" + _PART.sub(r"{\1}", known.path)
        operation = _operation(name, known, to_visitor)
        paths.setdefault(address, {})[known.method.lower()] = operation
    bearer = {"type": "http", "scheme": "bearer"}
    more = {"description": translated(wording.MORE_FIELDS)} if to_visitor else {}
    return {
        "openapi": "3.1.0",
        "info": {"title": "crmapp", "version": "1", **more},
        "tags": [
            {"name": name, "description": translated(text)} for name, text in wording.GROUPS.items()
        ],
        "paths": paths,
        "components": {"schemas": _schemas(to_visitor), "securitySchemes": {"token": bearer}},
        "security": [{"token": []}],
        "x-scopes": {scope.value: translated(text) for scope, text in SENTENCES.items()},
    }


def _operation(name: str, known: Operation, to_visitor: bool) -> Schema:
    refusals = {str(status): _fault(text, "Problem") for status, text in wording.FAULTS.items()}
    summary = translated(known.summary)
    answer: Schema = {"description": summary if known.answers else translated(wording.NO_BODY)}
    if known.answers:
        answer["content"] = {"application/json": {"schema": named(known.answers)}}
    described: Schema = {
        "operationId": name,
        "tags": [wording.group(known.scope)],
        "summary": summary,
        "description": f"Scope: {known.scope.value}",
        "parameters": _parameters(known, to_visitor),
        "responses": {str(known.status): answer, **refusals},
    }
    if known.may_exist:
        described["responses"]["409"] = _fault(wording.MAY_EXIST, "MayExist", "Problem")
    if known.gives_away:
        described["responses"]["204"] = {"description": translated(wording.GIVEN_AWAY)}
    if known.sends:
        content = {"application/json": {"schema": named(known.sends)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _fault(text: str, *schemas_: str) -> Schema:
    """Return how a refusal is described, which has one of these schemas."""
    refs = [named(name) for name in schemas_]
    schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
    return {"description": translated(text), "content": {TYPE: {"schema": schema}}}


def _parameters(known: Operation, to_visitor: bool) -> list[Schema]:
    number = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": number if kind else TEXT}
        for kind, name in re.findall(r"<(int:)?(\w+)>", known.path)
    ]
    asked: Mapping[str, Any] = known.arguments
    if known.answers == "Accounts" and not to_visitor:
        asked = {**asked, **{spec.name: TEXT for spec in account_fields.filterable()}}
    found += [{"name": name, "in": "query", "schema": schema} for name, schema in asked.items()]
    if known.method == "POST" and known.keyed:
        own = {"type": "string", "maxLength": records.LONGEST_KEY}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": own})
    if known.versioned and known.method != "GET":
        found.append({"name": "If-Match", "in": "header", "required": True, "schema": TEXT})
    return [{**each, "description": _told(each["name"])} for each in found]


def _told(argument: str) -> str:
    return translated(wording.ARGUMENTS.get(argument, wording.OWN_FIELD))


def _schemas(to_visitor: bool) -> dict[str, Schema]:
    found: dict[str, Schema] = {
        "Fields": page_of(schemas.ANY),
        **schemas.SENT,
        **{name: _in_words(schema) for name, schema in schemas.ANSWERED.items()},
    }
    overruling = {
        name: {**TEXT, "description": translated(text)}
        for name, text in accounts.OVERRULING.items()
    }
    kinds: dict[str, tuple[str, Mapping[str, Field], Mapping[str, Schema]]] = {
        "Account": ("Accounts", accounts.specs(), overruling),
        "Contact": ("Contacts", contacts.specs(), {}),
        "Activity": ("Activities", activities.specs(), {}),
    }
    for name, (several, specs, besides) in kinds.items():
        if to_visitor:
            specs = {each: spec for each, spec in specs.items() if not spec.custom}
        found |= _of_a_kind(name, several, specs, besides, closed=not to_visitor)
    return found


def _in_words(schema: Schema) -> Schema:
    """Return a schema of an answer with what is said of its members in the reader's language."""
    if "properties" not in schema:
        return schema
    members = {
        name: {**each, "description": translated(each["description"])}
        if "description" in each
        else each
        for name, each in schema["properties"].items()
    }
    return {**schema, "properties": members}


def _of_a_kind(
    name: str,
    several: str,
    specs: Mapping[str, Field],
    besides: Mapping[str, Schema],
    *,
    closed: bool,
) -> dict[str, Schema]:
    """Describe records of a kind; unless it is ``closed``, they may have further members."""
    sent = {published.public(spec): _value(spec) for spec in specs.values()}
    needed = [published.public(spec) for spec in specs.values() if spec.required]
    own: Schema = {
        "id": WHOLE,
        "version": WHOLE,
        **dict.fromkeys(("created_at", "updated_at"), TEXT),
        "deleted_at": MAYBE_TEXT,
    }
    members = {**sent, **besides}
    changes = {"type": "object", "additionalProperties": not closed, "properties": members}
    return {
        name: answered(**own, **sent),
        several: page_of(named(name)),
        f"{name}Changes": changes,
        f"New{name}": {**changes, "required": needed},
    }


def _value(spec: Field) -> Schema:
    schema = dict(records.shape(spec).schema)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    label, text = translated(spec.label), translated(spec.help)
    return {**schema, "type": [*kinds, "null"], "title": label, "description": text}
