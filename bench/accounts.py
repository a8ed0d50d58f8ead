"""The list of accounts over a bare Flask page of the same query and HTML, a million accounts.

    python -m bench.accounts --rows 1000000

The first page, one half-way, one near the end, pages here and there that nobody has opened lately,
a search, and a filter by a custom field. Prints medians and ratios; asserts that both have the same
bytes, and nothing about time.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from bench.bare import Bare, argument, as_text, compare, in_turn, run, with_values
from bench.figures import Figure, Size, times_over
from bench.filled import FIELD, ZONES, Filled
from bench.served import NOTHING

DEPTH = 1.2
"""So many times as long as the first page any other may take."""
WORDS = "0123"
SHOWN = """
    SELECT a.id, a.name, a.number, a.location, a.phone, c.first_name, c.last_name, o.name, t.name,
        a.name_key
"""
NAMES = """
    LEFT JOIN contact c ON c.id = a.primary_contact_id
    LEFT JOIN user o ON o.id = a.owner_id
    LEFT JOIN team t ON t.id = a.team_id
"""
PAGE = " ORDER BY a.name_key, a.id LIMIT 51"
LIST = f"{SHOWN} FROM account a {NAMES} WHERE a.deleted_at IS NULL {PAGE}"
DEEP = LIST.replace("ORDER BY", "AND (a.name_key, a.id) > (?, ?) ORDER BY")
FILTER = LIST.replace("ORDER BY", f"AND +json_extract(a.custom, '$.{FIELD}') = ? ORDER BY")
SEARCH = f"""
    WITH m AS MATERIALIZED (SELECT id, name_key FROM account WHERE deleted_at IS NULL
        AND id IN (SELECT rowid FROM account_search WHERE account_search MATCH ?)),
    p AS MATERIALIZED (SELECT id FROM m ORDER BY name_key, id LIMIT 51)
    {SHOWN}, (SELECT count(*) FROM m) FROM p JOIN account a ON a.id = p.id {NAMES}
    ORDER BY a.name_key, a.id
