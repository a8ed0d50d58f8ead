"""What a page offers to whoever looks at it: addresses to go to, and forms to send."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

Pair = tuple[str, str]
TOKEN = "csrf_token"  # noqa: S105  # the name of a field
"""The field that says that a form was made for whoever sends it."""
_UNSENT = ("submit", "button", "reset", "image")


@dataclass
class Form:
    """A form as it was rendered: ``pairs`` are what a browser sends if nobody touches it."""

    action: str
    method: str
    pairs: list[Pair] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)  # further values that it offers
    files: list[str] = field(default_factory=list)  # names of fields for files
    button: str = ""  # the one that is pressed, if it has a name

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*(name for name, _ in self.pairs), *self.choices, *self.files}))

    def offer(self, name: str, value: str) -> None:
        self.choices.setdefault(name, []).append(value)


class Page(HTMLParser):
    """Reads the HTML of a page or of a fragment."""

    def __init__(self, address: str, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._address = address
        self._by_id: dict[str, Form] = {}
        self._form: Form | None = None
        self._select: tuple[Form, str] | None = None
        self._text: tuple[Form, str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.links += [found[name] for name in ("href", "hx-get") if found.get(name)]
        if tag == "form":
            self._open(found)
        elif "hx-post" in found:
            self.forms.append(Form(found["hx-post"], "POST"))
        form = self._by_id.get(found.get("form", ""), self._form)
        if tag == "option" and self._select:
            self._option(*self._select, found)
        elif form and found.get("name"):
            self._control(form, tag, found)

    def _open(self, found: dict[str, str]) -> None:
        """Begin a form, or go on with one that a control before it named."""
        method = "POST" if "hx-post" in found else found.get("method", "get").upper()
        action = found.get("hx-post") or found.get("action") or self._address
        self._form = Form(action, method)
        self.forms.append(self._form)
        self._by_id[found.get("id") or "?"] = self._form

    def _control(self, form: Form, tag: str, found: dict[str, str]) -> None:
        name, value = found["name"], found.get("value", "")
        kind = found.get("type", "text" if tag == "input" else "submit")
        if tag == "select":
            self._select = form, name
        elif tag == "textarea":
            self._text = form, name
            form.pairs.append((name, ""))
        elif kind == "file":
            form.files.append(name)
        elif kind == "submit" and not form.button:
            form.button = name
            form.pairs.append((name, value))
        elif kind in _UNSENT or (kind in ("checkbox", "radio") and "checked" not in found):
            form.offer(name, value or "on")
        elif tag == "input":
            form.pairs.append((name, value))

    def _option(self, form: Form, name: str, found: dict[str, str]) -> None:
        first = name not in form.choices
        form.offer(name, found.get("value", ""))
        if first or "selected" in found:
            form.pairs = [pair for pair in form.pairs if pair[0] != name]
            form.pairs.append((name, found.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._text:
            form, name = self._text
            before = dict(form.pairs)[name]
            form.pairs = [pair for pair in form.pairs if pair[0] != name]
            form.pairs.append((name, before + data))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._text = None
