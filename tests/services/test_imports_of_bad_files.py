"""Files that are packed, end too early, or are far larger than they look: none gets far."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest

from crmapp import config
from crmapp.errors import Invalid
from crmapp.services import imports
from tests.services.test_imports import left_out, names, refusal
from tests.support import duck
from tests.support.files import OURS, import_


def test_a_packed_table_is_refused_unless_it_is_a_workbook(make):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("accounts.csv", "Name,Number,Phone\nAcme,1,555 121\n")

    assert "Save it as XLSX or CSV" in refusal(make, packed.getvalue(), "accounts.zip")


@pytest.mark.parametrize("lost", [2, 7, 8], ids=["a cell", "half a letter", "nearly all"])
def test_a_text_file_that_was_cut_off_loses_the_row_of_the_cut_only(make, lost):
    whole = "Name;Number;Phone\nAcme;1;555 121\nBolt;2;555 122\nCône;3;5".encode()

    done = import_(make, whole[:-lost])

    assert names() == ["Acme", "Bolt"]
    (said,) = left_out(make, done)
    assert said.startswith("4: ")


class Endless(io.RawIOBase):
    """Two gigabytes that somebody sends, and how many of them were taken."""

    left = 2 * 1024**3
    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, into) -> int:
        size = min(len(into), self.left)
        into[:size] = b"x" * size
        self.left, self.taken = self.left - size, self.taken + size
        return size


def test_of_a_file_of_two_gigabytes_no_more_is_taken_than_may_be_and_nothing_is_kept(
    make, settings
):
    config.use(replace(settings, max_table=1024 * 1024))
    sent = Endless()

    with pytest.raises(Invalid):
        imports.start(io.BufferedReader(sent), "accounts.csv", OURS, by=make.mona)

    assert sent.taken < 4 * 1024 * 1024
    assert not list(settings.databases_dir.glob("import-*"))


@pytest.mark.parametrize("rows, kept, said", [(3, 0.5, "cannot be read"), (10_000_001, 1, "most")])
def test_a_parquet_file_that_was_cut_off_or_unpacks_to_too_many_rows_is_refused(
    make, tmp_path, rows, kept, said
):
    path = tmp_path / "accounts.parquet"
    select_ = f"SELECT 'Acme' AS \"Name\" FROM range({rows})"  # noqa: S608  (our own number)
    duck.ask(f"COPY ({select_}) TO ? (FORMAT parquet)", [str(path)])
    content = path.read_bytes()

    assert said in refusal(make, content[: int(len(content) * kept)], "accounts.parquet")


def test_a_cell_that_unpacks_to_more_than_the_memory_is_refused(make, tmp_path):
    path = tmp_path / "accounts.parquet"
    select_ = "SELECT repeat('x', 300000000) AS \"Name\", '007' AS \"Number\""
    duck.ask(f"COPY ({select_}) TO ? (FORMAT parquet, COMPRESSION zstd)", [str(path)])

    assert path.stat().st_size < 1024 * 1024
    assert "This Parquet file cannot be read:" in refusal(make, path.read_bytes())
