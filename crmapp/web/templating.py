"""What templates may use: macros as ``ui``, dates in the reader's zone, numbers in her language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from babel import Locale
from babel.units import format_unit
from flask import Flask, request, url_for
from flask.templating import Environment
from flask_babel import (
    format_currency,
    format_date,
    format_datetime,
    format_decimal,
    format_time,
    format_timedelta,
    gettext,
)
from jinja2 import pass_context
from jinja2.runtime import Context

from crmapp.config import settings
from crmapp.db import utcnow
from crmapp.domain.permissions import Right
from crmapp.models import Run
from crmapp.web import guide, navigation, reader
from crmapp.web.access import current_user, person, signed_in
from crmapp.web.counted import counted
from crmapp.web.redirects import here
from crmapp.web.texts import current_locale, language, translated

HTMX_CDN = "https://cdn.jsdelivr.net/npm/htmx.org@4.0.1/dist/htmx.min.js"
HTMX_SRI = "sha384-Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn"
HTMX_LOCAL = "vendor/htmx-4.0.1.min.js"
NONE = "–"
_MACRO = re.compile(r"\{%-?\s*macro\s+([a-z]\w*)")


class Templates(Environment):
    """Templates share one dict of words; the library chains two of them for each.

    To copy a chain, as each page does, takes twenty times as long.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the words of a template: those of all, unless it is given some of its own."""
        return super().make_globals(d) if d else self.globals


class Macros:
    """All macros of ``templates/macros/*.html`` under one name.

    They are looked up at each use, so that a text in them is in the reader's language.
    """

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._homes: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._homes:
            self._find()
        if name not in self._homes:
            raise AttributeError(f"no macro {name!r} in templates/macros/")
        macro = getattr(self._env.get_template(self._homes[name]).module, name)
        if not self._env.auto_reload:
            setattr(self, name, macro)
        return macro

    def _find(self) -> None:
        loader = self._env.loader
        for template in self._env.list_templates():
            if template.startswith("macros/") and loader:
                source, _, _ = loader.get_source(self._env, template)
                self._homes |= dict.fromkeys(_MACRO.findall(source), template)


def init_app(app: Flask) -> None:
    """Give the templates their words."""
    env = app.jinja_env
    env.trim_blocks = env.lstrip_blocks = True
    env.add_extension("jinja2.ext.do")
    env.globals.update(
        ui=Macros(env),
        t=translated,
        counted=counted,
        dom_id=dom_id,
        here=here,
        url_with=url_with,
        current_user=current_user,
        signed_in=signed_in,
        Right=Right,
        can=lambda right: signed_in() and person().can(right),
        reader=reader,
        navigation=navigation,
        guide_chapter=guide.explaining,
        current_locale=language,
        htmx={"cdn": HTMX_CDN, "sri": HTMX_SRI, "local": HTMX_LOCAL},
        htmx_source=lambda: settings().htmx_source,
        now=utcnow,
    )
    filters: dict[str, Callable[..., str]] = {
        "t": translated,
        "date": day,
        "datetime": moment,
        "ago": ago,
        "time": clock,
        "number": number,
        "file_size": file_size,
        "money": money,
        "percent": percent,
        "text": text,
        "run_title": run_title,
    }
    env.filters.update({name: _at_each_use(function) for name, function in filters.items()})


def _at_each_use(function: Callable[..., str]) -> Callable[..., str]:
    """Keep Jinja from working a filter out once, in the language of the first reader."""

    @pass_context
    def filtered(_context: Context, *args: Any, **kwargs: Any) -> str:
        return function(*args, **kwargs)

    return filtered


def run_title(run: Run) -> str:
    """Say what a run is about in the reader's language."""
    return run.title_in(reader.locale())


def dom_id(*parts: object) -> str:
    """Join parts to a DOM id: ``dom_id("account", 42, "header")`` is ``account-42-header``."""
    return "-".join(str(part).replace(".", "-").replace("_", "-") for part in parts)


def url_with(**changes: object) -> str:
    """Return this page's address with some arguments changed; ``None`` takes one away."""
    args: dict[str, Any] = {**request.args.to_dict(flat=False), **changes}
    place = {name: args.pop(name, kept) for name, kept in (request.view_args or {}).items()}
    kept = {name: value for name, value in args.items() if value not in (None, "", [], [""])}
    address = url_for(request.endpoint or "", **place)
    return f"{address}?{urlencode(kept, doseq=True)}" if kept else address


def day(value: date | datetime | None, style: str = "medium") -> str:
    """Write a date as the reader does; a moment counts in her time zone."""
    if isinstance(value, datetime):
        value = value.astimezone(reader.timezone()).date()
    return NONE if value is None else _day(value, style, language())


@lru_cache(maxsize=10_000)
def _day(value: date, style: str, _locale: str) -> str:
    return format_date(value, style)


def moment(value: datetime | None, style: str = "medium") -> str:
    """Write a moment in the reader's time zone."""
    if value is None:
        return NONE
    return _moment(value, style, reader.timezone(), language())


@lru_cache(maxsize=10_000)
def _moment(value: datetime, style: str, _zone: tzinfo, _locale: str) -> str:
    """Write a moment; what a run wrote has few of them."""
    return format_datetime(value, style)


def clock(value: datetime | None) -> str:
    """Write the time of day of a moment in the reader's time zone."""
    return NONE if value is None else format_time(value, "short")


def ago(value: datetime | None) -> str:
    """Say how long ago a moment was: *3 minutes ago*."""
    if value is None:
        return NONE
    if abs((utcnow() - value).total_seconds()) < 45:
        return gettext("just now")
    return format_timedelta(value - utcnow(), add_direction=True)


def number(value: Decimal | float | None, digits: int | None = None) -> str:
    """Write a number as the reader does, with exactly ``digits`` decimals if given."""
    if value is None:
        return NONE
    return _number(value, digits, language())


@lru_cache(maxsize=10_000)
def _number(value: Decimal | float, digits: int | None, _locale: str) -> str:
    """Write a number; a page has many small ones, and the next page has them again."""
    if digits is None:
        return format_decimal(value)
    return format_decimal(value, f"#,##0.{'0' * digits}" if digits else "#,##0")


def file_size(count: int) -> str:
    """Write a number of bytes as the reader does: ``1.2 MB``, in French ``1,2 Mo``.

    What is not empty never looks as if it were.
    """
    unit, size = ("megabyte", 1e6) if count >= 1e6 else ("kilobyte", 1e3)
    locale = current_locale() or "en"
    shown = max(count / size, 0.1) if count else 0
    return str(format_unit(shown, unit, length="short", format="#,##0.#", locale=locale))


def money(value: Decimal | float | None, currency: str = "") -> str:
    """Write an amount with two decimals, and its currency if given."""
    if value is None:
        return NONE
    return format_currency(value, currency) if currency else number(value, 2)


def percent(value: Decimal | float | None, digits: int = 1) -> str:
    """Write a share (0.25) as a percentage (25.0 %)."""
    if value is None:
        return NONE
    pattern = Locale.parse(current_locale() or "en").percent_formats[None].pattern
    return format_decimal(value, pattern.replace("#0", f"#0.{'0' * digits}") if digits else pattern)


def text(value: object) -> str:
    """Write any value of a record: yes and no, lists, dates, numbers with their decimals."""
    if isinstance(value, str):
        return value or NONE
    if value is None or value == []:
        return NONE
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Decimal):
        return number(value, max(-int(value.as_tuple().exponent), 0))
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text(part)}" for name, part in value.items())
    if isinstance(value, list | tuple | set):
        return ", ".join(text(part) for part in value)
    return str(value)
