"""Files in a folder."""

from __future__ import annotations

import hashlib
import os

import pytest

from crmapp.connectors.errors import ConfigBroken, Retryable, RowRejected, WrongInstance
from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.stores.folder import FolderSettings, FolderStore

NOW = 1_700_000_000.0


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "erp"
    place.mkdir()
    return place


def left(folder, name, text="code;name\n", age=3600.0):
    """Leave a file that was written ``age`` seconds ago."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (NOW - age, NOW - age))
    return path


def store(folder, pattern="*", **more):
    settings = FolderSettings(str(folder), pattern)
    reach = SourceReach((folder.parent / "erp",))
    return FolderStore(settings, reach, **{"most": 1000, "now": lambda: NOW, **more})


def names(store):
    return [file.name for file in store.files()]


@pytest.mark.parametrize(
    "pattern, found",
    [
        ("*", ["a.CSV", "b.xlsx"]),
        ("*.csv", ["a.CSV"]),
        ("**/*.csv", ["a.CSV", "old/c.csv", "old/er/d.csv"]),
        ("old/?.csv", ["old/c.csv"]),
        ("[a].csv", []),
    ],
)
def test_files_are_found_by_a_pattern(folder, pattern, found):
    for name in ("a.CSV", "b.xlsx", "old/c.csv", "old/er/d.csv", ".hidden.csv", "~$b.xlsx"):
        left(folder, name)

    assert names(store(folder, pattern)) == found


@pytest.mark.parametrize("age, found", [(31, ["a.csv"]), (29, []), (-60, []), (-90_000, ["a.csv"])])
def test_a_file_that_may_still_be_written_is_left_for_the_next_time(folder, age, found):
    left(folder, "a.csv", age=age)

    assert names(store(folder)) == found


def test_no_link_leads_out_of_the_folder(folder, tmp_path):
    (tmp_path / "secret").mkdir()
    left(tmp_path, "secret/keys.csv")
    (folder / "keys.csv").symlink_to(tmp_path / "secret" / "keys.csv")
    (folder / "secret").symlink_to(tmp_path / "secret")
    kept = store(folder, "**/*")

    assert names(kept) == []
    for name in ("keys.csv", "secret/keys.csv"):
        with pytest.raises(Retryable):
            kept.fetch(name, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "", "a//b", "a\0", "./a.csv"])
def test_a_name_that_leads_elsewhere_is_refused(folder, tmp_path, name):
    left(tmp_path, "secret.csv")

    with pytest.raises(WrongInstance):
        store(folder).fetch(name, tmp_path / "copy")


def test_a_file_is_fetched_with_its_hash(folder, tmp_path):
    left(folder, "old/a.csv", "code\nŁ\n")

    digest = store(folder).fetch("old/a.csv", tmp_path / "copy")

    assert digest == hashlib.sha256((tmp_path / "copy").read_bytes()).hexdigest()
    assert (tmp_path / "copy").read_text() == "code\nŁ\n"


def test_a_file_that_is_too_large_is_named_and_the_others_go_on(folder, tmp_path):
    left(folder, "a.csv", "x" * 1001)

    with pytest.raises(RowRejected) as refused:
        store(folder).fetch("a.csv", tmp_path / "copy")

    assert refused.value.fields == ("a.csv",)
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("change", ["grows", "shrinks", "is written anew"])
def test_a_file_that_changes_while_it_is_read_is_noticed(folder, tmp_path, monkeypatch, change):
    path = left(folder, "a.csv", "code\n" * 50)
    read = os.read

    def meanwhile(file, size):
        monkeypatch.setattr(os, "read", read)
        if change == "grows":
            path.write_text("code\n" * 60)
        elif change == "shrinks":
            path.write_text("code\n")
        else:
            path.write_text("edoc\n" * 50)
        return read(file, size)

    monkeypatch.setattr(os, "read", meanwhile)

    with pytest.raises(Retryable):
        store(folder).fetch("a.csv", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_file_that_is_gone_is_looked_for_again(folder, tmp_path):
    with pytest.raises(Retryable):
        store(folder).fetch("a.csv", tmp_path / "copy")


def test_what_is_no_file_is_not_waited_for(folder, tmp_path):
    os.mkfifo(folder / "pipe.csv")

    with pytest.raises(Retryable):
        store(folder).fetch("pipe.csv", tmp_path / "copy")


def test_a_folder_that_is_gone_is_named(folder):
    kept = store(folder)
    folder.rmdir()

    with pytest.raises(ConfigBroken) as gone:
        kept.check()

    assert gone.value.field == str(folder)


def test_a_folder_that_the_operator_has_not_named_is_not_read(tmp_path, folder):
    with pytest.raises(WrongInstance, match="CRMAPP_SOURCE_FOLDERS"):
        store(tmp_path).check()
