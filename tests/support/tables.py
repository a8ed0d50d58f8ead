"""A table of a page, as a person reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape


@dataclass(frozen=True)
class Table:
    """The texts of the first table of a page, row by row."""

    heads: list[list[str]]
    rows: list[list[str]]
    totals: list[list[str]]

    @classmethod
    def of(cls, page: str) -> Table:
        parts = {
            name: re.search(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
            for name in ("thead", "tbody", "tfoot")
        }
        return cls(*(_rows(found[1]) if found else [] for found in parts.values()))

    def column(self, head: str) -> list[str]:
        """The cells under a head of the last row of heads, whose columns end the table."""
        at = self.heads[-1].index(head) - len(self.heads[-1])
        return [row[at] for row in self.rows]

    def total(self, head: str) -> str:
        return self.totals[0][self.heads[-1].index(head) - len(self.heads[-1])]


def _rows(part: str) -> list[list[str]]:
    return [_cells(row) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", part, re.DOTALL)]


def _cells(row: str) -> list[str]:
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
    return [unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in cells]
