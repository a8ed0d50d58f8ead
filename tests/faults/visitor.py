"""A person at a browser without JavaScript: signs in, fills forms, and sends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from email.message import Message
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.faults.ground import PASSWORD

AWAY = (OSError, HTTPException)
"""What a browser meets when the web was killed under its request."""


class _Form(HTMLParser):
    """The fields of the form that posts to ``action``, as a browser would send them."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self._action, self._inside, self._text = action, False, ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            post = found.get("method", "get").lower() == "post"
            self._inside = post and urlsplit(found.get("action", "")).path == self._action
        name = found.get("name", "")
        if not self._inside or not name or tag not in ("input", "textarea"):
            return
        if found.get("type") in ("checkbox", "radio") and "checked" not in found:
            return
        if found.get("type") != "submit":
            self.fields[name] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


@dataclass
class Visitor:
    """``url`` is the house's; her cookies can be handed to another process."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, sent: Mapping[str, str] | None = None) -> Answer:
        """Send one request and return the answer; redirects are not followed.

        Raises:
            OSError, HTTPException: nobody answered, or not to the end.
        """
        encoded = urlencode(sent).encode() if sent is not None else None
        headers = {} if sent is None else {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send(method, path, encoded, headers)

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send what no form of a page may have made, as :meth:`ask` does."""
        address = urlsplit(self.url)
        connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, {"Cookie": cookies, **headers})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return Answer(response.status, text, response.headers)

    def form(self, path: str, action: str) -> dict[str, str]:
        """Open a page and return the fields of its form that posts to ``action``."""
        page = self.ask("GET", path)
        reader = _Form(action)
        reader.feed(page.body)
        assert reader.fields, f"{path} answers {page.status} and has no form for {action}"
        return reader.fields

    def sign_in(self, email: str) -> Visitor:
        fields = self.form("/login", "/login")
        answer = self.ask("POST", "/login", fields | {"email": email, "password": PASSWORD})
        assert answer.status in (302, 303), answer.body
        return self

    def __str__(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    headers: Message

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")
