"""A source of rows that tests make up, on the same port as the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmapp.models import User
from crmapp.services import sources
from crmapp.services.sources import SourceColumn


class Rows:
    """Rows by key; a run keeps them whole in its source, and ``newest`` ones that came since.

    Rows whose keys are ``lost`` are counted, but do not come.
    """

    def __init__(self, rows: Mapping[str, Mapping[str, Any]], lost: Sequence[str] = ()) -> None:
        self._rows = dict(sorted(rows.items()))
        self._lost = frozenset(lost)

    def columns(self, locale: str = "") -> list[SourceColumn]:
        names = dict.fromkeys(name for row in self._rows.values() for name in row)
        cells = {name: [row.get(name) for row in self._rows.values()] for name in names}
        return [sources.column(name, name.title(), cells[name]) for name in names]

    def count(self) -> int:
        return len(self._rows)

    def rows(self, after: str | None, limit: int) -> sources.Rows:
        come = [(key, row) for key, row in self._rows.items() if key not in self._lost]
        left = [(key, row) for key, row in come if after is None or key > after]
        return sources.by_key(left[:limit])


def register() -> None:
    """Make sources of the kind ``rows`` known."""
    sources.register("rows", _open)


def _open(kept: Mapping[str, Any], _by: User) -> Rows:
    rows = kept["rows"] if kept["snapshot"] else kept["newest"] or kept["rows"]
    return Rows(rows, kept.get("lost", ()))


def source(rows: Mapping[str, Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Return what a run keeps of a source of ``rows``."""
    return {
        "kind": "rows",
        "snapshot": "first",
        "rows": dict(rows),
        "newest": {},
        "identity": ["test", "customers"],
        "origin": {"kind": "test"},
        **more,
    }
