"""What the columns of a table hold, told by their headings and by a sample of their cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from crmapp.analytics.intake.formats import DATES, FITTING, number_format
from crmapp.analytics.intake.tables import result

SAMPLED = 3_000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"[+(]?[0-9][0-9 ().+/-]{6,}[0-9]")
_WORDS: tuple[tuple[str, str], ...] = (
    ("postal_code", r"post(al)?.?code|zip|code.?postal|\bcp\b|plz"),
    ("phone", r"phone|t[ée]l|mobile|fax"),
    ("email", r"e.?mail|courriel"),
    ("rate", r"price|prix|rate|taux|percent|pct|%|discount|remise|msrp|margin|marge|exchange"),
    ("quantity", r"qty|quantit|units|pieces|pi[èe]ces|count|nombre|weight|poids|volume|hours"),
    ("amount", r"amount|montant|value|valeur|sales|ventes|revenue|turnover|\bca\b|cost|co[ûu]t|"
               r"profit|total|net|gross|tax|tva|vat|freight|balance|solde"),
    ("date", r"date|day|jour|\bon\b"),
    ("code", r"code|\bno\b|number|num[ée]ro|\bnum\b|\bn°|\bid\b|\bnr\b|#|sku|ref|key|cl[ée]"),
    ("label", r"name|nom\b|label|libell|description|title|d[ée]signation|"
              r"customer$|client$|product$"),
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column as it was found: ``kind`` is what it holds, ``format`` how it is written.

    Kinds: text, code, label, date, amount, quantity, rate, email, phone, postal_code, empty.
    ``distinct`` counts its different cells in the sample, ``filled`` those that are not empty.
    """

    heading: str
    kind: str
    format: str
    samples: tuple[str, ...]
    distinct: int
    filled: int


def columns(headings: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[Column]:
    """Say what each column holds."""
    return [
        _column(
            heading, [cell.strip() for row in rows if (cell := result(row[n])) and cell.strip()]
        )
        for n, heading in enumerate(headings)
    ]


def _column(heading: str, cells: Sequence[str]) -> Column:
    different = dict.fromkeys(cells)
    kind, written = _kind(spaced(heading), list(different), cells)
    return Column(heading, kind, written, tuple(different)[:3], len(different), len(cells))


def _kind(words: str, different: Sequence[str], cells: Sequence[str]) -> tuple[str, str]:
    if not cells:
        return "empty", ""
    told = next((kind for kind, pattern in _WORDS if re.search(pattern, words)), "")
    dates = date_format(cells)
    if dates and (told == "date" or dates not in _LOOSE):
        return "date", dates
    if _share(cells, _EMAIL.fullmatch):
        return "email", ""
    if told in ("postal_code", "phone", "code", "email"):
        return told, ""
    numbers = number_format(cells)
    if numbers and told in ("amount", "quantity", "rate"):
        return told, numbers
    if numbers and not any(_is_code(cell) for cell in different):
        return (
            "amount" if any(re.search(r"[.,]\d{2}\b", c) for c in cells) else "quantity"
        ), numbers
    if _share(cells, _PHONE.fullmatch) and not numbers:
        return "phone", ""
    if told == "label":
        return "label", ""
    return ("code" if numbers else "text"), ""


def date_format(cells: Sequence[str]) -> str:
    """The format in which all but a few cells are dates; "" if there is none.

    Where day and month could be either, the first of :data:`DATES` that fits is taken.
    """
    probe, cells = cells[:20], cells[:500]
    likely = [name for name in DATES if any(as_date(cell, name) for cell in probe)]
    fitting = {name: sum(1 for each in cells if as_date(each, name)) for name in likely}
    best = max(fitting, key=lambda name: fitting[name], default="")
    return best if best and fitting[best] >= FITTING * len(cells) else ""


_LOOSE = ("%Y%m%d",)
"""Formats that numbers may have by chance: only a heading that says so makes them dates."""


def as_date(cell: str, written: str) -> date | None:
    """The day that a cell says in a format, if it does."""
    if written == "iso":
        cell, written = cell[:10], "%Y-%m-%d"
    try:
        day = datetime.strptime(cell, written).date()  # noqa: DTZ007  (a day has no zone)
    except ValueError:
        return None
    return day if 1900 <= day.year < 2200 else None


def _is_code(cell: str) -> bool:
    """A number that begins with a zero, or is longer than any amount, is a code."""
    return bool(re.match(r"0\d", cell)) or bool(re.fullmatch(r"\d{13,}", cell))


def _share(cells: Sequence[str], fits: Callable[[str], object]) -> bool:
    return sum(1 for cell in cells if fits(cell)) >= FITTING * len(cells)


def spaced(heading: str) -> str:
    """``CustomerNo`` and ``customer_no`` as ``customer no``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-./]+", " ", heading).casefold()
