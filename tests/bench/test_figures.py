"""What the benchmarks say about a figure follows from its aim."""

from __future__ import annotations

import pytest

from bench.figures import Figure, at_least, at_most, keep, kept, missing, rate, table, times_over
from bench.timing import Timing


def timing(*seconds: float) -> Timing:
    return Timing("made", cpu=[*seconds], wall=[*seconds])


@pytest.mark.parametrize(
    "value, verdict",
    [(100, "met"), (101, "missed"), (200, "missed"), (201, "worse than twice the aim")],
)
def test_a_figure_says_how_far_it_is_from_its_aim(value, verdict):
    assert at_most("memory", value, 100, "MB").verdict == verdict


def test_half_of_a_rate_is_twice_the_aim():
    found = [at_least("rows", value, 100, "rows/s").verdict for value in (100, 50, 49, 0)]

    assert found == ["met", "missed", *["worse than twice the aim"] * 2]


def test_a_ratio_is_the_median_of_the_pairs():
    found = times_over("run", timing(3, 9, 40), timing(1, 3, 4), 3, "by hand")

    assert (found.ours, found.over, found.ratio) == ("9 s CPU", "3 s CPU by hand", "3.00x")
    assert found.verdict == "met"


def test_a_rate_counts_cpu_time():
    found = rate("run", timing(2), timing(1), 100, 100, "by hand")

    assert (found.ours, found.over) == ("50 rows per CPU s", "100 by hand")
    assert found.verdict == "missed"


def test_the_table_has_a_line_for_each_figure():
    found = table([Figure("a", "1 s"), missing("b", "≤ 3x", "no server")]).splitlines()

    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in found]
    assert cells[2:] == [
        ["a", "1 s", "", "", "", ""],
        ["b", "no server", "", "", "≤ 3x", "not measured"],
    ]


def test_figures_pass_from_process_to_process(tmp_path):
    figures = [at_most("memory", 1, 2, "MB"), missing("b", "≤ 3x", "no server")]

    keep(tmp_path / "a.json", figures)

    assert kept(tmp_path / "a.json") == figures
