"""How dates and numbers are written, and the SQL that reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from crmapp.i18n import N_

FITTING = 0.9
"""The share of cells that must fit, so that a few broken ones do not hide what a column is."""
TEXT = "text"
DATES: Mapping[str, str] = {
    "iso": N_("Date 2026-12-31"),
    "%d/%m/%Y": N_("Date 31/12/2026"),
    "%m/%d/%Y": N_("Date 12/31/2026"),
    "%d.%m.%Y": N_("Date 31.12.2026"),
    "%d-%m-%Y": N_("Date 31-12-2026"),
    "%m-%d-%Y": N_("Date 12-31-2026"),
    "%Y/%m/%d": N_("Date 2026/12/31"),
    "%d/%m/%y": N_("Date 31/12/26"),
    "%m/%d/%y": N_("Date 12/31/26"),
    "%d-%b-%Y": N_("Date 31-Dec-2026"),
    "%d %b %Y": N_("Date 31 Dec 2026"),
    "%Y%m%d": N_("Date 20261231"),
}
"""Formats of dates: name, which is DuckDB's and Python's own but for ISO, and an example."""
NUMBERS: Mapping[str, str] = {".": N_("Number 1,234.56"), ",": N_("Number 1.234,56")}
"""Formats of numbers: the decimal mark, and an example."""
READINGS: Mapping[str, str] = {TEXT: N_("Text"), **DATES, **NUMBERS}
NUMBER_TYPE = "DECIMAL(18, 4)"

_NOISE = "[\\s\\x{A0}\\x{202F}\\x{2009}''’$€£¥]"
_AROUND = re.compile("[\\s\u00a0\u202f\u2009'’$€£¥]")
_SHAPES = {
    mark: rf"[+-]?(\d+|\d{{1,3}}({re.escape(group)}\d{{3}})+)?({re.escape(mark)}\d*)?"
    for mark, group in ((".", ","), (",", "."))
}


def number_format(cells: Sequence[str]) -> str:
    """The decimal mark with which all but a few cells are numbers; "" if they are not."""
    plain = [_plain(cell) for cell in cells]
    fitting = {
        mark: sum(1 for cell in plain if _has_digit(cell) and re.fullmatch(shape, cell))
        for mark, shape in _SHAPES.items()
    }
    best = max(fitting, key=lambda mark: fitting[mark])
    return best if cells and fitting[best] >= FITTING * len(cells) else ""


def _plain(cell: str) -> str:
    text = _AROUND.sub("", cell)
    if text[:1] == "(" and text[-1:] == ")":
        return f"-{text[1:-1]}"
    return f"-{text[:-1]}" if text[-1:] == "-" else text


def _has_digit(cell: str) -> bool:
    return any("0" <= letter <= "9" for letter in cell)


def sql(reading: str, cell: str) -> str:
    """The SQL that reads a cell: null if it is empty or not what it should be."""
    if reading == TEXT:
        return cell
    if reading in NUMBERS:
        return _number(reading, cell)
    if reading == "iso":
        day = f"CAST(TRY_CAST({cell} AS TIMESTAMP) AS DATE)"
    else:
        day = f"CAST(TRY_STRPTIME({cell}, '{reading}') AS DATE)"
    return f"CASE WHEN YEAR({day}) BETWEEN 1900 AND 2199 THEN {day} END"


def _number(mark: str, cell: str) -> str:
    group = "," if mark == "." else "."
    plain = f"REGEXP_REPLACE({cell}, '{_NOISE}', '', 'g')"
    signed = (
        f"CASE WHEN {plain} LIKE '(%)' THEN '-' || {plain}[2:-2]"
        f" WHEN {plain} LIKE '%-' THEN '-' || {plain}[1:-2] ELSE {plain} END"
    )
    shape = _SHAPES[mark].replace("'", "''")
    value = f"REPLACE(REPLACE({signed}, '{group}', ''), '{mark}', '.')"
    return (
        f"CASE WHEN REGEXP_FULL_MATCH({signed}, '{shape}') AND {plain} SIMILAR TO '.*[0-9].*'"
        f" THEN TRY_CAST({value} AS {NUMBER_TYPE}) END"
    )
