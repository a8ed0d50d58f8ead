"""Broken files of accounts by way of the pages: refused, or planned row by row; never a failure."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from crmapp.db import session
from crmapp.models import Run
from crmapp.services import runs
from tests.support.broken import broken, csv, parquet, xlsx
from tests.support.files import upload

SEEDS = range(3_000, 3_040)


def planned(client, run_id: int) -> str:
    """Map the first two columns and plan; return how that ended."""
    session.rollback()
    names = [name for name, *_rest in session.get_one(Run, run_id).source["columns"]]
    mapping = {"name": names[0], "number": names[min(1, len(names) - 1)], "match": "name"}
    assert client.get(f"/upserts/{run_id}/mapping").status_code in (200, 422)
    answer = client.post(f"/upserts/{run_id}/mapping", data={**mapping, "empty": "leave"})
    assert answer.status_code in (303, 422)
    if answer.status_code == 303:
        runs.work(run_id)
        assert client.get(answer.location).status_code in (200, 303)
    session.rollback()
    return session.get_one(Run, run_id).status


def test_no_broken_file_makes_a_page_or_a_plan_fail(make, as_user):
    client, ended = as_user(make.mona), []
    for seed in SEEDS:
        sent = upload(client, broken(seed, (csv, xlsx, parquet)), "x.csv")
        assert sent.status_code in (303, 422), seed
        if sent.status_code == 303:
            assert client.get(sent.location).status_code == 200, seed
            ended.append(planned(client, int(re.findall(r"\d+", sent.location)[0])))

    assert set(ended) <= {"planned", "failed", "draft"}
    assert ended.count("planned") > len(SEEDS) / 4
    assert session.scalar(select(func.count()).select_from(Run)) == len(ended)


@pytest.mark.parametrize("number", ["0", "99999999", "x", "-1", "1.5"])
def test_an_address_with_an_unknown_run_is_refused(make, as_user, number):
    client = as_user(make.mona)

    assert client.get(f"/imports/new?like={number}").status_code in (200, 404)
    assert client.get(f"/accounts?run={number}").status_code in (200, 422)
