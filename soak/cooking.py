"""From a form as it should be sent, and how it is to be spoiled, to the bytes of a request."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from soak.pages import TOKEN, Form, Pair
from soak.recipes import Recipe
from tests.support.sales import SALES

_HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#drawer-body"}


@dataclass(frozen=True)
class Request:
    """What is sent, and what of it a person can read."""

    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path[:600]} {(self.body or b'')[:800]!r}"


def cook(form: Form, recipe: Recipe, token: str, key: str) -> Request:
    """Spoil a form as the recipe says; ``token`` is of whoever sends it, ``key`` is fresh."""
    own = {TOKEN: token, "idempotency_key": key}
    pairs = [(name, own.get(name, value)) for name, value in _chosen(form, recipe)]
    pairs = _spoiled(pairs, recipe)
    path = _address(form.action, recipe)
    headers = dict(_HTMX if recipe.fragment else {})
    if form.method == "GET":
        query = urlencode(pairs)
        return Request("GET", f"{path}?{query}" if query else path, None, headers)
    if recipe.shape in ("json", "bytes"):
        headers["X-CSRFToken"] = token
    body, headers["Content-Type"] = _body(form, pairs, recipe)
    return Request("POST", path, body, headers)


def _chosen(form: Form, recipe: Recipe) -> list[Pair]:
    """Fill in the form as somebody may who only picks from what it offers."""
    pairs = list(form.pairs)
    offered = sorted(form.choices.items())
    for number in recipe.choices if offered else ():
        name, values = offered[number % len(offered)]
        pairs = [pair for pair in pairs if pair[0] != name]
        pairs.append((name, values[number % len(values)]))
    return pairs


def _spoiled(pairs: list[Pair], recipe: Recipe) -> list[Pair]:
    names = [name for name, _value in pairs if name != TOKEN]
    spoiled = list(pairs)
    if recipe.shape == "token":
        return [pair for pair in pairs if pair[0] != TOKEN]
    if recipe.shape == "extra":
        return [*pairs, *((recipe.spoil(number + 1), value) for number, value in recipe.spoils)]
    if recipe.shape in ("proper", "address") or not names:
        return spoiled
    for number, value in recipe.spoils:
        name = names[number % len(names)]
        if recipe.shape != "twice":
            spoiled = [pair for pair in spoiled if pair[0] != name]
        if recipe.shape != "missing":
            spoiled.append((name, value))
    return spoiled


def _address(path: str, recipe: Recipe) -> str:
    """Put something else in the place of one part of the address."""
    parts = path.partition("?")[0].split("/")
    if recipe.shape == "address":
        number, value = recipe.spoils[0]
        parts[1 + number % max(1, len(parts) - 1)] = value
    return "/" + quote("/".join(parts).lstrip("/"), safe="/:@")


def _body(form: Form, pairs: list[Pair], recipe: Recipe) -> tuple[bytes, str]:
    name, content = recipe.file if recipe.shape != "proper" else ("sales.csv", SALES.encode())
    if recipe.shape == "json":
        return json.dumps(dict(pairs)).encode(), "application/json"
    if recipe.shape == "bytes":
        return content, ("multipart/form-data; boundary=x", "text/x", "")[recipe.pick % 3]
    if not form.files:
        return urlencode(pairs).encode(), "application/x-www-form-urlencoded"
    values: MultiDict[str, object] = MultiDict(pairs)
    for field in form.files:
        values.add(field, FileStorage(io.BytesIO(content), name, field))
    boundary, body = encode_multipart(values)
    return body, f"multipart/form-data; boundary={boundary}"
