"""Pages as people read them."""

from __future__ import annotations

import html
import re

from werkzeug.test import TestResponse


def flat(response: TestResponse) -> str:
    """Return the text of a page without its tags, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


def chosen(page: str) -> dict[str, str]:
    """Return name → what is chosen, of the drop-downs of a page in which something is."""
    selects = re.findall(r'<select[^>]* name="([\w.]+)"[^>]*>(.*?)</select>', page, re.S)
    found = {
        name: re.findall(r'<option selected value="([^"]*)"', inside) for name, inside in selects
    }
    return {name: each[0] for name, each in found.items() if each and each[0]}