"""
COUNT = "SELECT count(*) FROM account WHERE deleted_at IS NULL"
ROWS = """{% for r in rows %}<tr id="account-{{ r[0] }}-row"><td class="tick pin">\
<input class="check" type="checkbox" name="id" value="{{ r[0] }}" id="account-{{ r[0] }}-tick" \
form="accounts-bulk-bar" aria-label="Select {{ r[1] }}"></td><th scope="row" class="pin name">\
<a href="/accounts/{{ r[0] }}{{ tail }}">{{ r[1] }}</a></th>
<td>{{ r[2] or "–" }}</td><td>{{ r[3] or "–" }}</td>\
<td>{% if r[4] %}<a href="tel:{{ r[4].replace(" ", "") }}">{{ r[4] }}</a>{% else %}–{% endif %}\
</td><td>{{ r[5] or "–" }}</td><td>{{ r[7] or "–" }}</td><td>{{ r[8] or "–" }}</td></tr>
{% endfor %}"""
COUNTED = re.compile(r'(?<=role="status">)[\d,]+(?= accounts<)')


def token(
    row: tuple[Any, ...], stretch: str = "", key: int | None = None, *, backwards: bool = False
) -> str:
    """The place of a row in the list, as addresses have it; ``key`` is the column that sorts it."""
    first = [] if key is None else [row[key]]
    text = json.dumps([stretch, [*first, row[9], row[0]], backwards], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def template(html: str, tail: str, here: str = "") -> str:
    """Make a template of a page of the list: rows, places and the number are filled in."""
    head, begin, rest = re.split(r"(<tbody>\s*)", html, maxsplit=1)
    _rows, end, foot = re.split(r"(\n *</tbody>)", rest, maxsplit=1)
    places = re.findall(r'href="/accounts\?[^"]*from=([\w-]+)" aria-label="(\w+)', foot)
    values = [(found, "{{ " + which.lower() + " }}") for found, which in places]
    values += [(found, "{{ count }}") for found in COUNTED.findall(foot)]
    start = with_values(head, [(here, "{{ here }}")] if here else [])
    rows = as_text(begin) + ROWS.replace("{{ tail }}", as_text(tail)) + as_text(end)
    return start + rows + with_values(foot, values)


def shown(
    rows: list[tuple[Any, ...]], stretch: str = "", key: int | None = None, *, before: bool = False
) -> dict[str, Any]:
    """What a page shows of 51 rows: the first fifty, and the places around them."""
    page = rows[:50]
    found: dict[str, Any] = {"rows": page}
    if len(rows) > len(page):
        found["next"] = token(page[-1], stretch, key)
    if before:
        found["previous"] = token(page[0], stretch, key, backwards=True)
    return found


def counted(of: Filled, connection: sqlite3.Connection, more: str = "", *values: Any) -> str:
    """Count where the real page does so each time: more than 10,000 are counted once a minute."""
    if of.count > 10_000:
        return ""
    ((count,),) = connection.execute(COUNT + more, values).fetchall()
    return f"{count:,}"


class Pages:
    """The pages of the list, each with its bare counterpart."""

    def __init__(self, of: Filled) -> None:
        self._of = of
        self.bare = Bare(of.database)
        self.bare.page("/list", self._template("/accounts", ""), self._first)
        middle = self.address(of.at(0.5))
        html = self._template(middle, "", middle.partition("from=")[2])
        self.bare.page("/deep", html, self._deep)
        self.bare.page(
            "/search", self._template(f"/accounts?q={WORDS}", f"?q={WORDS}"), self._search
        )
        zone = f"?{FIELD}={ZONES[0]}"
        self.bare.page("/filter", self._template(f"/accounts{zone}", zone), self._filter)

    def _template(self, address: str, tail: str, here: str = "") -> str:
        return template(self._of.ask(address).decode(), tail, here)

    def address(self, place: tuple[str, int]) -> str:
        """The address of the page after a place."""
        row = (place[1], *[None] * 8, place[0])
        return f"/accounts?from={token(row)}"

    def _first(self, connection: sqlite3.Connection) -> Mapping[str, Any]:
        rows = connection.execute(LIST).fetchall()
        return shown(rows) | {"count": counted(self._of, connection)}

    def _deep(self, connection: sqlite3.Connection) -> Mapping[str, Any]:
        here = argument("from")
        _stretch, place, _back = json.loads(base64.urlsafe_b64decode(here + "=="))
        rows = connection.execute(DEEP, place).fetchall()
        return shown(rows, before=True) | {"here": here, "count": counted(self._of, connection)}

    def _search(self, connection: sqlite3.Connection) -> Mapping[str, Any]:
        rows = connection.execute(SEARCH, [f'"{WORDS}"']).fetchall()
        return shown(rows) | {"count": f"{rows[0][10]:,}"}

    def _filter(self, connection: sqlite3.Connection) -> Mapping[str, Any]:
        rows = connection.execute(FILTER, [ZONES[0]]).fetchall()
        where = f" AND json_extract(custom, '$.{FIELD}') = ?"
        return shown(rows) | {"count": counted(self._of, connection, where, ZONES[0])}


def figures_of(of: Filled, size: Size) -> Iterator[Figure]:
    """The pages of the list over bare ones, and deep pages over the first."""
    pages = Pages(of)

    def page(what: str, address: str, bare: str) -> Figure:
        return compare(f"accounts: {what}", of, pages.bare, [(address, bare)], size)

    yield page("page 1", "/accounts", "/list")
    for what, share in (("a page half-way", 0.5), ("a page near the end", 1 - 101 / of.count)):
        address = pages.address(of.at(share))
        yield page(what, address, f"/deep?{address.partition('?')[2]}")
        yield _depth(of, what, address, size)
    yield _fresh(of, pages, size)
    yield page("search", f"/accounts?q={WORDS}", "/search")
    yield page("filter by a custom field", f"/accounts?{FIELD}={ZONES[0]}", "/filter")


def _depth(of: Filled, what: str, address: str, size: Size) -> Figure:
    """Ask for a deep page and for the first one in turn."""
    with of.served() as server:
        first, deep = in_turn((server, ["/accounts"], NOTHING), (server, [address], NOTHING), size)
    return times_over(f"accounts: {what}", deep, first, DEPTH, "for page 1", size.pages)


def _fresh(of: Filled, pages: Pages, size: Size) -> Figure:
    """Ask for pages here and there, each of them once."""
    places = of.places(size.pages * size.times + 1, seed=7)
    addresses = [pages.address(place) for place in places]
    both = [(each, f"/deep?{each.partition('?')[2]}") for each in addresses]
    what = "accounts: any page, for the first time"
    return compare(what, of, pages.bare, both, size, once=True)


if __name__ == "__main__":
    run(__doc__, figures_of)
