"""What a browser says of itself, in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BROWSERS = (
    (r"\bEdg(e|A|iOS)?/", "Edge"),
    (r"\b(OPR|OPX|Opera|OPiOS)/", "Opera"),
    (r"\bSamsungBrowser/", "Samsung Internet"),
    (r"\b(Firefox|FxiOS)/", "Firefox"),
    (r"\b(Chrome|CriOS|HeadlessChrome)/", "Chrome"),
    (r"\bChromium/", "Chromium"),
    (r"\bVersion/[\d.]+ .*\bSafari/", "Safari"),
)
"""Most say that they are Chrome and Safari as well, so the order counts."""
_SYSTEMS = (
    (r"\biPhone\b", "iPhone"),
    (r"\biPad\b", "iPad"),
    (r"\bAndroid\b", "Android"),
    (r"\bCrOS\b", "ChromeOS"),
    (r"\bWindows\b", "Windows"),
    (r"\bMac OS X\b|\bMacintosh\b", "macOS"),
    (r"\bLinux\b|\bX11\b", "Linux"),
)


@dataclass(frozen=True)
class Browser:
    """The names of a browser and of the system it runs on, as far as they are known."""

    name: str | None
    system: str | None


def named(agent: str) -> Browser:
    """Return which browser calls itself so in its requests (``User-Agent``)."""
    return Browser(_first(_BROWSERS, agent), _first(_SYSTEMS, agent))


def _first(names: tuple[tuple[str, str], ...], agent: str) -> str | None:
    return next((name for pattern, name in names if re.search(pattern, agent)), None)
