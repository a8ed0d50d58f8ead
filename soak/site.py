"""What is known of a site: its url_map, and whatever its own pages have shown so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect, Rule

from soak.pages import TOKEN, Form, Page, Pair

KEPT = 12
"""So many examples of each thing are kept, the newest."""
LEFT_OUT = ("security.logout",)
"""Nobody would be left to ask anything."""


@dataclass(frozen=True)
class Target:
    """Something to ask for: one endpoint by one method."""

    method: str
    endpoint: str


@dataclass
class Site:
    """Learns from pages; knows for each target how it is asked for properly."""

    app: Flask
    paths: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    arguments: dict[str, list[Pair]] = field(default_factory=lambda: defaultdict(list))
    forms: dict[str, list[Form]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._adapter = self.app.url_map.bind("localhost")
        self._rules: dict[Target, Rule] = {
            Target(method, rule.endpoint): rule
            for rule in self.app.url_map.iter_rules()
            for method in sorted({"GET", "POST"} & (rule.methods or set()))
            if rule.endpoint not in LEFT_OUT
        }
        self.targets = sorted(self._rules, key=lambda each: (each.endpoint, each.method))

    def learn(self, address: str, html: str) -> None:
        """Remember what a page offers."""
        page = Page(address, html)
        for link in page.links:
            self._note(urljoin(address, link), "GET")
        for form in page.forms:
            form.action = urljoin(address, form.action)
            endpoint = self._note(form.action, form.method)
            if endpoint and form.method == "GET":
                for pair in [*form.pairs, *_offers(form)]:
                    _keep(self.arguments[endpoint], pair, KEPT * 4)
            elif endpoint:
                self._keep_form(endpoint, form)

    def _note(self, address: str, method: str) -> str | None:
        """Remember an address of ours; return its endpoint."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            return None
        try:
            endpoint, values = self._adapter.match(parts.path, method=method)
        except (HTTPException, RequestRedirect):
            return None
        for name, value in values.items():
            _keep(self.values[name], str(value))
        if method == "GET":
            _keep(self.paths[endpoint], address)
            for pair in parse_qsl(parts.query, keep_blank_values=True):
                _keep(self.arguments[endpoint], pair, KEPT * 4)
        return str(endpoint)

    def _keep_form(self, endpoint: str, form: Form) -> None:
        known = self.forms[endpoint]
        known[:] = [
            each for each in known if (each.names, each.action) != (form.names, form.action)
        ]
        _keep(known, form)

    def unvisited(self, visits: Mapping[str, int], each: int) -> tuple[str, str] | None:
        """Return an endpoint that was visited fewer times than ``each``, and its newest address."""
        for endpoint, paths in self.paths.items():
            if paths and visits[endpoint] < each:
                return endpoint, paths[-1]
        return None

    def fullest_forms(self) -> list[Target]:
        """Return for what pages have shown a form, the one with most fields first."""
        sizes = {endpoint: len(forms[-1].names) for endpoint, forms in self.forms.items() if forms}
        found = [each for each in self.targets if each.method == "POST" and each.endpoint in sizes]
        return sorted(found, key=lambda each: -sizes[each.endpoint])

    def form(self, target: Target, pick: int) -> Form:
        """Return how the target is asked for: as a page showed it, or else as one may guess."""
        if target.method == "POST":
            known = self.forms[target.endpoint]
            if known:
                return known[-1 - pick % len(known)]
            return Form(self._address(target, pick), "POST", pairs=[(TOKEN, "")])
        paths = self.paths[target.endpoint]
        address = paths[pick % len(paths)] if paths else self._address(target, pick)
        parts = urlsplit(address)
        form = Form(parts.path, "GET", pairs=parse_qsl(parts.query, keep_blank_values=True))
        for name, value in self.arguments[target.endpoint]:
            form.offer(name, value)
        return form

    def _address(self, target: Target, pick: int) -> str:
        rule = self._rules[target]
        known: Mapping[str, str] = {
            name: kept[pick % len(kept)] if (kept := self.values[name]) else "1"
            for name in rule.arguments
        }
        address = rule.rule
        for name, value in known.items():
            for written in (f"<{name}>", f"<int:{name}>", f"<path:{name}>"):
                address = address.replace(written, value)
        return address


def _offers(form: Form) -> list[Pair]:
    return [(name, value) for name, values in form.choices.items() for value in values]


def _keep(known: list, each: object, most: int = KEPT) -> None:
    """Keep the newest."""
    if each in known:
        known.remove(each)
    known.append(each)
    del known[:-most]
