"""What a cell of a spreadsheet says in the place of a value that its formula does not have."""

from __future__ import annotations

from typing import Any

ERRORS = frozenset(
    {
        "#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
        "#FIELD!", "#BLOCKED!", "#BUSY!", "#CONNECT!", "#UNKNOWN!", "#PYTHON!", "#GETTING_DATA",
        "#VALEUR!", "#NOM?", "#NOMBRE!", "#NUL!", "#EPARS!", "#CALCUL!",
    }
)  # fmt: skip
"""As workbooks keep them, and as Excel writes them into CSV in English and French."""


def is_error(cell: Any) -> bool:
    """Whether a cell holds such an error alone."""
    return isinstance(cell, str) and cell.strip() in ERRORS
