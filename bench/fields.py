"""The list by custom fields and by a built filter, and the type-ahead, over bare Flask pages.

    python -m bench.fields --rows 1000000

The list is written by hand, as in ``bench.accounts``; for the type-ahead the bare page runs the
statements that ours ran. Asserts that both have the same bytes.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from bench.accounts import LIST, NAMES, SHOWN, counted, shown, template
from bench.bare import Bare, compare, run, with_values
from bench.figures import Figure, Size
from bench.filled import FIELD, RANK, SINCE, ZONES, Filled
from bench.palette import statements

CITY = "Lyon"
RANKED = f"CAST(json_extract(a.custom, '$.{RANK}') AS DOUBLE)"
SORTED = LIST.replace("a.name_key\n", f"a.name_key, {RANKED}\n").replace(
    "ORDER BY a.name_key", f"AND {RANKED} IS NOT NULL ORDER BY {RANKED}, a.name_key"
)
BUILT = LIST.replace("ORDER BY", "AND a.billing_city = ? ORDER BY")
THREE = f"""
    WITH m AS MATERIALIZED (SELECT a.id, a.name_key, {RANKED} AS r FROM account a
        WHERE a.deleted_at IS NULL AND {RANKED} IS NOT NULL AND {RANKED} BETWEEN ? AND ?
        AND +json_extract(a.custom, '$.{FIELD}') = ?
        AND +json_extract(a.custom, '$.{SINCE}') BETWEEN ? AND ?),
    p AS MATERIALIZED (SELECT id, r FROM m ORDER BY r, name_key, id LIMIT 51)
    {SHOWN}, p.r, (SELECT count(*) FROM m) FROM p JOIN account a ON a.id = p.id {NAMES}
    ORDER BY p.r, a.name_key, a.id
"""
ASKED = (0, 49_999, ZONES[0], "2010-01-01", "2019-12-31")
OPTION = re.compile(r'<option value="([^"]*)"')
WORDS = ("alpine", "works 0123")


class Lists:
    """The pages of the list that fields sort and narrow down, each with its bare counterpart."""

    def __init__(self, of: Filled) -> None:
        self._of, self.bare = of, Bare(of.database)

    def pages(self) -> Iterator[tuple[str, str, str]]:
        """Yield (what, our address, the bare one's)."""
        low, high, zone, since, until = ASKED
        three = f"sort={RANK}&{FIELD}={zone}&{RANK}={low}..{high}&{SINCE}={since}..{until}"
        for what, tail, bare, context in (
            ("sorted by a custom field", f"sort={RANK}", "/sorted", self._sorted),
            ("three custom fields, sorted by one", three, "/three", self._three),
            ("built filter, a city", f"where=billing_city~is~{CITY}", "/built", self._built),
        ):
            address = f"/accounts?{tail}"
            html = self._of.ask(address).decode()
            self.bare.page(bare, template(html, "?" + tail.replace("&", "&amp;")), context)
            yield what, address, bare

    def _sorted(self, connection: sqlite3.Connection) -> Mapping[str, Any]:
        rows = connection.execute(SORTED).fetchall()
        return shown(rows, "has", 10) | {"count": counted(self._of, connection)}

    def _three(self, connection: sqlite3.Connection) -> Mapping[str, Any]:
        rows = connection.execute(THREE, ASKED).fetchall()
        return shown(rows, "has", 10) | {"count": f"{rows[0][11]:,}"}

    def _built(self, connection: sqlite3.Connection) -> Mapping[str, Any]:
        rows = connection.execute(BUILT, [CITY]).fetchall()
        return shown(rows) | {"count": counted(self._of, connection, " AND billing_city = ?", CITY)}


def figures_of(of: Filled, size: Size) -> Iterator[Figure]:
    """The list and the type-ahead, over bare answers."""
    lists = Lists(of)
    for what, ours, bare in list(lists.pages()):  # all of them before the first is asked for
        yield compare(f"accounts: {what}", of, lists.bare, [(ours, bare)], size)
    for words in WORDS:
        yield _type_ahead(words, of, size)


def _type_ahead(words: str, of: Filled, size: Size) -> Figure:
    address = f"/day/accounts?account={words.replace(' ', '+')}"
    asked, bare = statements(of, address, {}), Bare(of.database)
    html = of.ask(address).decode()
    names = OPTION.findall(html)
    filled_in = [(name, f"{{{{ rows[{number}][1] }}}}") for number, name in enumerate(names)]

    def read(connection: sqlite3.Connection) -> Mapping[str, Any]:
        found = {row[1]: row for each in asked for row in connection.execute(*each)}
        return {"rows": [found[name] for name in names]}

    bare.page("/type-ahead", with_values(html, filled_in), read)
    what = f"type-ahead: “{words}”, {len(asked)} statements"
    return compare(what, of, bare, [(address, "/type-ahead")], size)


if __name__ == "__main__":
    run(__doc__, figures_of)
