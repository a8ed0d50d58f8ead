"""Parts of pages that a reader sees again and again: written once, and kept by the process.

What a kept part says follows from its reader (who she is, her rights, her language and looks), from
the room she is in, and from the ``inputs`` it is asked for with; nothing else may decide it. What
differs from answer to answer, as the token against forgery, is filled in afterwards.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType
from typing import Any

from flask import Flask, current_app, render_template, url_for
from markupsafe import Markup, escape

from crmapp.config import settings
from crmapp.memory import Memory
from crmapp.web.access import person, signed_in
from crmapp.web.assets import static_url
from crmapp.web.context import kept, this_request
from crmapp.web.reader import preferences
from crmapp.web.redirects import here
from crmapp.web.security import csp_nonce
from crmapp.web.texts import language
from crmapp.web.tokens import csrf_token

MOST = 500
"""So many parts are kept by a process; one has some kilobytes."""
_PLACEHOLDER = 10**15
"""Stands in an address for a number that comes later; no id is as large."""
NOTHING: Mapping[str, object] = MappingProxyType({})
_OURS = secrets.token_hex(8)
"""A word in each mark that nobody can type, so that no text of a person is taken for one."""
_MARK = re.compile(f"\ue000{_OURS}:([a-z0-9_]+)\ue001")
_LATER: Mapping[str, Callable[[], object]] = {
    "csrf_token": csrf_token,
    "csp_nonce": csp_nonce,
    "here": here,
}


class _Pieces:
    """A part in pieces: between two of them stands the name of what is later than the part."""

    def __init__(self, html: str) -> None:
        self._pieces = _MARK.split(html)
        self._names = self._pieces[1::2]
        self._different = frozenset(self._names)

    def filled(self, fill: Mapping[str, object]) -> str:
        """Join the pieces, with ``fill`` in between."""
        known = dict[str, str]()
        for name in self._different:
            value = fill[name] if name in fill else _LATER[name]()
            known[name] = value if isinstance(value, Markup) else escape(value)
        whole = list(self._pieces)
        whole[1::2] = map(known.__getitem__, self._names)
        return "".join(whole)


class Kept:
    """The parts that were written before, the last ``most``."""

    def __init__(self, most: int = MOST) -> None:
        self._parts: Memory[_Pieces] = Memory(most)

    def part(
        self,
        template: str,
        *inputs: Hashable,
        fill: Mapping[str, object] = NOTHING,
        **context: Any,
    ) -> Markup:
        """Return the partial ``template``.

        ``context`` is what it needs, as ``inputs`` decide; ``fill`` is what it prints and what does
        not decide anything else about it, by name and all together as ``marks``.
        """
        key = (template, _reader(), inputs)
        pieces = self._parts.get(key)
        if pieces is None:
            marks: dict[str, Any] = {name: mark(name) for name in fill}
            marks |= {name: lambda name=name: mark(name) for name in _LATER}
            html = render_template(template, **{**context, **marks, "marks": marks})
            pieces = _Pieces(html)
            if not current_app.jinja_env.auto_reload:
                self._parts.keep(key, pieces)
        return Markup(pieces.filled(fill))  # noqa: S704  (written by a template, values escaped)


class Texts:
    """Texts that were written before, under all that decides what they say: the last ``most``."""

    def __init__(self, most: int) -> None:
        self._texts: Memory[str] = Memory(most)

    def of(self, key: Hashable, write: Callable[[], object]) -> str:
        """Return what is kept under ``key``, else the text that ``write`` returns.

        What holds a list, as a column of a Parquet file may, is no key: it is written each time.
        """
        try:
            text = self._texts.get(key)
        except TypeError:
            return str(write())
        if text is None:
            text = str(write())
            self._texts.keep(key, text)
        return text


def init_app(app: Flask) -> None:
    """Give templates ``part("_sidebar.html")``, with parts of this application's own."""
    app.add_template_global(Kept().part, "part")
    app.add_template_global(address)


def address(endpoint: str, **values: Any) -> str:
    """Do what ``url_for`` does, in kept parts as well: a value may be filled in later."""
    later = {name: each for name, each in values.items() if _is_mark(each)}
    numbers = {name: _PLACEHOLDER + n for n, name in enumerate(later)}
    url = url_for(endpoint, **{**values, **numbers})
    for name, number in numbers.items():
        url = url.replace(str(number), later[name])
    return url


def _is_mark(value: object) -> bool:
    return isinstance(value, str) and _MARK.fullmatch(value) is not None


def mark(name: str) -> str:
    """Return what stands in a kept text where something comes later."""
    return f"\ue000{_OURS}:{name}\ue001"


def _reader() -> Hashable:
    """Return all that a part may say about its reader and about the room it is in."""
    page = kept()
    known: Hashable = page.get("reader_of_parts")
    if known is None:
        who = person() if signed_in() else None
        viewer = str(page.get("viewer", ""))
        named = who and (who.id, who.name, who.email, who.rights, who.scope, viewer)
        looks = tuple(preferences().values())
        asked = this_request()
        room = (asked.script_root, asked.blueprint, static_url(""), settings().htmx_source)
        known = page["reader_of_parts"] = (named, looks, language(), room)
    return known
