"""The days of a person: where hers begin and end, and which moments other days have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

AHEAD = 7
"""My day looks so many days ahead."""
PATIENCE = timedelta(hours=3)
"""A digest that could not be sent for so long is not sent any more: its morning is over."""


@dataclass(frozen=True)
class Today:
    """The present moment as somebody in ``zone`` lives it."""

    now: datetime
    zone: ZoneInfo

    @property
    def day(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def start(self) -> datetime:
        """The moment at which her day began."""
        return self.midnight(self.day)

    @property
    def end(self) -> datetime:
        """The moment at which her day is over, which may be 23 or 25 hours after it began."""
        return self.midnight(self.day + timedelta(days=1))

    @property
    def horizon(self) -> datetime:
        """The end of the days ahead that My day shows."""
        return self.midnight(self.day + timedelta(days=AHEAD + 1))

    @property
    def week(self) -> datetime:
        """The moment at which her week began, on a Monday."""
        return self.midnight(self.day - timedelta(days=self.day.weekday()))

    def midnight(self, day: date) -> datetime:
        """Return the moment at which ``day`` begins."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def tomorrow(self, moment: datetime) -> datetime:
        """Return the same time of tomorrow by her clock."""
        return self._on(self.day + timedelta(days=1), moment)

    def next_week(self, moment: datetime) -> datetime:
        """Return the same time of next Monday by her clock."""
        return self._on(self.day + timedelta(days=7 - self.day.weekday()), moment)

    def _on(self, day: date, moment: datetime) -> datetime:
        local = moment.astimezone(self.zone)
        return datetime.combine(day, local.time(), self.zone).astimezone(UTC)


def digest_due(now: datetime, zone: ZoneInfo, hour: int, settled: date | None) -> date | None:
    """Return the day of hers of which the digest is to be sent now, if there is one.

    ``hour`` is when it comes by her clock, ``settled`` the last day of which it came or was
    found to have nothing to tell.
    """
    day = now.astimezone(zone).date()
    at = datetime.combine(day, time(hour), zone).astimezone(UTC)
    if not at <= now < at + PATIENCE or (settled is not None and settled >= day):
        return None
    return day


def zone_named(name: str | None) -> ZoneInfo:
    """Return the zone of this name; UTC if there is none."""
    return ZoneInfo(name if name and is_zone(name) else "UTC")


def is_zone(name: str) -> bool:
    """Whether there is a zone of this name."""
    return name in _zones()


@cache
def _zones() -> set[str]:
    """The names of all zones; to find them takes 7 ms, and a page of dates asks for each."""
    return available_timezones()
