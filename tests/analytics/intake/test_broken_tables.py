"""500 broken files: each is refused with a reason, or each of its rows is loaded or rejected."""

from __future__ import annotations

import pytest

from crmapp.analytics import dataset
from crmapp.analytics.intake import delimited, files
from crmapp.analytics.intake.delimited import _Lines
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


@pytest.mark.parametrize("bunch", [1, 150, 1 << 16])
def test_rows_that_are_looked_at_together_are_those_that_are_found_one_by_one(
    tmp_path, monkeypatch, bunch
):
    monkeypatch.setattr(delimited, "_BUNCH", bunch)
    path, together, plain = tmp_path / "sent", 0, _Lines.plain
    for seed in range(200):
        path.write_bytes(broken(seed, (csv,)))
        monkeypatch.setattr(_Lines, "plain", lambda _lines: [])
        one_by_one = rows_of(path)
        taken = []
        monkeypatch.setattr(_Lines, "plain", lambda lines: taken.append(plain(lines)) or taken[-1])  # noqa: B023  (used at once)
        assert rows_of(path) == one_by_one, seed
        together += sum(map(len, taken))
    assert together > 200


def rows_of(path):
    try:
        with files.opened(path, files.look(path)) as table:
            return list(table.rows())
    except TableError as error:
        return str(error)


@pytest.mark.parametrize("long", [70_000, 110_000, 140_000, 1_100_000])
def test_a_long_line_among_plain_ones_is_read_or_refused_by_itself(tmp_path, long):
    path = tmp_path / "sent"
    path.write_text("a,b\n" + "1,2\n" * 3 + f"3,{'x' * long}\n" + "4,5\n" * 3)

    rows = rows_of(path)

    assert [(row.line, row.reason is None) for row in rows] == [
        (line, line != 5 or long < delimited.LONGEST_CELL) for line in range(2, 9)
    ]


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
