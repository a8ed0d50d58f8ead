"""How the benchmarks measure: whole pieces of work in turn, CPU and wall, medians and ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Timing:
    """The seconds that each run of one piece of work took."""

    name: str
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.cpu.append(time.process_time() - cpu)
        self.wall.append(time.perf_counter() - wall)

    def line(self, rows: int | None = None) -> str:
        cpu, wall = statistics.median(self.cpu), statistics.median(self.wall)
        rate = f"  {rows / cpu:10,.0f} rows per CPU second" if rows else ""
        low, high = min(self.wall), max(self.wall)
        return (
            f"{self.name:36} CPU {cpu * 1000:10,.1f} ms  wall {wall * 1000:10,.1f} ms"
            f" ({low * 1000:,.1f} to {high * 1000:,.1f}, {len(self.wall)} runs){rate}"
        )


def ratio(ours: Timing, raw: Timing) -> str:
    """The median of the ratios, pair by pair: the two ran in turn, so a slow moment hits both."""
    cpu = statistics.median(a / b for a, b in zip(ours.cpu, raw.cpu, strict=True))
    wall = statistics.median(a / b for a, b in zip(ours.wall, raw.wall, strict=True))
    return f"{ours.name} / {raw.name}: CPU {cpu:.2f}x, wall {wall:.2f}x"
