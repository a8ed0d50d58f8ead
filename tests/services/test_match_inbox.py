"""The match inbox: what feeds ask, what people answer, and what the next run makes of that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.errors import Forbidden, Invalid
from crmapp.models import (
    Account,
    Change,
    ExternalIdentity,
    MatchAnswer,
    MatchCandidate,
    MatchQuestion,
)
from crmapp.services import (
    accounts,
    crm_mappings,
    erasure,
    feeds,
    match_answers,
    match_inbox,
    match_rules,
    runs,
)
from crmapp.services.match_inbox import AnsweredMeanwhile, Box, Reply
from tests.support.feeds import (
    MAPPING,
    Erp,
    customer,
    feed,
    mapping,
    numbers,
    source,
    work,
)


@pytest.fixture(params=[False, True], ids=["everything", "changes"])
def erp(request, clock):
    """One that is read in whole each time, and one that says what changed."""
    near = [customer(1, "Acme Bolts", city="Lyon"), customer(2, "Cogs")]
    return Erp(near, delta=request.param)


@pytest.fixture
def acme(make):
    return make.account("Acme Boults", billing_city="Paris").id


@pytest.fixture
def rule(make, erp, acme):
    columns = {**MAPPING.columns, "billing_city": "city"}
    fed = FedBy(source(make, erp), FieldMapping(columns))
    return mapping(make, content=Content((fed,)))


@pytest.fixture
def asked(make, rule):
    """The question about Acme Bolts, after a first run."""
    feed(make, rule)
    return inbox(make)[0].id


def inbox(make, **of):
    session.rollback()
    return match_inbox.listed(Box(**of), 1, by=make.alice, locale="en").questions


def answer(make, question_id, say, account=0, until=None, by=None):
    question = session.get(MatchQuestion, question_id)
    version, name = (question.version, question.name) if question else (1, "Gone")
    reply = Reply(say, version, account, until, name)
    return match_inbox.answer({question_id: reply}, by=by or make.alice)


def identities(account_id):
    query = select(ExternalIdentity.external_id).where(ExternalIdentity.account_id == account_id)
    return sorted(session.scalars(query))


def changes():
    return session.scalar(select(func.count()).select_from(Change))


def test_an_uncertain_customer_stands_beside_its_candidates_and_says_why(make, rule, acme):
    feed(make, rule)

    (question,) = inbox(make)

    assert (question.name, question.key, question.source) == ("Acme Bolts", "K1", "Our ERP")
    assert question.rule == "The name is the same or nearly so"
    assert [each.id for each in question.candidates] == [acme]
    assert {str(each.label): (each.value, list(each.others)) for each in question.lines} == {
        "Name": ("Acme Bolts", [("Acme Boults", True)]),
        "Number": ("C1", [(None, False)]),
        "Phone": ("555 123", [(None, False)]),
        "City": ("Lyon", [("Paris", True)]),
    }


def test_it_waits_however_often_the_feed_runs_and_remembers_since_when(make, rule, asked, clock):
    (before,) = inbox(make)
    clock.shift(timedelta(days=2))

    for _time in range(2):
        feed(make, rule)

    assert inbox(make) == [before]


def test_the_same_is_carried_out_by_the_next_run_and_then_nothing_changes(make, rule, asked, acme):
    assert answer(make, asked, "same", acme) == [rule]
    left = inbox(make)

    feed(make, rule)
    done, before = identities(acme), changes()
    feed(make, rule)

    assert (left, done, numbers()) == ([], ["K1"], ["C1", "C2"])
    assert session.get_one(Account, acme).name == "Acme Bolts"
    assert changes() == before
    assert session.scalar(select(func.count()).select_from(MatchQuestion)) == 0


def test_different_makes_a_new_account_and_never_suggests_these_again(make, rule, asked, acme):
    answer(make, asked, "different")

    feed(make, rule)

    assert numbers() == ["C1", "C2"]
    assert identities(acme) == []
    assert inbox(make) == []


def test_who_differs_from_one_is_still_asked_about_another(make, rule, asked, acme):
    answer(make, asked, "different")
    other = make.account("Acme Bults").id

    feed(make, rule)
    (question,) = inbox(make)
    answer(make, question.id, "different")

    assert [each.id for each in question.candidates] == [other]
    (kept,) = session.scalars(select(MatchAnswer))
    assert kept.different == [acme, other]


def test_one_that_is_always_skipped_is_skipped_until_that_is_withdrawn(make, rule, asked, acme):
    answer(make, asked, "skip")
    for _time in range(2):
        feed(make, rule)
    skipped = inbox(make), numbers()

    (kept,) = match_answers.listed(by=make.alice, locale="en")
    match_answers.withdraw(kept.answer.id, by=make.alice)
    back = [each.name for each in inbox(make)]
    feed(make, rule)

    assert skipped == ([], ["C2"])
    assert back == ["Acme Bolts"]
    assert [each.id for each in inbox(make)] == [asked]


def test_an_answer_that_is_withdrawn_before_the_run_is_asked_for_again(make, rule, asked, acme):
    answer(make, asked, "same", acme)
    (kept,) = match_answers.listed(by=make.alice, locale="en")

    match_answers.withdraw(kept.answer.id, by=make.alice)
    feed(make, rule)

    assert [each.id for each in inbox(make)] == [asked]
    assert identities(acme) == []


def test_later_stays_out_of_the_way_until_its_day(make, rule, asked, clock):
    answer(make, asked, "later", until=utcnow() + timedelta(days=3))
    for _time in range(2):
        feed(make, rule)
    early, put_off = inbox(make), inbox(make, later=True)
    clock.shift(timedelta(days=3, minutes=1))

    assert early == []
    assert [each.id for each in put_off] == [asked]
    assert [each.id for each in inbox(make)] == [asked]


def test_later_ends_when_a_candidate_changes(make, rule, asked, acme):
    answer(make, asked, "later", until=utcnow() + timedelta(days=3))
    version = session.get_one(Account, acme).version

    accounts.update(acme, {"phone": "555 999"}, version, by=make.alice)
    at_once = [each.id for each in inbox(make)]
    feed(make, rule)

    assert (at_once, [each.id for each in inbox(make)]) == ([asked], [asked])


def test_later_ends_when_the_customer_changes(make, rule, asked, erp):
    answer(make, asked, "later", until=utcnow() + timedelta(days=3))
    changed = customer(1, "Acme Bolts", city="Reims")
    erp.rows = [*erp.rows, changed] if erp.delta else [changed, *erp.rows[1:]]

    feed(make, rule)

    assert [each.id for each in inbox(make)] == [asked]


def test_a_customer_that_has_become_certain_leaves_the_inbox(make, rule, asked, acme):
    version = session.get_one(Account, acme).version
    accounts.update(acme, {"number": "C1"}, version, by=make.alice)

    feed(make, rule)

    assert inbox(make) == []
    assert identities(acme) == ["K1"]


def test_rules_that_are_changed_decide_anew(make, rule, asked, acme):
    order = [each.code for each in match_rules.every()]
    match_rules.save(order, {"number"}, by=make.alice)

    feed(make, rule)

    assert inbox(make) == []
    assert numbers() == ["C1", "C2"]


def test_what_was_answered_outlives_a_change_of_the_rules(make, rule, asked, acme):
    answer(make, asked, "same", acme)
    order = [each.code for each in match_rules.every()]
    match_rules.save(order, {"number"}, by=make.alice)

    feed(make, rule)

    assert identities(acme) == ["K1"]


def test_an_answer_that_names_a_deleted_account_is_void(make, rule, asked, acme):
    make.account("Acme Bults")
    answer(make, asked, "same", acme)
    accounts.delete(acme, by=make.alice)

    feed(make, rule)

    (question,) = inbox(make)
    assert [each.name for each in question.candidates] == ["Acme Bults"]


def test_a_customer_that_is_gone_leaves_the_inbox(make, rule, asked, erp, clock):
    crm_mappings.schedule(rule, kind="never", guard_percent=100, by=make.alice)
    del erp.rows[0]
    clock.shift(timedelta(hours=25))

    feed(make, rule)

    assert inbox(make) == []


def test_a_source_that_shrank_too_much_takes_nothing_out_of_the_inbox(
    make, rule, asked, erp, clock
):
    del erp.rows[0]
    clock.shift(timedelta(hours=25))

    run = feed(make, rule)

    assert run.status == "planned"
    assert [each.id for each in inbox(make)] == [asked]


def test_a_dry_run_asks_and_what_is_answered_then_is_heeded(make, rule, acme):
    feed(make, rule, dry=True)
    (question,) = inbox(make)
    answer(make, question.id, "same", acme)

    feed(make, rule)

    assert identities(acme) == ["K1"]


def test_what_is_answered_while_a_run_is_at_work_is_carried_out_by_the_next(
    make, rule, asked, acme, erp
):
    erp.rows = [*erp.rows, customer(5)]
    run_id = feeds.start(rule, by=make.alice, whole=True)
    runs.work(run_id)  # it has decided about the customer before
    answer(make, asked, "same", acme)
    work(run_id)
    before = inbox(make), identities(acme)

    feed(make, rule)

    assert before == ([], [])
    assert identities(acme) == ["K1"]


def test_the_second_answer_comes_too_late_and_hears_who_was_first(make, rule, asked, acme):
    answer(make, asked, "same", acme, by=make.alice)

    with pytest.raises(AnsweredMeanwhile) as late:
        answer(make, asked, "skip", by=make.user("Ida", role="implementer"))

    said = "“Acme Bolts” was answered by Alice: the same as “Acme Boults”."
    assert [str(each) for each in late.value.said] == [said]
    (kept,) = session.scalars(select(MatchAnswer))
    assert (kept.choice, kept.by_id) == ("update", make.alice.id)


def test_the_same_answer_twice_is_no_quarrel(make, rule, asked, acme):
    answer(make, asked, "same", acme)

    assert answer(make, asked, "same", acme) == []


def test_a_question_that_has_changed_since_is_looked_at_again(make, rule, asked):
    seen = session.get_one(MatchQuestion, asked).version
    make.account("Acme Bults")
    feed(make, rule, whole=True)

    with pytest.raises(AnsweredMeanwhile) as late:
        match_inbox.answer({asked: Reply("different", seen)}, by=make.alice)

    assert "changed since you looked" in str(late.value.said[0])


def test_of_several_answers_all_are_kept_or_none(make, rule, asked, erp):
    make.account("Widgets Inc")
    erp.rows = [*erp.rows, customer(3, "Widgets")]
    feed(make, rule)
    other = next(each for each in inbox(make) if each.id != asked)
    replies = {asked: Reply("skip", 1), other.id: Reply("same", 1, 999_999)}

    with pytest.raises(Invalid) as refused:
        match_inbox.answer(replies, by=make.alice)

    assert list(refused.value.fields) == [f"question-{other.id}"]
    assert len(inbox(make)) == 2


@pytest.mark.parametrize("reply", [Reply("", 1), Reply("maybe", 1), Reply("same", 1)])
def test_an_answer_that_is_not_offered_is_refused(make, asked, reply):
    with pytest.raises(Invalid):
        match_inbox.answer({asked: reply}, by=make.alice)


@pytest.mark.parametrize("until", [None, timedelta(0)])
def test_later_takes_a_day_to_come(make, asked, until):
    day = until if until is None else utcnow() + until

    with pytest.raises(Invalid) as refused:
        answer(make, asked, "later", until=day)

    assert list(refused.value.fields) == [f"until-{asked}"]


def test_who_may_not_manage_integrations_may_not_answer(make, asked, acme):
    for ask in (
        lambda: match_inbox.listed(Box(), 1, by=make.bob, locale="en"),
        lambda: answer(make, asked, "skip", by=make.bob),
    ):
        with pytest.raises(Forbidden):
            ask()
    assert match_inbox.count(by=make.bob) == 0
    assert match_inbox.count(by=make.alice) == 1


def test_the_inbox_is_narrowed_to_a_mapping_and_a_source(make, rule, asked):
    (question,) = session.scalars(select(MatchQuestion))

    assert len(inbox(make, mapping=rule, source=question.source_id)) == 1
    assert inbox(make, mapping=rule + 1) == []
    assert inbox(make, source=question.source_id + 1) == []


def test_an_erased_account_leaves_no_candidate_behind(make, rule, asked, acme):
    with unit_of_work():
        erasure.erase_accounts([acme])

    assert session.scalars(select(MatchCandidate)).all() == []
    (question,) = inbox(make)
    assert question.candidates == []
