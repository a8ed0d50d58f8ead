"""With a rule of the engine taken away, the same faults must break something that we check."""

from __future__ import annotations

from functools import partial

import pytest

from tests.faults import aim
from tests.faults.aim import scene
from tests.faults.plants.defects import DEFECTS
from tests.faults.test_aimed_faults import MIDDLE

CONTROLS = {
    "no_fence": partial(aim.freeze_at, "rows-read", MIDDLE),
    "split_commit": partial(aim.kill_at, "rows-written", MIDDLE),
    "early_bell": aim.die_before_commit,
    "no_version": partial(aim.edit_together, times=100),
    "careless_undo": aim.undo_after_edits,
    "no_key": partial(aim.press, times=5),
}


TRIES = 3
"""A race may be won by chance, with the rule or without; not so often."""


@pytest.mark.parametrize("defect", CONTROLS)
def test_the_harness_sees_a_planted_defect(tmp_path, databases, tell, defect):
    for number in range(TRIES):
        home = tmp_path / str(number)
        home.mkdir()
        with scene(home, databases, defects=defect) as at:
            found = CONTROLS[defect](at)
        if found:
            break

    tell(f"{defect}: {len(found)} breaks, such as: {found[:1]}")
    assert found


def test_every_defect_is_planted():
    assert CONTROLS.keys() == DEFECTS.keys()
