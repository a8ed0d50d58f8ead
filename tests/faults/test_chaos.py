"""Everything is killed, frozen and wiped while everybody works: nothing is lost or done twice."""

from __future__ import annotations

import os

from tests.faults.aim import scene
from tests.faults.chaos import wreak

SEED = int(os.environ.get("CRMAPP_FAULTS_SEED") or 2026)


def test_no_work_is_lost_or_repeated_whatever_dies(tmp_path, databases, tell):
    with scene(tmp_path, databases, chunk="250", linger="0.02") as at:
        chaos = wreak(at.house, at.clerk, SEED)
        found = at.breaks()
        ledger = at.clerk.ledger
        tell(
            f"seed {SEED}: {chaos.killed} killed by {dict(chaos.done)}; {len(ledger.runs)} runs,"
            f" {ledger.rows} rows, {len(ledger.created)} forms, {len(ledger.edits)} edits"
        )

    assert found == []
    assert chaos.killed >= 20
    assert ledger.rows >= 20_000
