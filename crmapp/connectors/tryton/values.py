"""Tryton's values as ours, and the moments that we ask by as Tryton's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from crmapp.connectors.port import RemoteKind

NUMBERS = frozenset({RemoteKind.NUMBER, RemoteKind.MONEY, RemoteKind.PERCENT})


def value(raw: Any, kind: RemoteKind) -> Any:
    """Return a value of Tryton's as one of ours; no text is no value."""
    if raw is None or raw == "":
        return None
    if isinstance(raw, Mapping):
        return _of_class(raw)
    if kind is RemoteKind.YES_NO:
        return bool(raw)  # on SQLite they come as 0 and 1
    if kind in NUMBERS:
        return Decimal(str(raw))
    if kind is RemoteKind.INTEGER:
        return int(raw)
    if isinstance(raw, list):
        return ";".join(str(each) for each in raw) or None
    return str(raw)


def _of_class(raw: Mapping[str, Any]) -> Any:
    match raw.get("__class__"):
        case "datetime":  # without a zone, and always in UTC
            return datetime.combine(_day(raw), _time(raw), UTC)
        case "date":
            return _day(raw)
        case "time":
            return _time(raw).isoformat()
        case "Decimal":
            return Decimal(str(raw["decimal"]))
        case "timedelta":
            return Decimal(str(raw["seconds"]))
    return None


_DAY = ("year", "month", "day")
_TIME = ("hour", "minute", "second", "microsecond")


def _day(raw: Mapping[str, Any]) -> date:
    return date(*(int(raw[name]) for name in _DAY))


def _time(raw: Mapping[str, Any]) -> time:
    hour, minute, second, microsecond = (int(raw[name]) for name in _TIME)
    return time(hour, minute, second, microsecond)


def moment(at: datetime) -> dict[str, Any]:
    """Return a moment as Tryton takes it."""
    utc = at.astimezone(UTC)
    return {"__class__": "datetime", **{name: getattr(utc, name) for name in (*_DAY, *_TIME)}}
