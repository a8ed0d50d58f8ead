"""A run begun once more: its rows as they are now, its mapping, and nothing written yet."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.errors import Forbidden
from crmapp.models import Run
from crmapp.services import duplicates
from tests.support.upserts import ROWS, carry_out, plan


def test_a_duplicate_is_a_draft_with_the_same_mapping(make):
    run = carry_out(make, plan(make, ROWS))

    made = session.get_one(Run, duplicates.duplicate(run.id, key="k", by=make.mona))

    assert (made.status, made.kind, made.lock_key, made.total) == (
        "draft", "upsert", run.lock_key, run.total,
    )  # fmt: skip
    assert made.mapping["columns"] == run.mapping["columns"]
    assert (made.done, made.artefacts, made.plan_hash) == ({}, [], None)
    assert made.by_id == make.mona.id


def test_the_same_key_makes_one_duplicate(make):
    run_id = carry_out(make, plan(make, ROWS)).id

    ids = {duplicates.duplicate(run_id, key="k", by=make.mona) for _ in range(2)}

    assert len(ids) == 1


def test_who_may_not_add_accounts_duplicates_nothing(make):
    run, bob = plan(make, ROWS), make.bob.id
    with unit_of_work():
        session.get_one(Run, run.id).by_id = bob

    with pytest.raises(Forbidden):
        duplicates.duplicate(run.id, key=None, by=make.bob)
