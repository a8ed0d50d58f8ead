"""Files of accounts and of their activities."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from crmapp import config, contents
from crmapp.db import session, unit_of_work
from crmapp.errors import DISK_FULL, FileLost, Forbidden, NotFound, Unavailable
from crmapp.models import Attachment, Change
from crmapp.services import (
    accounts,
    attachment_sweep,
    attachments,
    erasure,
    history,
    merges,
    runs,
    undo,
)
from tests.support.attached import OFFER, PDF, PNG, kept_files, sent

DAY = 24 * 3600


def files_of(account, by):
    return attachments.of_account(accounts.get(account.id, by=by))


def names(account, by):
    return [each.file.name for each in files_of(account, by)]


def one(make, account, by=None, **values):
    attachments.add_to_account(account.id, [sent(**values)], by=by or make.bob)
    return files_of(account, make.mona)[0].file


def age(path, days):
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def test_a_file_is_added_with_who_added_it(make):
    account = make.account(owner_id=make.bob.id)

    added = attachments.add_to_account(account.id, [sent()], by=make.bob)

    (found,) = files_of(account, make.bob)
    assert (added.new, found.file.name, found.file.size, found.added_by) == (
        1, OFFER, len(PDF), "Bob",
    )  # fmt: skip
    assert found.file.media_type == "application/pdf"
    assert attachments.place_of(found.file).read_bytes() == PDF


def test_a_file_of_an_activity_is_one_of_its_account(make):
    account = make.account()
    activity = make.activity(account, "Visit")

    attachments.add_to_activity(activity.id, [sent()], by=make.bob)

    (found,) = files_of(account, make.bob)
    assert found.file.activity.subject == "Visit"
    assert [each.name for each in attachments.of_activities([activity.id])[activity.id]] == [OFFER]


def test_the_pages_of_an_account_count_its_files(make):
    account = make.account()
    gone = one(make, account, name="a.pdf")
    one(make, account, name="b.pdf")

    attachments.delete(gone.id, by=make.bob)

    assert accounts.standing(make.again(type(account), account.id), by=make.bob).files == 1


def test_two_files_with_one_content_share_their_bytes(make):
    here, there = make.account(), make.account()
    first = one(make, here)
    second = one(make, there, name="copy.pdf")

    attachments.delete(first.id, by=make.bob)
    age(kept_files()[0], 40)
    attachment_sweep.forget(second.sha256[:2])

    assert [each.name for each in kept_files()] == [second.sha256]
    assert attachments.place_of(second).read_bytes() == PDF


def test_the_same_file_sent_twice_is_there_once(make):
    account = make.account()
    one(make, account)

    added = attachments.add_to_account(account.id, [sent(), sent()], by=make.bob)

    assert (added.new, set(added.known)) == (0, {OFFER})
    assert names(account, make.bob) == [OFFER]


def test_a_refused_file_does_not_hold_up_the_others(make):
    account = make.account()

    added = attachments.add_to_account(
        account.id,
        [sent("run.exe", b"MZ"), sent(), sent("x.png", PDF), sent("empty.txt", b"")],
        by=make.bob,
    )

    assert [each.name for each in added.refused] == ["run.exe", "x.png", "empty.txt"]
    assert names(account, make.bob) == [OFFER]
    assert len(kept_files()) == 1


def test_a_file_that_is_too_large_is_refused_and_not_kept(make, settings):
    config.use(replace(settings, attachment_bytes=len(PDF)))
    account = make.account()

    added = attachments.add_to_account(
        account.id, [sent("large.pdf", PDF + b"x"), sent("fits.pdf")], by=make.bob
    )

    (refused,) = added.refused
    assert refused.name == "large.pdf"
    assert str(refused.reason).startswith("The file is too large: at most ")
    assert names(account, make.bob) == ["fits.pdf"]


def test_more_files_than_are_taken_at_once_are_refused(make):
    account = make.account()

    added = attachments.add_to_account(
        account.id, [sent(f"{n}.txt", b"%d" % n) for n in range(21)], by=make.bob
    )

    assert (added.new, [each.name for each in added.refused]) == (20, ["20.txt"])


def test_a_full_disk_is_said_and_nothing_is_stored(make, monkeypatch):
    account = make.account()

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable) as caught:
        attachments.add_to_account(account.id, [sent()], by=make.bob)

    assert str(caught.value) == DISK_FULL
    assert kept_files() == []
    assert names(account, make.bob) == []


def test_a_folder_that_may_not_be_written_to_is_said(make, settings):
    account = make.account()
    settings.attachments_dir.write_text("a file stands where the folder should be")

    with pytest.raises(Unavailable, match="cannot write to the folder of attached files"):
        attachments.add_to_account(account.id, [sent()], by=make.bob)


def test_whoever_only_sees_an_account_adds_and_deletes_nothing(make):
    account = make.account(owner_id=make.bob.id)
    file = one(make, account)

    for attempt in (
        lambda: attachments.add_to_account(account.id, [sent()], by=make.carol),
        lambda: attachments.delete(file.id, by=make.carol),
        lambda: attachments.restore(file.id, by=make.carol),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert attachments.get(file.id, by=make.carol).name == OFFER


def test_whoever_does_not_see_an_account_does_not_find_its_files(make):
    account = make.account(owner_id=make.bob.id)
    activity = make.activity(account)
    file = one(make, account)

    for attempt in (
        lambda: attachments.get(file.id, by=make.mallory),
        lambda: attachments.add_to_account(account.id, [sent()], by=make.mallory),
        lambda: attachments.add_to_activity(activity.id, [sent()], by=make.mallory),
        lambda: attachments.delete(file.id, by=make.mallory),
        lambda: attachments.restore(file.id, by=make.mallory),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_file_of_a_deleted_account_is_not_found(make):
    account = make.account(owner_id=make.bob.id)
    file = one(make, account)

    accounts.delete(account.id, by=make.mona)

    with pytest.raises(NotFound):
        attachments.get(file.id, by=make.bob)


def test_a_deleted_file_is_gone_until_it_is_restored(make):
    account = make.account()
    file = one(make, account)

    attachments.delete(file.id, by=make.bob)

    with pytest.raises(NotFound):
        attachments.get(file.id, by=make.bob)
    gone = accounts.get(account.id, by=make.bob)
    assert [each.file.name for each in attachments.deleted_of(gone)] == [OFFER]
    attachments.restore(file.id, by=make.bob)
    attachments.restore(file.id, by=make.bob)
    assert names(account, make.bob) == [OFFER]


def test_the_history_of_an_account_tells_what_became_of_its_files(make):
    account = make.account()
    file = one(make, account)
    attachments.delete(file.id, by=make.bob)
    attachments.restore(file.id, by=make.mona)

    entries = history.of("account", account.id, by=make.bob, locale="en").entries

    assert [(each.action, each.about, each.change.by.name) for each in entries] == [
        ("Restored", OFFER, "Mona"),
        ("Deleted", OFFER, "Bob"),
        ("Added", OFFER, "Bob"),
    ]
    assert [each.lines for each in entries] == [[], [], []]


def test_a_deleted_file_is_purged_when_nobody_can_restore_it_any_more(make):
    account = make.account()
    file = one(make, account)
    attachments.delete(file.id, by=make.bob)
    age(attachments.place_of(file), 2)

    attachment_sweep.forget(file.sha256[:2])
    assert len(kept_files()) == 1
    with unit_of_work():
        row = session.get(Attachment, file.id)
        row.deleted_at -= timedelta(days=32)
    attachment_sweep.forget(file.sha256[:2])

    assert kept_files() == []
    with pytest.raises(NotFound):
        attachments.restore(file.id, by=make.bob)


def test_what_a_kill_left_behind_is_swept_after_a_day(make):
    account = make.account()
    file = one(make, account)
    folder = attachments.place_of(file).parent
    (folder / f"{file.sha256[:2]}orphan").write_bytes(b"committed never")
    fresh = folder / f"{file.sha256[:2]}fresh"
    fresh.write_bytes(b"perhaps committed soon")
    half = folder.parent / "incoming" / "tmp-half"
    half.write_bytes(b"half of")
    for path in (folder / f"{file.sha256[:2]}orphan", half, attachments.place_of(file)):
        age(path, 2)

    assert attachment_sweep.forget(file.sha256[:2]) == 1

    assert kept_files() == sorted([attachments.place_of(file), fresh])


def test_the_sweeper_looks_at_one_folder_after_the_other(make, clock):
    one(make, make.account())
    turns = []
    for _ in range(257):
        turns.append(contents.next_folder())
        assert contents.next_folder() is None
        turn = config.settings().attachments_dir / "turn"
        os.utime(turn, (time.time() - 60, time.time() - 60))

    assert turns[:2] == ["00", "01"]
    assert turns[255:] == ["ff", "00"]


def test_nothing_is_looked_through_where_nothing_was_attached(make):
    assert attachment_sweep.forget_old() == 0
    assert kept_files() == []


def test_a_file_that_the_server_lost_says_so(make):
    file = one(make, make.account(), content=PNG, name="x.png")
    attachments.place_of(file).unlink()

    with pytest.raises(FileLost, match="lost this file"):
        attachments.place_of(file)


def test_an_account_is_erased_with_its_files(make):
    account = make.account()
    one(make, account)

    with unit_of_work():
        erasure.erase_accounts([account.id])

    assert session.scalars(select(Attachment)).all() == []
    assert session.scalars(select(Change).where(Change.object == "attachment")).all() == []


def test_the_files_of_a_merged_account_move_and_come_back(make):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    activity = make.activity(gone)
    one(make, gone)
    attachments.add_to_activity(activity.id, [sent()], by=make.bob)
    versions = {each.id: each.version for each in (kept, gone)}

    run_id = merges.merge(kept.id, versions, {}, by=make.mona)

    assert len(files_of(kept, make.mona)) == 2
    undoing = undo.undo_later(run_id, by=make.mona, key=None)
    runs.work(undoing)
    runs.work(undoing)
    assert files_of(kept, make.mona) == []
    assert len(files_of(gone, make.mona)) == 2


def test_a_deleted_file_of_a_merged_account_comes_back_to_what_that_has_become(make):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    file = one(make, gone)
    attachments.delete(file.id, by=make.bob)
    merges.merge(kept.id, {each.id: each.version for each in (kept, gone)}, {}, by=make.mona)
    kept = accounts.get(kept.id, by=make.mona)

    offered = [each.file.id for each in attachments.deleted_of(kept)]
    back = attachments.restore(file.id, by=make.bob)

    assert (offered, back.account_id) == ([file.id], kept.id)
    assert names(kept, make.mona) == [OFFER]
    assert attachments.deleted_of(kept) == []


def test_a_file_of_an_account_that_is_gone_for_good_stays_deleted(make):
    account = make.account("Acme")
    file = one(make, account)
    attachments.delete(file.id, by=make.bob)
    accounts.delete(account.id, by=make.mona)

    with pytest.raises(NotFound):
        attachments.restore(file.id, by=make.bob)
