"""When something is done by itself: every so many minutes, once a day, or by a cron text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from crmapp.i18n import N_, Text

SHORTEST, LONGEST = 5, 7 * 24 * 60
"""Minutes between two times."""
KINDS = ("never", "every", "daily", "cron")
FARTHEST = timedelta(days=32)
"""Nothing is put off for longer: a quota is free again when the month is over."""
_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
_LONGEST_CRON = 100
_TICKS = 24 * 60 // SHORTEST + 1
"""So many times of a cron text are looked at to see how far apart they are: a day has no more."""


@dataclass(frozen=True)
class Schedule:
    """One of minutes between two times, a time of the day, a cron text; never if it is none.

    Times of the day are those of ``zone``.
    """

    every: int | None = None
    daily: str | None = None
    cron: str | None = None
    zone: str = "UTC"

    def next_time(self, now: datetime) -> datetime | None:
        """Return the first time after ``now``; ``None`` for never."""
        if self.every is not None:
            return now + timedelta(minutes=self.every)
        if self.cron is not None:
            found = next(CronSim(self.cron, now.astimezone(ZoneInfo(self.zone))), None)
            return None if found is None else found.astimezone(UTC)
        if self.daily is None:
            return None
        zone = ZoneInfo(self.zone)
        hour, minute = map(int, self.daily.split(":"))
        day = now.astimezone(zone).date()
        at = datetime.combine(day, time(hour, minute), zone)
        if at <= now:
            at = datetime.combine(day + timedelta(days=1), time(hour, minute), zone)
        return at


def has_come(at: datetime | None, now: datetime) -> bool:
    """Whether a moment that is waited for has come; ``None``: nothing is waited for.

    One that is farther away than any is said by a clock that was wrong, and is not waited for.
    """
    return at is None or not now < at <= now + FARTHEST


def problems(kind: str, every: int | None, daily: str, cron: str) -> dict[str, Text]:
    """Return field → what is wrong with what was chosen; ``kind`` is one of :data:`KINDS`."""
    if kind == "every" and (every is None or not SHORTEST <= every <= LONGEST):
        said = N_("Enter %(least)s to %(most)s minutes.")
        return {"every": Text(said, {"least": SHORTEST, "most": LONGEST})}
    if kind == "daily" and not _TIME.fullmatch(daily):
        return {"daily": Text(N_("Enter a time such as 06:30."))}
    if kind == "cron" and (wrong := _cron_problem(cron)):
        return {"cron": wrong}
    return {} if kind in KINDS else {"kind": Text(N_("Choose one from the list."))}


def chosen(kind: str, every: int | None, daily: str, cron: str, zone: str) -> Schedule:
    """Return the schedule that was chosen, if there are no :func:`problems` with it."""
    return Schedule(
        every if kind == "every" else None,
        daily.zfill(5) if kind == "daily" else None,
        " ".join(cron.split()) if kind == "cron" else None,
        zone,
    )


def _cron_problem(cron: str) -> Text | None:
    wrong = Text(N_("Enter five parts as cron has them, such as “30 6 * * 1-5”."))
    if len(cron.split()) != 5 or len(cron) > _LONGEST_CRON:
        return wrong
    try:
        times = CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC))
        found = [at for at, _n in zip(times, range(_TICKS), strict=False)]
    except CronSimError:
        return wrong
    if not found:
        return wrong
    least = timedelta(minutes=SHORTEST)
    if any(after - before < least for before, after in zip(found, found[1:], strict=False)):
        said = N_("The times must be at least %(least)s minutes apart.")
        return Text(said, {"least": SHORTEST})
    return None
