"""How a value from another system is written: by its kind, and never trusted as markup."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from urllib.parse import urlsplit

import nh3
from flask_babel import format_time
from markupsafe import Markup, escape

from crmapp.connectors.port import RemoteKind
from crmapp.services.account_details import Detail
from crmapp.web.templating import moment, number, percent, text

_LINK = Markup('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>')
NOTHING = Markup('<span class="muted">–</span>')
_TAGS = {"a", "b", "br", "em", "i", "li", "ol", "p", "s", "strong", "u", "ul"}
_ATTRIBUTES = {"a": {"href"}}
_SCHEMES = {"http", "https", "mailto", "tel"}
_LINES = {RemoteKind.LONG_TEXT, RemoteKind.ADDRESS}


def written(detail: Detail) -> Markup:
    """Write the value of a detail for the reader: in her language, zone and way of numbers."""
    value, kind = detail.value, detail.kind
    if value in (None, ""):
        return NOTHING
    if detail.name:
        return escape(detail.name)
    if isinstance(value, str):
        return _of_text(value, kind)
    if isinstance(value, datetime):
        return escape(moment(value))
    if isinstance(value, time):
        return escape(format_time(value, "short", rebase=False))
    if isinstance(value, Decimal):
        digits = _digits(detail, value)
        percents = kind is RemoteKind.PERCENT
        return escape(percent(value / 100, digits) if percents else number(value, digits))
    return escape(text(value))


def _digits(detail: Detail, value: Decimal) -> int:
    """Return how many decimals are shown: as many as the field keeps."""
    scale = detail.field.scale if detail.field else None
    return max(-int(value.as_tuple().exponent), 0) if scale is None else scale


def _of_text(value: str, kind: RemoteKind) -> Markup:
    if kind is RemoteKind.RICH_TEXT:
        return _rich(value)
    if kind is RemoteKind.MULTI_PICK_LIST:
        chips = (Markup('<span class="tag">{}</span>').format(each) for each in value.split(";"))
        return Markup('<span class="chips">{}</span>').format(Markup("").join(chips))
    if kind is RemoteKind.EMAIL:
        return Markup('<a href="mailto:{0}">{0}</a>').format(value)
    if kind is RemoteKind.PHONE:
        return Markup('<a href="tel:{}">{}</a>').format(value.replace(" ", ""), value)
    if kind is RemoteKind.URL:
        return _link(value)
    return Markup('<span class="pre">{}</span>').format(value) if kind in _LINES else escape(value)


def _link(value: str) -> Markup:
    """Write an address as a link if a browser may follow it; Salesforce keeps many without http."""
    whole = value if "://" in value else f"https://{value}"
    try:
        parts = urlsplit(whole)
        followed = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # no address, or another scheme whose rest would be a port
        followed = False
    if not followed:
        return escape(value)
    return _LINK.format(whole, value)


def _leading_away(_tag: str, _name: str, value: str) -> str | None:
    """Keep only whole addresses: one without a host would lead to a page of ours."""
    return value if value.startswith(("http://", "https://", "mailto:", "tel:")) else None


def _rich(value: str) -> Markup:
    """Leave of rich text what cannot do harm: no scripts, styles, images or frames."""
    clean = nh3.clean(
        value,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_leading_away,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return Markup('<div class="rich">{}</div>').format(Markup(clean))  # noqa: S704  (cleaned)
