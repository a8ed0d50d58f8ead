"""What programs can ask: described for them, and on a page on which people try it out."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, json, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from crmapp.blueprints.api import wording
from crmapp.blueprints.api.document import described
from crmapp.blueprints.api.door import OPERATIONS, RATE
from crmapp.config import settings
from crmapp.db import LARGEST_ID
from crmapp.domain.scopes import Scope
from crmapp.domain.search import fold
from crmapp.services.account_question import LONGEST_SEARCH
from crmapp.web.access import public, signed_in
from crmapp.web.assets import static_url
from crmapp.web.htmx import page
from crmapp.web.kept import Texts
from crmapp.web.texts import language

pages = Blueprint("reference", __name__, url_prefix="/help/api")

Schema = Mapping[str, Any]
_MOST_KEPT = 200
"""So many operations are kept as they were written: those of both languages, and of yesterday."""
_WRITTEN = Texts(_MOST_KEPT)
_SAMPLES: Mapping[str, Any] = {
    "string": "…", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {},
}  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A value that is sent or answered; ``name`` is its path, such as ``items[].id``.

    ``place``: where it is sent, as OpenAPI has it. ``least``, ``most`` and ``longest`` bound it.
    """

    name: str
    kind: str
    required: bool
    text: str = ""
    place: str = "body"
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    longest: int | None = None


@dataclass(frozen=True)
class Answer:
    """A status with which an operation can answer, and what the answer holds."""

    status: str
    text: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Shown:
    """An operation as the page shows it; ``words`` are those by which it is found."""

    name: str
    method: str
    path: str
    summary: str
    scope: Scope
    parameters: tuple[Member, ...]
    body: tuple[Member, ...]
    example: str
    answers: tuple[Answer, ...]
    command: str
    words: str


def serve(bp: Blueprint) -> None:
    """Serve the description beside what it describes, and the page with the rest of the help."""
    bp.add_url_rule("/openapi.json", "openapi", openapi)
    bp.record_once(lambda state: state.app.register_blueprint(pages))


@public
def openapi() -> ResponseReturnValue:
    """Send the description; it holds no records and is open to everybody who reads the API.

    What fields an installation has made may tell how it works: a visitor is not told their names.
    """
    return described(to_visitor=not signed_in())


@pages.get("")
def show() -> ResponseReturnValue:
    """Show what programs can ask, by what it is about; words find operations among it."""
    words = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    document, address = described(), settings().address + request.script_root
    groups = {each["name"]: list[tuple[Shown, bool, Markup]]() for each in document["tags"]}
    for operation in _operations(document, address):
        found = all(part in operation.words for part in fold(words).split())
        groups[wording.group(operation.scope)].append((operation, found, _written(operation)))
    return page(
        "help/api.html",
        words=words,
        groups=groups,
        titles={each["name"]: each["description"] for each in document["tags"]},
        scopes=document["x-scopes"],
        refusals=[Answer(str(status), each, ()) for status, each in wording.FAULTS.items()],
        problem=_members(document["components"]["schemas"]["Problem"], document),
        address=address + url_for("api.openapi").removesuffix("/openapi.json"),
        rate=RATE.partition(" ")[0],
    )


def _written(operation: Shown) -> Markup:
    """Return all about an operation, which is the same for all readers of one language."""
    key = (language(), request.script_root, static_url(""), operation)
    text = _WRITTEN.of(key, lambda: render_template("help/_operation.html", operation=operation))
    return Markup(text)  # noqa: S704  (written by a template, values escaped)


def _operations(document: Schema, address: str) -> Iterator[Shown]:
    for path, methods in document["paths"].items():
        for method, known in methods.items():
            yield _shown(method.upper(), path, known, document, address)


