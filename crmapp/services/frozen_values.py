"""Values of other systems as JSON keeps them, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from crmapp.connectors.port import RemoteKind

_THAW: Mapping[str, Callable[[Any], Any]] = {
    RemoteKind.INTEGER: int,
    RemoteKind.NUMBER: Decimal,
    RemoteKind.MONEY: Decimal,
    RemoteKind.PERCENT: Decimal,
    RemoteKind.DATE: date.fromisoformat,
    RemoteKind.DATE_TIME: datetime.fromisoformat,
    RemoteKind.TIME: time.fromisoformat,
}


def frozen(value: Any) -> Any:
    """Return a value as JSON keeps it."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date | time) else value


def thawed(kind: str | None, kept: Any) -> Any:
    """Return a value as a field of ``kind`` has it; one of another kind before stays as it was."""
    thaw = _THAW.get(kind) if kind else None
    if thaw is None or kept is None or isinstance(kept, bool):
        return kept
    try:
        return thaw(kept)
    except (TypeError, ValueError, ArithmeticError):
        return kept
