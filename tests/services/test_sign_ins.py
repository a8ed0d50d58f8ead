from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crmapp.db import db, session, unit_of_work, utcnow
from crmapp.errors import Forbidden, NotFound
from crmapp.models import SignIn
from crmapp.services import sign_ins, users

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def begin(user, agent=FIREFOX):
    with unit_of_work():
        return sign_ins.begin(user.id, agent=agent, address="192.0.2.7")


def count():
    return session.scalar(select(func.count()).select_from(SignIn))


def test_a_session_is_found_by_its_word_which_nobody_can_read(make):
    word, sign_in_id = begin(make.bob)

    found = sign_ins.find(word)

    assert found is not None
    assert (found[0].id, found[1].id) == (make.bob.id, sign_in_id)
    assert word not in str(session.execute(select(SignIn.__table__)).one())


@pytest.mark.parametrize("word", ["", "x", "\x00", "é" * 5000])
def test_a_word_that_is_none_finds_nobody(make, word):
    begin(make.bob)

    assert sign_ins.find(word) is None


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=3650)])
def test_a_clock_that_steps_back_ends_no_session_and_brings_none_back(make, clock, back):
    over, _ = begin(make.carol)
    clock.shift(sign_ins.LASTS + timedelta(seconds=1))
    sign_ins.forget_old()
    word, sign_in_id = begin(make.bob)

    clock.shift(-back)
    sign_ins.note(db.engine, sign_in_id, agent=FIREFOX, address="192.0.2.7")
    sign_ins.forget_old()

    found = sign_ins.find(word)
    assert found is not None
    assert not found[1].is_over()
    assert sign_ins.find(over) is None


def test_a_person_sees_and_ends_her_own(make):
    begin(make.bob)
    word, phone = begin(make.bob)
    begin(make.carol)

    listed = sign_ins.of(make.bob.id, by=make.bob)
    sign_ins.end(phone, make.bob.id, by=make.bob)

    assert (len(listed), len(sign_ins.of(make.bob.id, by=make.bob))) == (2, 1)
    assert sign_ins.find(word) is None


def test_nobody_ends_somebody_elses(make):
    word, hers = begin(make.carol)

    with pytest.raises(NotFound):
        sign_ins.end(hers, make.bob.id, by=make.bob)
    with pytest.raises(Forbidden):
        sign_ins.end(hers, make.carol.id, by=make.bob)
    with pytest.raises(Forbidden):
        sign_ins.of(make.carol.id, by=make.mona)

    assert sign_ins.find(word)


def test_when_she_was_seen_is_noted_only_now_and_then(make, clock):
    _word, sign_in_id = begin(make.bob)
    session.rollback()

    for minutes in (4, 9):
        clock.shift(timedelta(minutes=minutes))
        sign_ins.note(db.engine, sign_in_id, agent="curl/8", address="192.0.2.8")
        session.rollback()
        seen = session.get_one(SignIn, sign_in_id)
        told = (seen.agent, seen.address, utcnow() - seen.seen_at)
        if minutes == 4:
            assert told == (FIREFOX, "192.0.2.7", timedelta(minutes=4))

    assert told == ("curl/8", "192.0.2.8", timedelta(0))


def test_an_old_sign_in_goes(make, clock):
    begin(make.bob)
    clock.shift(timedelta(days=20))
    word, _id = begin(make.bob)
    clock.shift(sign_ins.LASTS - timedelta(days=19))

    before = len(sign_ins.of(make.bob.id, by=make.bob))
    sign_ins.forget_old()

    assert (before, count()) == (1, 1)
    assert sign_ins.find(word)


def test_the_one_that_was_not_seen_for_longest_makes_room(make, clock, monkeypatch):
    monkeypatch.setattr(sign_ins, "MOST", 2)
    words = []
    for _each in range(3):
        words.append(begin(make.bob)[0])
        clock.shift(timedelta(minutes=1))

    assert [bool(sign_ins.find(word)) for word in words] == [False, True, True]


def test_a_new_password_ends_them_all(make):
    word, _id = begin(make.bob)
    other, _id = begin(make.carol)

    users.set_password(make.bob.id, "correct horse battery", by=make.alice)

    assert (sign_ins.find(word), bool(sign_ins.find(other))) == (None, True)