def _shown(method: str, path: str, known: Schema, document: Schema, address: str) -> Shown:
    scope = OPERATIONS[known["operationId"]].scope
    content = known.get("requestBody", {}).get("content")
    sends = _resolved(content["application/json"]["schema"], document) if content else {}
    example = _example(known["operationId"], sends) if content else ""
    parameters = tuple(_parameter(each) for each in known["parameters"])
    words = (method, path, known["summary"], known["operationId"], scope)
    return Shown(
        name=known["operationId"],
        method=method,
        path=path,
        summary=known["summary"],
        scope=scope,
        parameters=parameters,
        body=_members(sends, document),
        example=example,
        answers=tuple(
            Answer(status, answer["description"], _answered(answer, document))
            for status, answer in known["responses"].items()
            if status.startswith("2")
        ),
        command=_command(method, address + path, parameters, example),
        words=fold(" ".join(words)),
    )


def _parameter(known: Schema) -> Member:
    return _member(
        known["name"],
        known["schema"],
        required=known.get("required", False),
        text=known["description"],
        place=known["in"],
    )


def _answered(answer: Schema, document: Schema) -> tuple[Member, ...]:
    content = answer.get("content")
    return _members(content["application/json"]["schema"], document) if content else ()


def _members(schema: Schema, document: Schema, around: str = "") -> tuple[Member, ...]:
    """Return what an object holds, what is in its own objects and lists of them as well."""
    known = _resolved(schema, document)
    return tuple(
        each
        for name, value in known.get("properties", {}).items()
        for each in _within(f"{around}{name}", value, name in known.get("required", ()), document)
    )


def _within(name: str, schema: Schema, required: bool, document: Schema) -> Iterable[Member]:
    known = _resolved(schema, document)
    text = ". ".join(
        known[each].rstrip(".") for each in ("title", "description") if known.get(each)
    )
    yield _member(name, known, required, text and f"{text}.")
    inner = _resolved(known.get("items", {}), document)
    yield from _members(inner, document, f"{name}[].")
    yield from _members(known, document, f"{name}.")


def _resolved(schema: Schema, document: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _member(
    name: str, schema: Schema, required: bool, text: str = "", place: str = "body"
) -> Member:
    most = schema.get("maximum")
    return Member(
        name=name,
        kind=_kind(schema),
        required=required,
        text=text,
        place=place,
        choices=tuple(schema.get("enum", ())),
        least=schema.get("minimum"),
        most=None if most == LARGEST_ID else most,
        longest=schema.get("maxLength"),
    )


def _kind(schema: Schema) -> str:
    """Write a type as programmers do: ``string[] | null``, ``string (date)``."""
    kinds = schema.get("type", "string")
    told = [_told(each, schema) for each in (kinds if isinstance(kinds, list) else [kinds])]
    return " | ".join(told)


def _told(kind: str, schema: Schema) -> str:
    if kind == "array":
        inner = schema.get("items", {})
        return f"{'object' if '$ref' in inner else inner.get('type', 'object')}[]"
    return f"{kind} ({schema['format']})" if kind == "string" and "format" in schema else kind


def _example(name: str, sends: Schema) -> str:
    """Write a body that can be sent: our example, and what this installation asks for besides."""
    needed = {each: _sample(sends["properties"][each]) for each in sends.get("required", ())}
    body = {**needed, **wording.EXAMPLES[name]}
    return json.dumps(body, ensure_ascii=False, indent=2, sort_keys=False)


def _sample(schema: Schema) -> Any:
    kinds = schema["type"]
    return _SAMPLES[kinds[0] if isinstance(kinds, list) else kinds]


def _command(method: str, url: str, parameters: Iterable[Member], body: str) -> str:
    """Write the request as one line for a terminal, where ``$TOKEN`` holds the token."""
    parts = ["curl"] if method == "GET" else ["curl", "-X", method]
    parts += ["-H", '"Authorization: Bearer $TOKEN"']
    headers = {"If-Match": "'If-Match: \"1\"'", "Idempotency-Key": '"Idempotency-Key: $(uuidgen)"'}
    for each in parameters:
        if each.place == "header":
            parts += ["-H", headers[each.name]]
        elif each.place == "path":
            url = url.replace(f"{{{each.name}}}", wording.PLACES.get(each.name, "1"))
    if body:
        compact = json.dumps(json.loads(body), ensure_ascii=False, sort_keys=False)
        parts += ["--json", shlex.quote(compact)]
    return " ".join([*parts, shlex.quote(url)])
