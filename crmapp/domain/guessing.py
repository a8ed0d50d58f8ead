"""How long nobody signs in as a person after several wrong passwords or codes."""

from __future__ import annotations

from datetime import timedelta

FREE = 5
"""So many wrong ones in a row may be; from the last of them on there is a wait."""
LONGEST = timedelta(minutes=15)


def wait_after(wrong: int) -> timedelta:
    """Return how long to wait after so many wrong ones in a row: twice as long each time.

    At the longest somebody who knows the address alone keeps its owner out for a quarter of an
    hour, and has about ten guesses an hour.
    """
    if wrong < FREE:
        return timedelta(0)
    return min(timedelta(minutes=2 ** min(wrong - FREE, 10)), LONGEST)
