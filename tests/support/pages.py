"""Pages as people read them."""

from __future__ import annotations

import html
import re

from werkzeug.test import TestResponse


def flat(response: TestResponse) -> str:
    """Return the text of a page without its tags, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.text)).split())
