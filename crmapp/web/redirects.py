"""Where a person may be sent on: to our own pages and nowhere else."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import request
from werkzeug.urls import iri_to_uri

_STRANGE = re.compile(r"[\x00-\x20\\\x7f]")


def is_our_own(url: str) -> bool:
    """Whether ``url`` is a path on this very server, however a browser may read it.

    A browser drops tabs and newlines, takes a backslash for a slash and ``//host`` for another
    server; so the address must begin with exactly one slash and hold nothing of that kind.
    """
    if not url.startswith("/") or url.startswith("//") or _STRANGE.search(url):
        return False
    parts = urlsplit(url)
    return not parts.scheme and not parts.netloc


def safe_next(url: str | None, otherwise: str = "/") -> str:
    """Return ``url`` if it is our own, else ``otherwise``."""
    return url if url and is_our_own(url) else otherwise


def here(otherwise: str = "/") -> str:
    """Return the address of the page being asked for, to come back to; not that of a sent form."""
    return iri_to_uri(request.full_path.rstrip("?")) if request.method == "GET" else otherwise
