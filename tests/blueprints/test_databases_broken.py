"""Broken files by way of the pages: a refusal at the field or a draft, and never a failure."""

from __future__ import annotations

import io

from crmapp.db import session
from crmapp.models import StoredDataset
from crmapp.services import databases
from tests.support.broken import broken, csv, parquet, xlsx
from tests.support.sales import publish


def test_no_broken_file_makes_a_page_fail(make, as_user):
    client, answers = as_user(make.alice), []
    for seed in range(1_000, 1_060):
        content = broken(seed, (csv, xlsx, parquet))
        sent = client.post("/databases", data={"file": (io.BytesIO(content), "x.csv")})
        answers.append(sent.status_code)
        if sent.status_code == 303:
            page = client.get(sent.location)
            preview = client.get(sent.location.replace("/columns", "/preview"))
            assert (page.status_code, preview.status_code) in ((200, 200), (200, 303)), seed
    assert set(answers) == {303, 422}
    assert session.query(StoredDataset).count() == answers.count(303)


def test_a_broken_file_leaves_a_database_as_it_was(make, as_user):
    stored = publish(make)
    client = as_user(make.alice)
    for seed in range(2_000, 2_030):
        before = len(databases.runs_of(stored))
        content = io.BytesIO(broken(seed, (csv, xlsx, parquet)))
        sent = client.post(f"/databases/{stored.id}/files", data={"file": (content, "x.csv")})
        assert sent.status_code in (303, 422), seed
        if sent.status_code == 422:
            assert len(databases.runs_of(stored)) == before, seed
    assert client.get("/analytics/our_sales/customers?period=total").status_code in (200, 303)
