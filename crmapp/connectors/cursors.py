"""Where a reading stands: a place that it can be continued from, whatever ended it."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from crmapp.connectors.port import Cursor

LOOK_BACK = timedelta(minutes=10)
"""What a record's stamp may lie before the moment at which others can see it."""


@dataclass(frozen=True)
class Place:
    """A place in a reading.

    A reading of everything goes by the remote's key; one of changes, those at or after ``since``,
    by the stamp of the change, then the key. ``stamp`` and ``key`` are of the last record that was
    given out, as the remote writes them. ``begun`` is when the reading began: whatever changes
    later is for the next one.
    """

    since: datetime | None = None
    stamp: str | None = None
    key: str | None = None
    begun: datetime | None = None

    @classmethod
    def of(cls, cursor: Cursor | None) -> Place:
        cursor = cursor or {}
        return cls(
            since=_moment(cursor.get("since")),
            stamp=cursor.get("stamp"),
            key=cursor.get("key"),
            begun=_moment(cursor.get("begun")),
        )

    def begun_at(self, moment: datetime) -> Place:
        """Return the place with the beginning of its reading, unless it is known already."""
        return self if self.begun else replace(self, begun=moment)

    def after(self, stamp: str | None, key: str) -> Place:
        """Return the place after a record."""
        return replace(self, stamp=stamp if self.since else None, key=key)

    def cursor(self) -> Cursor:
        """Return the cursor that continues this reading."""
        kept = {"since": _text(self.since), "stamp": self.stamp, "key": self.key}
        return {**kept, "begun": _text(self.begun)}

    def finished(self) -> Cursor:
        """Return the cursor that reads what changed since this reading.

        Changes that were on their way when it began were perhaps not seen yet: they are read again.
        """
        begun = self.begun or datetime.now(UTC)
        return {"since": _text(begun - LOOK_BACK)}


def now_there(headers: Mapping[str, str]) -> datetime:
    """Return the time as the other side and we agree on it: the earlier of both clocks.

    A clock that is fast on either side would otherwise hide what changes until it is true.
    """
    here = datetime.now(UTC)
    try:
        there = email.utils.parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return here
    return min(here, there if there.tzinfo else there.replace(tzinfo=UTC))


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
