"""Backups: made while crmapp runs, whole, or not at all."""

from __future__ import annotations

import fcntl
import sqlite3

import pytest
from click.testing import CliRunner

from crmapp.cli import commands
from crmapp.db import dumps
from crmapp.db.copies import copies
from crmapp.errors import BackupError
from crmapp.services import (
    backup_archive,
    backups,
    vault,
)
from tests.support.elsewhere import (
    FORKS,
    PASSPHRASE,
    files_below,
    home_of,
    killed,
    rows,
)


def test_a_backup_is_noted_and_so_is_its_return(operate, here, elsewhere, archive):
    operate(elsewhere, "restore", str(archive))

    kinds = {kind for (kind,) in rows(elsewhere, "SELECT kind FROM audit_event")}
    assert {"backed_up", "restored"} <= kinds


def test_a_backup_without_secrets_says_what_that_means(operate, here, filled, tmp_path):
    code, output = operate(
        here, "backup", "--without-secrets", str(tmp_path / "a"), passphrase=None
    )

    assert code == 0
    assert "have to be entered again" in output
    assert vault.keys()[0] not in repr(files_below(tmp_path)["a"])


def test_nobody_to_ask_for_a_passphrase_is_told_what_to_set(operate, here, tmp_path):
    code, output = operate(here, "backup", str(tmp_path / "a"), passphrase=None)

    assert code == 1
    assert "CRMAPP_BACKUP_PASSPHRASE" in output
    assert operate(here, "backup", str(tmp_path / "a"), passphrase="short")[0] == 1
    assert list(tmp_path.iterdir()) == []


def test_a_backup_is_checked(operate, here, archive):
    code, output = operate(here, "backup", "--verify", str(archive))

    assert code == 0
    assert "whole, signed by the passphrase" in output
    assert "schema 0" in output


def test_a_backup_goes_to_standard_output(operate, here, elsewhere, filled, tmp_path):
    env = {**here, "CRMAPP_BACKUP_PASSPHRASE": PASSPHRASE}
    result = CliRunner().invoke(commands, ["backup", "-"], env=env)
    path = tmp_path / "piped.crmapp"
    path.write_bytes(result.stdout_bytes)

    assert operate(elsewhere, "restore", str(path))[0] == 0


def test_no_backup_takes_the_place_of_another_file(operate, here, archive):
    before = archive.read_bytes()

    code, output = operate(here, "backup", str(archive))

    assert code == 1
    assert "is there already" in output
    assert archive.read_bytes() == before


def test_one_backup_is_made_at_a_time(operate, here, archive, settings):
    with (settings.home / "backing-up" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, output = operate(here, "backup", str(archive.with_name("second")))

    assert (code, "Another backup is being made" in output) == (1, True)
    assert not archive.with_name("second").exists()


def test_what_comes_after_the_database_is_in_the_backup_too(
    operate, here, elsewhere, filled, monkeypatch, settings, tmp_path
):
    add = backups._Files.add

    def add_and_go_on(self, name, stream):
        add(self, name, stream)
        if name == backups.DATABASE:
            (settings.artefacts_dir / "run-1" / "plan-2.parquet").write_bytes(b"new")

    monkeypatch.setattr(backups._Files, "add", add_and_go_on)
    operate(here, "backup", str(tmp_path / "a"))
    operate(elsewhere, "restore", str(tmp_path / "a"))

    there = files_below(home_of(elsewhere) / "artefacts")
    assert there == {"run-1/plan-1.parquet": b"a plan", "run-1/plan-2.parquet": b"new"}


def test_a_disk_that_is_full_leaves_nothing(operate, here, filled, monkeypatch, tmp_path):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_archive.Writer, "close", full)

    code, output = operate(here, "backup", str(tmp_path / "a"))

    assert (code, "The disk is full" in output) == (1, True)
    assert list(tmp_path.iterdir()) == []


@FORKS
@pytest.mark.parametrize(
    "owner, name, turn",
    [
        (backup_archive.Writer, "add", 1),
        (backup_archive.Writer, "add", 3),
        (backup_archive.Writer, "close", 1),
        (backups.os, "fsync", 1),
    ],
)
def test_a_killed_backup_leaves_nothing_that_looks_like_one(
    operate, here, filled, tmp_path, owner, name, turn
):
    path = tmp_path / "a.crmapp"

    assert killed(lambda: operate(here, "backup", str(path)), owner, name, turn)

    assert [each for each in tmp_path.iterdir() if not each.name.startswith(".")] == []
    assert operate(here, "backup", str(path))[0] == 0
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_sqlite_database_gives_no_backup(tmp_path):
    file = tmp_path / "crmapp.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 200)
    connection.close()
    with file.open("r+b") as spoiled:
        spoiled.seek(4096 * 3)
        spoiled.write(b"\xff" * 4096)

    with pytest.raises(BackupError), copies(f"sqlite:///{file}").copied(tmp_path / "copy"):
        pass


def test_the_programs_of_postgresql_are_asked_for_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match=r"pg_dump is missing. Install .*postgresql-client-15"):
        dumps._program("pg_dump", 15)

    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.3'\n")
    old.chmod(0o755)
    with pytest.raises(BackupError, match="is of version 12, and 15 or newer is needed"):
        dumps._program("pg_dump", 15)
