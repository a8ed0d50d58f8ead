"""Whoever works on an import dies by ``kill -9`` at a random moment: it ends as if nothing was."""

from __future__ import annotations

import os

import pytest

from tests.faults.battery import ALL
from tests.faults.ground import Databases
from tests.faults.imports import End, Imports
from tests.faults.kills import imports_of
from tests.faults.sheet import Sheet

ROWS = int(os.environ.get("CRMAPP_FAULTS_ROWS") or (100_000 if ALL else 3000))
KILLS = int(os.environ.get("CRMAPP_FAULTS_KILLS") or (50 if ALL else 3))
SEED = int(os.environ.get("CRMAPP_FAULTS_SEED") or 2026)
DEATHS = imports_of(SEED, KILLS)


@pytest.fixture(scope="module")
def imports(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Imports:
    return Imports(Sheet(ROWS), tmp_path_factory.mktemp("imports"), databases)


@pytest.fixture(scope="module")
def undisturbed(imports: Imports) -> End:
    return imports.undisturbed()


def test_an_undisturbed_import_does_what_its_rows_say(undisturbed, imports, tell, record_property):
    tell(f"{ROWS:,} rows, undisturbed: {undisturbed.seconds:.1f} s")
    assert (undisturbed.done, undisturbed.breaks) == (imports.sheet.done(), [])
    record_property("combination", f"Nobody | {ROWS:,} rows | | | done")


@pytest.mark.parametrize("number", range(len(DEATHS)))
def test_an_import_ends_as_if_nobody_had_died(number, imports, undisturbed, tell, record_property):
    kills = DEATHS[number]

    end = imports.disturbed(number, kills)

    met = [f"{kill}, left in {phase}" for kill, phase in zip(kills, end.left_in, strict=True)]
    tell("\n  ".join([f"seed {SEED}, import {number + 1}: {end.seconds:.1f} s", *met]))
    assert (end.digests, end.breaks) == (undisturbed.digests, [])
    dead = "; ".join(map(str, kills))
    record_property("combination", f"Import {number + 1:02} | {dead} | kill -9 | | the same")
