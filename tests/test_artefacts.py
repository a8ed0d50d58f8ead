"""Plans as files."""

from __future__ import annotations

from pathlib import Path

from crmapp import artefacts


def test_the_parts_of_a_plan_that_was_made_anew_stay(settings):
    for fence in (2, 3, 10):
        artefacts.write(1, artefacts.part_name(fence, 0), ())

    artefacts.clear_parts(1, fence=3)

    (left,) = settings.artefacts_dir.rglob("*.parquet")
    assert left.name.startswith("part-10-0-")


def test_what_does_not_fit_into_memory_is_kept_in_the_home(settings):
    with artefacts.read([]) as plan:
        ((folder,),) = plan.ask("SELECT current_setting('temp_directory')")

    assert Path(folder).is_relative_to(settings.home)
