"""``./run.sh bench`` measures what it is asked for, and ends with one table."""

from __future__ import annotations

import subprocess
import sys

import pytest

from crmapp.config import ROOT


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_pages_are_the_bare_ones_and_stand_in_the_table(tmp_path):
    done = bench("--quick", "--only", "pages", "--times", "1", "--folder", str(tmp_path))

    assert done.returncode == 0, done.stderr
    _before, _cores, table = done.stdout.rpartition("| what ")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    kinds = {line[0].partition(":")[0] for line in lines}
    assert kinds == {"accounts", "API", "record page", "palette", "type-ahead"}
    assert len(lines) == 21
    assert all(cell for line in lines for cell in line)


def test_plan_and_run_stand_beside_the_same_by_hand():
    done = bench("--quick", "--only", "upserts,bulk-edits", "--times", "1")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "plan + run" in done.stdout
    assert "unchanged rows" in done.stdout


def test_what_cannot_be_measured_fails(tmp_path):
    (tmp_path / "accounts-1000").write_text("a file where a folder should be")

    done = bench("--quick", "--only", "pages", "--folder", str(tmp_path))

    assert done.returncode == 1
    assert "pages could not be measured" in done.stdout


@pytest.mark.parametrize("words", [["--only", "everything"], ["--times", "many"]])
def test_a_wrong_option_is_refused(words):
    done = bench(*words)

    assert done.returncode != 0
    assert words[1] in done.stderr
