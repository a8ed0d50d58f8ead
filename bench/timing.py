"""How the benchmarks measure: whole pieces of work in turn, CPU and wall, medians and ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Timing:
    """The seconds that each run of one piece of work took.

    ``clock`` tells the CPU seconds of whoever works: this process, or a server that is asked.
    """

    name: str
    clock: Callable[[], float] = time.process_time
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], object]) -> None:
        cpu, wall = self.clock(), time.perf_counter()
        work()
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(self.clock() - cpu)

    @property
    def cpu_ms(self) -> float:
        """The median of the CPU time."""
        return statistics.median(self.cpu) * 1000

    @property
    def wall_ms(self) -> float:
        """The median of the time on the clock."""
        return statistics.median(self.wall) * 1000

    def line(self, pieces: int | None = None, of: str = "rows") -> str:
        rate = f"  {pieces / self.cpu_ms * 1000:10,.0f} {of} per CPU second" if pieces else ""
        low, high = min(self.wall), max(self.wall)
        return (
            f"{self.name:36} CPU {self.cpu_ms:10,.1f} ms  wall {self.wall_ms:10,.1f} ms"
            f" ({low * 1000:,.1f} to {high * 1000:,.1f}, {len(self.wall)} runs){rate}"
        )


def over(ours: Timing, raw: Timing) -> float:
    """The median of the ratios of CPU time, pair by pair.

    The two ran in turn, so a slow moment hits both.
    """
    return statistics.median(a / b for a, b in zip(ours.cpu, raw.cpu, strict=True))


def ratio(ours: Timing, raw: Timing) -> str:
    """Say how much more ours took than the other, in CPU time and on the clock."""
    wall = statistics.median(a / b for a, b in zip(ours.wall, raw.wall, strict=True))
    return f"{ours.name} / {raw.name}: CPU {over(ours, raw):.2f}x, wall {wall:.2f}x"
