"""500 broken files: each is refused with a reason, or each of its rows is loaded or rejected."""

from __future__ import annotations

import pytest

from crmapp.analytics import dataset
from crmapp.analytics.intake.design import to_yaml
from crmapp.errors import DatasetError, TableError
from tests.analytics.intake.conftest import load, propose
from tests.support.broken import GOOD, broken, csv, parquet, xlsx


@pytest.fixture
def design(tmp_path):
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    return propose(path)


@pytest.mark.parametrize("batch", range(8))
def test_rows_in_are_rows_loaded_and_rows_rejected(tmp_path, design, batch):
    path, reasons, rejected, accounted = tmp_path / "sent", [], 0, 0
    for seed in range(batch * 50, batch * 50 + 50):
        path.write_bytes(broken(seed, (csv, csv, xlsx, parquet)))
        try:
            loaded = load(path, design)
        except TableError as error:
            reasons.append(str(error))
            continue
        assert loaded.rows == loaded.loaded + len(loaded.rejected), seed
        assert all(row.reason and row.place for row in loaded.rejected), seed
        assert loaded.ask("SELECT COUNT(*) FROM lines") == [(loaded.loaded,)], seed
        accounted, rejected = accounted + 1, rejected + len(loaded.rejected)
    assert len(reasons) + accounted == 50
    assert all(reasons)
    assert min(len(reasons), accounted, rejected) > 0


def test_broken_dataset_files_say_what_is_wrong_with_them(design):
    text, refusals = to_yaml(design, "ours").encode(), []
    for seed in range(100):
        content = broken(seed, (lambda _dice: text,)).decode("utf-8", "replace")
        try:
            assert dataset.parse(content, "ours.yml").measures, seed
        except DatasetError as error:
            refusals.append(str(error))
    assert [each for each in refusals if not each.startswith("ours.yml:")] == []
    assert len(refusals) > 50
