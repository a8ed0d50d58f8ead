"""A person says whose the letters are that no account was found for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from crmapp import config, contents
from crmapp.db import session, unit_of_work, utcnow
from crmapp.errors import FileLost, Forbidden, NotFound
from crmapp.models import Activity, Attachment, FiledMail, UnfiledLetter, User
from crmapp.services import (
    activities,
    attachment_sweep,
    erasure,
    merge_relations,
    reaches,
    retention,
    unfiled,
    unfiled_batches,
)
from crmapp.services.retention import Loss
from crmapp.services.unfiled import Asked
from crmapp.services.unfiled_batches import Batch, Verb
from tests.support.attached import OFFER, kept_files
from tests.support.letters import DOMAIN, letter, with_file


@pytest.fixture(autouse=True)
def takes_mail(settings, make):
    config.use(replace(settings, mail_drop_domain=DOMAIN))


@pytest.fixture
def kept(app):
    """Keep a letter that no account was found for, and return its id."""

    def kept(subject="Your prices", **more):
        message = with_file(letter("info@crm.example", subject=subject, **more))
        unfiled.take(message.as_bytes(), lambda: None)
        session.rollback()
        return session.scalar(select(UnfiledLetter.id).where(UnfiledLetter.subject == subject))

    return kept


def two(kept):
    return [kept("One", message_id="<1@x>"), kept("Two", message_id="<2@x>")]


def row(letter_id):
    session.rollback()
    return session.get_one(UnfiledLetter, letter_id)


def living(model=Activity):
    session.rollback()
    return session.scalars(select(model).where(model.deleted_at.is_(None))).all()


def test_a_letter_is_listed_until_it_is_settled(kept, make):
    first, second = two(kept)
    unfiled.discard([first], by=make.mona)

    waiting, settled = (
        unfiled.listed(1, Asked(settled=each), by=make.mona) for each in (False, True)
    )

    assert [each.id for each in waiting.letters] == [second]
    assert [each.id for each in settled.letters] == [first]
    assert (waiting.waiting, waiting.settled, unfiled.count(by=make.mona)) == (1, 1, 1)


@pytest.mark.parametrize("person", ["bob", "carol", "mallory"])
def test_only_those_who_may_file_letters_read_them(kept, make, person):
    letter_id, by = kept(), getattr(make, person)

    for attempt in (
        lambda: unfiled.listed(1, by=by),
        lambda: unfiled.file([letter_id], 1, by=by),
        lambda: unfiled.discard([letter_id], by=by),
        lambda: unfiled.bring_back([letter_id], by=by),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert unfiled.count(by=by) == 0


def test_a_letter_is_filed_with_its_files_on_the_word_of_a_person(kept, make):
    account, letter_id = make.account(), kept(from_="Zoe <zoe@customer.example>")
    contact = make.contact(account, "Meier", email="zoe@customer.example")

    assert unfiled.file([letter_id], account.id, by=make.mona) == [letter_id]

    (activity,) = living()
    assert (activity.kind, activity.subject, activity.account_id, activity.contact_id) == (
        "email", "Your prices", account.id, contact.id,
    )  # fmt: skip
    assert [each.name for each in living(Attachment)] == [OFFER]
    assert (row(letter_id).activity_id, row(letter_id).settled_by_id) == (activity.id, make.mona.id)


def test_several_letters_are_filed_at_once(kept, make):
    ids = two(kept)

    assert unfiled.file(ids, make.account().id, by=make.mona) == ids

    assert {each.subject for each in living()} == {"One", "Two"}


def test_a_letter_on_an_account_that_she_does_not_see_is_not_shown(kept, make):
    one, two_ = two(kept)
    unfiled.file([one], make.account().id, by=make.alice)
    unfiled.discard([two_], by=make.alice)
    reaches.restrict(make.mona.id, sees=[], edits=[], territories=[], by=make.alice)

    seen = unfiled.listed(1, Asked(settled=True), by=make.again(User, make.mona.id))

    assert [each.id for each in seen.letters] == [two_]
    assert (seen.count, seen.settled) == (1, 1)


def test_what_is_settled_is_not_settled_again(kept, make):
    letter_id, account = kept(), make.account()
    unfiled.discard([letter_id], by=make.mona)

    assert unfiled.file([letter_id], account.id, by=make.alice) == []
    assert unfiled.discard([letter_id], by=make.alice) == []

    assert living() == []
    assert row(letter_id).settled_by_id == make.mona.id


def test_of_two_who_file_a_letter_at_the_same_time_one_does(kept, make, monkeypatch):
    letter_id, account = kept(), make.account()
    read = unfiled._content

    def overtaken(id_):
        mail = read(id_)
        unfiled.discard([id_], by=make.alice)
        return mail

    monkeypatch.setattr(unfiled, "_content", overtaken)

    assert unfiled.file([letter_id], account.id, by=make.mona) == []
    assert (living(), living(Attachment)) == ([], [])


def test_a_letter_that_is_there_already_is_settled_by_what_is_there(kept, make):
    account, letter_id = make.account(), kept()
    unfiled.file([letter_id], account.id, by=make.mona)
    (activity,) = living()
    with unit_of_work():
        session.execute(update(UnfiledLetter).values(settled_at=None, activity_id=None))

    unfiled.file([letter_id], account.id, by=make.mona)

    assert [each.id for each in living()] == [activity.id]
    assert row(letter_id).activity_id == activity.id


def test_nobody_files_on_an_account_that_there_is_not(kept, make):
    with pytest.raises(NotFound):
        unfiled.file([kept()], 999, by=make.mona)


def test_a_letter_whose_content_was_not_kept_cannot_be_filed(make):
    unfiled.keep_unread("somewhere 1 2", lambda: None)
    letter_id = session.scalar(select(UnfiledLetter.id))

    assert unfiled.file([letter_id], make.account().id, by=make.mona) == []
    assert unfiled.discard([letter_id], by=make.mona) == [letter_id]


def test_a_letter_that_the_server_has_lost_is_said_to_be(kept, make):
    letter_id = kept()
    contents.place_of(row(letter_id).sha256).unlink()

    with pytest.raises(FileLost, match="has lost this letter"):
        unfiled.file([letter_id], make.account().id, by=make.mona)


def test_of_all_that_match_a_lost_letter_stays_and_the_others_are_filed(kept, make, monkeypatch):
    first, second = two(kept)
    contents.place_of(row(first).sha256).unlink()
    account = make.account()
    batch = Batch(Verb.FILE, Asked(), second, 2, utcnow(), account.id)

    ended = unfiled_batches.go_on(batch, by=make.mona)

    assert (ended.over, ended.seen, ended.done) == (True, 2, 1)
    assert [each.subject for each in living()] == ["Two"]
    assert row(first).settled_at is None


def test_of_many_letters_only_a_part_is_looked_at_at_once(app, make, monkeypatch):
    letters = [
        {"digest": str(n), "reason": "no_account", "sender": "", "recipients": "", "subject": "",
         "text": "", "came_at": utcnow()} for n in range(2_000)
    ]  # fmt: skip
    with unit_of_work():
        session.execute(insert(UnfiledLetter), letters)
    most, discard = [], unfiled.discard
    monkeypatch.setattr(
        unfiled, "discard", lambda ids, *, by: (most.append(len(ids)), discard(ids, by=by))[1]
    )
    batch = Batch(Verb.DISCARD, Asked(), 2_000, 2_000, utcnow())

    while not batch.over:
        batch = unfiled_batches.go_on(batch, by=make.mona)

    assert (batch.done, unfiled.count(by=make.mona)) == (2_000, 0)
    assert max(most) <= unfiled.PAGE


def test_a_discarded_letter_is_brought_back(kept, make):
    ids = two(kept)
    unfiled.discard(ids, by=make.mona)

    assert unfiled.bring_back(ids, by=make.mona) == ids

    assert unfiled.count(by=make.mona) == 2


def test_a_letter_that_was_filed_in_the_wrong_place_is_brought_back_and_filed_anew(kept, make):
    letter_id, wrong, right = kept(), make.account(), make.account()
    unfiled.file([letter_id], wrong.id, by=make.mona)

    unfiled.bring_back([letter_id], by=make.mona)
    assert (living(), living(Attachment)) == ([], [])
    unfiled.file([letter_id], wrong.id, by=make.mona)
    unfiled.bring_back([letter_id], by=make.mona)
    unfiled.file([letter_id], right.id, by=make.mona)

    assert [each.account_id for each in living()] == [right.id]
    assert [each.account_id for each in living(Attachment)] == [right.id]


def test_what_somebody_has_worked_on_stays_filed(kept, make):
    letter_id = kept()
    unfiled.file([letter_id], make.account().id, by=make.mona)
    (activity,) = living()
    activities.update(activity.id, {"notes": "Called her."}, activity.version, by=make.mona)

    assert unfiled.bring_back([letter_id], by=make.mona) == []

    assert len(living()) == 1
    assert row(letter_id).settled_at is not None


def test_letters_go_when_their_time_is_over_and_their_content_after_them(kept, make, monkeypatch):
    letter_id = kept()
    sha256 = row(letter_id).sha256
    monkeypatch.setattr(contents, "UNNAMED_FOR", -1.0)
    assert (unfiled.forget_old(), attachment_sweep.forget(sha256[:2])) == (0, 0)
    with unit_of_work():
        session.execute(update(UnfiledLetter).values(came_at=utcnow() - timedelta(days=91)))

    assert (unfiled.forget_old(), attachment_sweep.forget(sha256[:2])) == (1, 1)

    assert kept_files() == []


def test_an_administrator_says_for_how_long_letters_are_kept(kept, make):
    kept()
    with unit_of_work():
        session.execute(update(UnfiledLetter).values(came_at=utcnow() - timedelta(days=20)))

    assert retention.loss({"unfiled_letter": 10}) == Loss(letters=1)
    retention.keep({"unfiled_letter": 10}, confirmed=Loss(letters=1), by=make.alice)

    assert unfiled.forget_old() == 1


def test_an_account_is_erased_with_the_letters_that_were_filed_on_it(kept, make):
    account = make.account()
    unfiled.file([kept()], account.id, by=make.mona)

    with unit_of_work():
        erasure.erase_accounts([account.id])

    for model in (Activity, Attachment, FiledMail, UnfiledLetter):
        assert session.scalars(select(model)).all() == []


def test_merges_know_what_becomes_of_letters():
    merge_relations.need_known()
