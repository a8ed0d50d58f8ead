"""How backups come back: all of one at once, or nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.engine import make_url

from crmapp.db import schema, session, unit_of_work
from crmapp.db.session import prepare_engine
from crmapp.domain.search import fold
from crmapp.models import MailOutbox, Run, SignIn, folded
from crmapp.services import (
    backup_archive,
    restored,
    restores,
    sign_ins,
    vault,
)
from crmapp.services.engine import due
from tests.support.attached import PDF
from tests.support.elsewhere import (
    FORKS,
    SECRET,
    content,
    files_below,
    home_of,
    killed,
    opened_secret,
    place_like,
    psycopg_named,
    rows,
)


def test_what_comes_back_is_what_was_there(operate, here, elsewhere, archive, settings):
    before = content(here["DATABASE_URL"])

    code, output = operate(elsewhere, "restore", str(archive))

    assert code == 0, output
    assert content(elsewhere["DATABASE_URL"]) == before
    there = files_below(home_of(elsewhere))
    assert PDF in there.values()
    assert there["artefacts/run-1/plan-1.parquet"] == b"a plan"
    assert there["secret_key"].decode() == settings.secret_key
    assert opened_secret(elsewhere) == SECRET
    assert "Look at this" not in output
    assert not {name for name in there if name.startswith("restor")}


def test_everybody_is_signed_out_and_no_letter_goes_twice(operate, here, elsewhere, make, tmp_path):
    bob = make.bob.id
    with unit_of_work():
        sign_ins.begin(bob, agent="Firefox", address="192.0.2.1")
        session.add(MailOutbox(key="k", message_id="m", recipient="ana@crm.example"))
    path = tmp_path / "a.crmapp"
    operate(here, "backup", str(path))

    _, output = operate(elsewhere, "restore", str(path))

    assert "1 letters that waited are marked as failed" in output
    assert rows(elsewhere, "SELECT count(*) FROM sign_in") == [(0,)]
    assert rows(elsewhere, "SELECT status FROM mail_outbox") == [("failed",)]
    assert session.scalar(select(SignIn.id)) is not None
    assert session.scalars(select(MailOutbox.status)).all() == ["queued"]


def test_letters_are_sent_if_one_says_so(operate, here, elsewhere, make, tmp_path):
    with unit_of_work():
        session.add(MailOutbox(key="k", message_id="m", recipient="ana@crm.example"))
    path = tmp_path / "a.crmapp"
    operate(here, "backup", str(path))

    operate(elsewhere, "restore", "--send-letters", str(path))

    assert rows(elsewhere, "SELECT status FROM mail_outbox") == [("queued",)]


def test_runs_go_on_here_but_none_writes_elsewhere_again(app, make):
    by = make.alice.id
    far = {"lease_until": 9e12, "fence": 7, "by_id": by}
    ours = make.run(kind="upsert", status="running", lock_key="a", **far).id
    theirs = make.run(kind="managed_list", status="running", lock_key="b", **far).id
    ended = make.run(kind="managed_list", status="done", lock_key="b", by_id=by).id

    done = restored.settle({"made_at": "2026-06-15T09:30:00+00:00", "seal": ""})

    assert (done.going_on, done.stopped) == ((ours,), (theirs,))
    assert due(10) == [ours]
    assert make.again(Run, ours).fence == 8
    stopped = make.again(Run, theirs)
    assert (stopped.status, stopped.error) == ("cancelled", restored.NOT_AGAIN)
    assert make.again(Run, ended).status == "done"


def test_a_seal_that_is_lacking_is_named(app, make):
    done = restored.settle({"made_at": "", "seal": "7:abc"})

    assert done.troubles == ("The audit trail lacks the seal 7:abc of the backup.",)


def test_files_and_secrets_that_are_lacking_are_named(operate, here, elsewhere, filled, tmp_path):
    path = tmp_path / "a.crmapp"
    shutil.rmtree(Path(here["CRMAPP_HOME"], "attachments"))
    operate(here, "backup", "--without-secrets", str(path))

    code, output = operate(elsewhere, "restore", "--without-secrets", str(path))

    assert code == 0, output
    assert "No key opens the secrets of ERP: enter them again." in output
    assert "1 attached files are named and not there." in output


# --- what is refused, and harms nothing -----------------------------------------------------------


def refused(operate, place, archive, *words, **more):
    """Return why a restore is refused; what is there stays as it was."""
    before = files_below(home_of(place)) if home_of(place).exists() else None
    code, output = operate(place, "restore", *words, str(archive), **more)
    assert code == 1, output
    assert len(output.splitlines()) == 1
    after = files_below(home_of(place)) if home_of(place).exists() else None
    assert before == after
    return output


def test_a_wrong_passphrase_is_refused(operate, elsewhere, archive):
    why = refused(operate, elsewhere, archive, passphrase="wrong horse battery")

    assert "passphrase is wrong" in why


def test_a_truncated_or_altered_backup_is_refused(operate, elsewhere, archive):
    whole = archive.read_bytes()
    for cut in (0, 10, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        archive.write_bytes(whole[:cut])
        refused(operate, elsewhere, archive)
    for place in range(20, len(whole), len(whole) // 7):
        archive.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        refused(operate, elsewhere, archive)


def test_a_truncated_or_altered_backup_replaces_nothing(operate, elsewhere, archive):
    code, output = operate(elsewhere, "restore", str(archive))
    assert code == 0, output
    whole, half = archive.read_bytes(), archive.stat().st_size // 2

    for harmed in (whole[:half], whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :]):
        archive.write_bytes(harmed)
        refused(operate, elsewhere, archive, "--replace")

    archive.write_bytes(whole)
    code, output = operate(elsewhere, "restore", "--replace", str(archive))
    assert code == 0, output


def test_a_file_that_is_not_there_is_one_line(operate, elsewhere, tmp_path):
    assert "cannot be read" in refused(operate, elsewhere, tmp_path / "none")


def test_an_installation_is_not_written_over_unasked(operate, here, archive):
    code, output = operate(here, "restore", str(archive))

    assert code == 1
    assert "--replace" in output


@pytest.mark.parametrize(
    "told, why",
    [
        ({"revision": "9999"}, "newer version of crmapp"),
        ({"database": "oracle"}, "is of a oracle database"),
    ],
)
def test_another_kind_or_a_newer_version_is_refused(
    operate, here, elsewhere, filled, monkeypatch, tmp_path, told, why
):
    close = backup_archive.Writer.close
    monkeypatch.setattr(
        backup_archive.Writer, "close", lambda self, manifest: close(self, {**manifest, **told})
    )
    operate(here, "backup", str(tmp_path / "a"))

    assert why in refused(operate, elsewhere, tmp_path / "a")


def test_too_little_space_is_told_before(operate, elsewhere, archive, monkeypatch):
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)

    assert "are free. Nothing was changed." in refused(operate, elsewhere, archive)


def test_keys_of_the_environment_have_to_open_it(operate, elsewhere, archive):
    why = refused(operate, elsewhere, archive, CRMAPP_ENCRYPTION_KEYS=vault.new_key())

    assert "CRMAPP_ENCRYPTION_KEYS lacks a key" in why


def test_a_running_installation_is_left_alone(operate, elsewhere, archive):
    home_of(elsewhere).mkdir()
    (home_of(elsewhere) / "swept").touch()

    assert "Stop it" in refused(operate, elsewhere, archive)


# --- over what is there ---------------------------------------------------------------------------


def test_what_is_replaced_is_kept_as_a_backup(operate, here, elsewhere, archive, make, tmp_path):
    operate(elsewhere, "restore", str(archive))
    make.account("Born later")
    later = tmp_path / "tuesday.crmapp"
    operate(here, "backup", str(later))

    code, output = operate(elsewhere, "restore", "--replace", str(later))

    assert code == 0, output
    assert content(elsewhere["DATABASE_URL"])["account"] == content(here["DATABASE_URL"])["account"]
    (kept,) = home_of(elsewhere).glob("before-restore-*.crmapp")
    assert operate(elsewhere, "backup", "--verify", str(kept))[0] == 0
    assert operate(elsewhere, "restore", "--replace", str(kept))[0] == 0
    assert ("Born later",) not in rows(elsewhere, "SELECT name FROM account")


def test_keys_stay_where_a_backup_without_secrets_is_restored(
    operate, elsewhere, archive, tmp_path
):
    operate(elsewhere, "restore", str(archive))
    path = tmp_path / "bare"
    operate(elsewhere, "backup", "--without-secrets", str(path))

    code, output = operate(elsewhere, "restore", "--without-secrets", "--replace", str(path))

    assert code == 0, output
    assert opened_secret(elsewhere) == SECRET
    assert "Look at this" not in output


# --- killed ---------------------------------------------------------------------------------------


@FORKS
@pytest.mark.parametrize(
    "owner, name, turn",
    [
        (restores, "_write", 2),
        (restores.Restore, "_mark", 1),
        (restores.Restore, "_swap", 1),
        (Path, "rename", 1),
        (Path, "rename", 2),
        (restored, "settle", 1),
        (restores.shutil, "rmtree", 4),
    ],
)
def test_a_killed_restore_can_be_run_again(
    operate, here, elsewhere, archive, make, tmp_path, owner, name, turn
):
    operate(elsewhere, "restore", str(archive))
    before = content(elsewhere["DATABASE_URL"])
    make.account("Born later")
    later = tmp_path / "tuesday.crmapp"
    operate(here, "backup", str(later))
    after = content(here["DATABASE_URL"])

    work = ("restore", "--replace", str(later))
    assert killed(lambda: operate(elsewhere, *work), owner, name, turn)

    if (home_of(elsewhere) / "restoring").exists():
        code, output = operate(elsewhere, "users", "list")
        assert (code, f"crmapp restore {later}" in output) == (1, True)
    else:
        assert content(elsewhere["DATABASE_URL"]) in (before, after)
    code, output = operate(elsewhere, *work)
    assert code == 0, output
    assert content(elsewhere["DATABASE_URL"]) == after
    assert opened_secret(elsewhere) == SECRET
    assert not (home_of(elsewhere) / "restoring").exists()


def test_nothing_starts_while_a_restore_is_half_done(operate, elsewhere, settings):
    home_of(elsewhere).mkdir()
    (home_of(elsewhere) / "restoring").write_text("monday.crmapp")

    for words in (("up",), ("doctor",)):
        code, output = operate(elsewhere, *words)
        assert code == 1
        assert "Run it again: crmapp restore monday.crmapp" in output


# --- an upgrade, tried ----------------------------------------------------------------------------


def test_an_upgrade_is_tried_on_a_copy(operate, here, elsewhere, archive, database):
    before = content(here["DATABASE_URL"])

    code, output = operate(here, "upgrade", "--dry-run", str(archive))

    assert "The schema would stay as it is." in output
    assert "fail  sources" in output
    assert code == 1, "the source of the test cannot be opened"
    assert "Nothing was kept of it" in output
    assert content(here["DATABASE_URL"]) == before
    if database.url.startswith("postgresql"):
        assert rows(here, "SELECT datname FROM pg_database WHERE datname LIKE 'crmapp_try%'") == [
            (make_url(elsewhere["DATABASE_URL"]).database,)
        ]


def test_an_upgrade_says_that_it_happens_at_the_start(operate, here, archive):
    code, output = operate(here, "upgrade", str(archive))

    assert code == 2
    assert "crmapp up" in output


# --- by kind of database --------------------------------------------------------------------------


def test_a_backup_of_an_older_version_is_migrated(operate, elsewhere, database, tmp_path):
    home_of(elsewhere).mkdir()
    engine = create_engine(psycopg_named(elsewhere["DATABASE_URL"]))
    prepare_engine(engine, {folded.NAME: fold})
    steps = schema.steps_from("")
    newest, before = steps[-1], steps[-2].partition(":")[0]
    schema.migrate(engine, before)
    engine.dispose()
    assert operate(elsewhere, "users", "list")[0] == 1
    path = tmp_path / "older.crmapp"

    code, output = operate(elsewhere, "backup", str(path))
    with place_like(database.url, tmp_path / "third") as third:
        tried = operate(third, "upgrade", "--dry-run", str(path))
        back = operate(third, "restore", str(path))
        users = operate(third, "users", "list")

    assert code == 0, output
    assert f"would migrate  {newest}" in tried[1]
    assert (back[0], f"migrated  {newest}" in back[1]) == (0, True), back[1]
    assert "Add an administrator" in users[1]
