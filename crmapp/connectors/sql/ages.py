"""Days and moments of PostgreSQL that no calendar of ours has: infinite ones, and of other ages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from sqlalchemy import ColumnElement, and_, true

from crmapp.connectors.port import RemoteKind

_FIRST, _LAST = datetime(1, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001  (days of any zone)
_MOMENTS = (RemoteKind.DATE, RemoteKind.DATE_TIME)


class _OrText:
    """Beside a loader: what that cannot read stays the text that it is."""

    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)  # type: ignore[misc]  # of the loader beside it
        except psycopg.DataError:
            return bytes(data).decode()


class _Day(_OrText, DateLoader):
    """Of dates."""


class _Moment(_OrText, TimestampLoader):
    """Of timestamps."""


class _ZonedMoment(_OrText, TimestamptzLoader):
    """Of timestamps with a zone."""


def as_texts(line: psycopg.Connection[Any]) -> None:
    """Have a connection give such values as the texts they are; else it gives none of their rows.

    Whoever needs a day then rejects the row, and says by its value why.
    """
    for name, loader in (("date", _Day), ("timestamp", _Moment), ("timestamptz", _ZonedMoment)):
        line.adapters.register_loader(name, loader)


def is_ours(stamp: ColumnElement[Any], kind: RemoteKind, database: str) -> ColumnElement[bool]:
    """Say in SQL whether a stamp is a moment between which and others we can tell."""
    if database != "postgresql" or kind not in _MOMENTS:
        return true()
    return and_(stamp >= _FIRST, stamp < _LAST)
