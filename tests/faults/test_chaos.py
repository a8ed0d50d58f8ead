"""Everything is killed, frozen and wiped while everybody works: nothing is lost or done twice."""

from __future__ import annotations

import os

from tests.faults.chaos import Plan, toll_of

SEED = int(os.environ.get("CRMAPP_FAULTS_SEED") or 2026)


def test_no_work_is_lost_or_repeated_whatever_dies(tmp_path, databases, tell):
    toll = toll_of(Plan(SEED), tmp_path, databases)

    tell(f"seed {SEED}: {toll}")
    assert toll.breaks == []
    assert toll.killed >= 20
    assert toll.rows >= 20_000
    assert toll.ahead > 0
