"""An account that may exist already is saved only on somebody's word, or not at all."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.duplicate_keys import Effect, Key
from crmapp.errors import Invalid, KeyReused, MayExist
from crmapp.models import Account, Change, User
from crmapp.services import accounts, history
from crmapp.services.duplicate_checks import Overruling
from tests.support.duplicate_rules import rule

ACME = {"name": "Acme Bolts", "phone": "+33 1 42 68 53 00", "tax_id": "FR 12 345"}
OTHER = {"name": "Zenith Gears", "phone": "01 42 68 53 00"}


def asked(values, make, **more):
    """Try to create an account and return what stands in its way."""
    with pytest.raises(MayExist) as may_exist:
        accounts.create(values, by=make.bob, **more)
    return may_exist.value


def said(may_exist, reason="Another branch"):
    return Overruling(may_exist.seal, reason)


def test_an_account_with_anothers_phone_number_is_not_created_without_a_word(make):
    first = accounts.create(ACME, by=make.bob)

    may_exist = asked(OTHER, make)

    (match,) = may_exist.matches
    assert (match.id, list(match.effects)) == (first, [Key.PHONE])
    assert session.scalars(select(Account.id).where(Account.name == "Zenith Gears")).all() == []


def test_on_somebodys_word_it_is_created_and_history_keeps_why(make):
    accounts.create(ACME, by=make.bob)

    made = accounts.create(OTHER, by=make.bob, overruled=said(asked(OTHER, make)))

    (entry,) = history.of("account", made, by=make.bob, locale="en").entries
    assert [str(text) for text in entry.overruled.although] == [
        "“Acme Bolts” has the same phone number"
    ]
    assert entry.overruled.reason == "Another branch"


@pytest.mark.parametrize("reason", ["", "  ", "no", "\x00\x00\x00", " x "])
def test_a_reason_has_three_letters(make, reason):
    accounts.create(ACME, by=make.bob)

    refused = asked(OTHER, make, overruled=said(asked(OTHER, make), reason))

    assert "at least three letters" in refused.wrong


def test_who_confirms_what_she_was_not_shown_is_asked_again(make):
    accounts.create(ACME, by=make.bob)
    shown = asked(OTHER, make)
    accounts.create({"name": "Third", "phone": "0033142685300"}, by=make.bob, overruled=said(shown))

    again = asked(OTHER, make, overruled=said(shown))

    assert len(again.matches) == 2
    assert asked(OTHER, make, overruled=Overruling("forged", "Another branch")).seal == again.seal


def test_a_rule_may_block_a_key(make):
    rule(Key.PHONE, Effect.BLOCK, by=make.alice)
    accounts.create(ACME, by=make.bob)

    with pytest.raises(Invalid) as invalid:
        accounts.create(OTHER, by=make.bob, overruled=Overruling("any", "Another branch"))

    assert list(invalid.value.fields) == ["phone"]


def test_a_rule_may_ignore_a_key(make):
    rule(Key.PHONE, Effect.IGNORE, by=make.alice)
    accounts.create(ACME, by=make.bob)

    assert accounts.create(OTHER, by=make.bob)


def test_a_number_is_one_accounts_in_its_company_whatever_the_rules(make):
    rule(Key.NUMBER_ELSEWHERE, Effect.IGNORE, by=make.alice)
    make.account("Acme", number="C1")

    with pytest.raises(Invalid) as invalid:
        accounts.create({"name": "Zenith", "number": "C1"}, by=make.bob)

    assert list(invalid.value.fields) == ["number"]


def test_a_form_sent_twice_on_somebodys_word_makes_one_account(make):
    accounts.create(ACME, by=make.bob)
    word = said(asked(OTHER, make, key="k"))

    first = accounts.create(OTHER, by=make.bob, key="k", overruled=word)

    assert accounts.create(OTHER, by=make.bob, key="k", overruled=word) == first
    with pytest.raises(KeyReused):
        accounts.create(OTHER, by=make.bob, key="k", overruled=replace(word, reason="Other words"))


def test_a_later_edit_of_other_fields_does_not_ask_again(make):
    accounts.create(ACME, by=make.bob)
    made = accounts.create(OTHER, by=make.bob, overruled=said(asked(OTHER, make)))

    accounts.update(made, {**OTHER, "phone": "(01) 42.68.53.00", "notes": "x"}, 1, by=make.bob)

    assert session.get_one(Account, made).phone == "(01) 42.68.53.00"


def test_an_edit_that_makes_an_account_like_another_asks(make):
    accounts.create(ACME, by=make.bob)
    made = accounts.create({"name": "Zenith Gears"}, by=make.bob)

    with pytest.raises(MayExist) as may_exist:
        accounts.update(made, {"tax_id": "FR-12345"}, 1, by=make.bob)
    accounts.update(made, {"tax_id": "FR-12345"}, 1, by=make.bob, overruled=said(may_exist.value))

    last = session.scalars(select(Change).order_by(Change.id.desc())).first()
    assert last.source["reason"] == "Another branch"


def test_an_account_is_not_like_itself(make):
    made = accounts.create(ACME, by=make.bob)

    accounts.update(made, {"name": "Acme Bolt", "phone": "01 42 68 53 00"}, 1, by=make.bob)

    assert session.get_one(Account, made).name == "Acme Bolt"


def test_what_somebody_else_changed_meanwhile_is_not_hers_to_answer_for(make):
    accounts.create(ACME, by=make.bob)
    made = accounts.create({"name": "Zenith", "website": "https://zenith.example"}, by=make.bob)
    seen = {"name": "Zenith", "phone": "", "notes": "hers"}
    accounts.update(made, {"phone": "555 0199 44"}, 1, by=make.mona)

    accounts.update(made, seen, 1, by=make.bob)

    account = session.get_one(Account, made)
    assert (account.phone, account.notes) == ("555 0199 44", "hers")


def test_history_does_not_name_an_account_that_its_reader_may_not_see(make):
    make.account("Secret Steel", owner_id=make.mallory.id, tax_id="FR12345")
    made = accounts.create(
        ACME | {"owner_id": str(make.bob.id)}, by=make.bob, overruled=said(asked(ACME, make))
    )

    (entry,) = history.of("account", made, by=make.bob, locale="en").entries

    assert [str(text) for text in entry.overruled.although] == [
        "an account that is not open to you has the same tax id"
    ]


def deleted(values, make):
    account_id = accounts.create(values, by=make.bob)
    accounts.delete(account_id, by=make.mona)
    return account_id


def test_a_deleted_account_comes_back_on_somebodys_word_if_others_like_it_exist_by_now(make):
    gone = deleted(ACME, make)
    accounts.create(OTHER, by=make.bob)
    with pytest.raises(MayExist) as may_exist:
        accounts.restore(gone, by=make.mona)

    accounts.restore(gone, by=make.mona, overruled=said(may_exist.value))

    entry = history.of("account", gone, by=make.mona, locale="en").entries[0]
    assert entry.overruled.reason == "Another branch"


def test_a_deleted_account_stays_deleted_if_another_has_what_no_two_may(make):
    rule(Key.PHONE, Effect.BLOCK, by=make.alice)
    gone = deleted(ACME, make)
    accounts.create(OTHER, by=make.bob)

    with pytest.raises(Invalid) as invalid:
        accounts.restore(gone, by=make.mona)

    assert list(invalid.value.fields) == ["phone"]


def test_of_two_who_save_the_same_in_one_moment_one_is_refused(make, app):
    rule(Key.PHONE, Effect.BLOCK, by=make.alice)
    bob, waiting = make.bob.id, threading.Barrier(2)
    refused = []

    def save(name):
        with app.app_context():
            by = session.get_one(User, bob)
            waiting.wait(10)
            try:
                accounts.create({"name": name, "phone": ACME["phone"]}, by=by)
            except Invalid as invalid:
                refused.append(list(invalid.fields))

    savers = [threading.Thread(target=save, args=(name,)) for name in ("Acme", "Zenith")]
    for each in savers:
        each.start()
    for each in savers:
        each.join(30)

    session.rollback()
    assert refused == [["phone"]]
    assert len(session.scalars(select(Account.id)).all()) == 1
