"""What was measured beside what is aimed at, and the table of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.timing import Timing, over

HEADS = ("what", "ours", "over", "ratio", "aim", "")


@dataclass(frozen=True)
class Figure:
    """One line of the table; its numbers are written out, with their units.

    ``share`` is how much was used of what the aim allows: 1 just meets it, 2 is twice as much.
    ``None`` is a figure without an aim.
    """

    what: str
    ours: str
    over: str = ""
    ratio: str = ""
    aim: str = ""
    share: float | None = None

    @property
    def verdict(self) -> str:
        if self.share is None:
            return "not measured" if self.aim else ""
        if self.share <= 1:
            return "met"
        return "missed" if self.share <= 2 else "worse than twice the aim"

    def cells(self) -> tuple[str, ...]:
        return self.what, self.ours, self.over, self.ratio, self.aim, self.verdict


@dataclass(frozen=True)
class Size:
    """How much of everything is measured."""

    times: int
    lines: int = 6_000_000
    many_lines: int = 60_000_000
    rows: int = 100_000
    many_rows: int = 1_000_000
    accounts: int = 1_000_000
    pages: int = 50
    """So many pages are one run."""
    seconds: int = 300
    """The longest that the web is asked while a bulk run goes."""


def quick(times: int) -> Size:
    """Sizes with which one sees that everything works, and little more."""
    return Size(
        times,
        lines=100_000,
        many_lines=300_000,
        rows=2_000,
        many_rows=10_000,
        accounts=1_000,
        pages=5,
        seconds=30,
    )


def times_over(
    what: str, ours: Timing, raw: Timing, most: float, by: str, pieces: int = 1
) -> Figure:
    """Compare CPU time per piece with another way's: it may take ``most`` times as much."""
    found = over(ours, raw)
    return Figure(
        what,
        written(ours.cpu_ms / pieces),
        f"{written(raw.cpu_ms / pieces)} {by}",
        f"{found:.2f}x",
        f"≤ {most:g}x",
        found / most,
    )


def at_most(what: str, value: float, most: float, unit: str) -> Figure:
    return Figure(what, f"{short(value)} {unit}", aim=f"≤ {most:,g} {unit}", share=value / most)


def at_least(what: str, value: float, least: float, unit: str) -> Figure:
    share = least / value if value else float("inf")
    return Figure(what, f"{short(value)} {unit}", aim=f"≥ {least:,g} {unit}", share=share)


def rate(what: str, ours: Timing, raw: Timing, rows: int, least: float, by: str) -> Figure:
    """How many rows are done per second of CPU time, beside another way's."""
    mine, theirs = (rows / each.cpu_ms * 1000 for each in (ours, raw))
    aim = f"≥ {least:,} rows/s"
    return Figure(
        what,
        f"{mine:,.0f} rows per CPU s",
        f"{theirs:,.0f} {by}",
        f"{over(ours, raw):.2f}x",
        aim,
        least / mine,
    )


def missing(what: str, aim: str, why: str) -> Figure:
    """A figure that cannot be had on this machine."""
    return Figure(what, why, aim=aim)


def written(ms: float) -> str:
    """Write milliseconds of CPU time, long ones as seconds."""
    return f"{short(ms / 1000)} s CPU" if ms >= 1000 else f"{short(ms)} ms CPU"


def short(value: float) -> str:
    """Write three digits of a number, and all that are before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(figures: Iterable[Figure]) -> str:
    """Write the figures as a table that Markdown can read, too."""
    rows = [HEADS, *(each.cells() for each in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS))]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([lines[0], _line(["-" * width for width in widths], widths), *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return f"| {' | '.join(cells)} |"


def keep(path: Path, figures: Iterable[Figure]) -> None:
    """Leave the figures for another process."""
    path.write_text(json.dumps([asdict(each) for each in figures]), encoding="utf-8")


def kept(path: Path) -> list[Figure]:
    """Read what :func:`keep` left."""
    return [Figure(**each) for each in json.loads(path.read_text(encoding="utf-8"))]
