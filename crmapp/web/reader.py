"""The person in front of the screen: her language, time zone, theme, density and shortcuts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Flask

from crmapp.config import settings
from crmapp.domain.days import zone_named
from crmapp.i18n import LOCALES
from crmapp.models.user import User
from crmapp.web.access import person, signed_in
from crmapp.web.context import is_asked, kept, this_request
from crmapp.web.extensions import babel
from crmapp.web.security import bound
from crmapp.web.texts import Catalogues

THEMES = ("system", "light", "dark")
DENSITIES = ("compact", "comfortable")
SHORTCUTS = ("on", "off")
CHOICES: dict[str, tuple[str, ...]] = {
    "locale": LOCALES,
    "theme": THEMES,
    "density": DENSITIES,
    "shortcuts": SHORTCUTS,
}


def init_app(app: Flask) -> None:
    """Let Babel ask for the reader's language and zone."""
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", f"{app.root_path}/translations")
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "en")
    babel.init_app(app, locale_selector=locale, timezone_selector=timezone)
    babel.domain_instance = texts = Catalogues()
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of Jinja's extension
        gettext=lambda text: texts.get_translations().ugettext(text),
        ngettext=lambda one, many, count: texts.get_translations().ungettext(one, many, count),
        newstyle=True,
        pgettext=lambda context, text: texts.get_translations().upgettext(context, text),
    )
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"]  # not a look-up at each use


def locale() -> str:
    """Her language: chosen, else the browser's, else the installation's."""
    chosen = preference("locale")
    if chosen:
        return chosen
    if not is_asked():
        return settings().default_locale
    return this_request().accept_languages.best_match(LOCALES) or settings().default_locale


def timezone() -> ZoneInfo:
    """Her time zone: chosen, else UTC."""
    return zone_named(person().timezone if is_asked() and signed_in() else None)


def midnight(text: str, after: int = 0) -> datetime | None:
    """Read a day as the moment at which it, or one so many days later, begins for the reader."""
    try:
        asked = date.fromisoformat(text) + timedelta(days=after)
        moment = datetime.combine(asked, time(), timezone())
        moment.astimezone(UTC)  # as it is kept; there it may lie before all days
        return moment
    except (ValueError, OverflowError):
        return None


def preference(name: str) -> str | None:
    """What she chose for one of :data:`CHOICES`: on her account, else in a cookie."""
    return preferences()[name] if is_asked() else None


def preferences() -> Mapping[str, str | None]:
    """All that she chose, read once for a page."""
    who = person() if signed_in() else None
    here = kept()
    known: tuple[User | None, dict[str, str | None]] | None = here.get("preferences")
    if known is None or known[0] is not who:
        sent, prefix = this_request().cookies, bound("")
        chosen = {n: getattr(who, n, None) or sent.get(prefix + n) for n in CHOICES}
        known = who, {n: v if v in CHOICES[n] else None for n, v in chosen.items()}
        here["preferences"] = known
    return known[1]
