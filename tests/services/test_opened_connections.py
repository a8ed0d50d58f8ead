"""A connection is opened over a log and a budget, and what ends it for good is remembered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crmapp.connectors.errors import AuthFailed, QuotaExceeded, Unreachable, WrongInstance
from crmapp.db import session, unit_of_work
from crmapp.errors import NotConnected
from crmapp.models import RequestLog
from crmapp.services import connections
from tests.connectors.wire import http, listening
from tests.support.connections import connect, control, fault, rest, salesforce, token_for, xml

NOWHERE = "http://127.0.0.1:1"
ACME = "https://acme.my.salesforce.com"


def row():
    session.rollback()
    return connections.of("intacct")


def ask(times, ends=None):
    with connections.opened("intacct") as connector:
        for _ in range(times):
            connector.count("CUSTOMER")
        if ends:
            raise ends


def logged():
    session.rollback()
    return session.scalars(select(RequestLog).order_by(RequestLog.id)).all()


def test_what_is_not_connected_cannot_be_opened(app):
    with pytest.raises(NotConnected), connections.opened("salesforce"):
        pass


def test_nothing_is_opened_inside_a_transaction(make):
    connect("intacct", xml(NOWHERE), by=make.alice)

    with pytest.raises(RuntimeError), unit_of_work(), connections.opened("intacct"):
        pass


def test_requests_are_logged_and_counted_whatever_happens(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)

    with pytest.raises(AuthFailed):
        ask(1, ends=AuthFailed())

    assert [each.status for each in logged()] == [200, 200, 200]  # sign in, look up, count
    use = connections.state("intacct", by=make.alice).use
    assert (use.ours, use.used, use.per) == (3, 3, "month")


def test_a_session_that_has_ended_is_opened_anew_and_kept(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)
    connections.check("intacct", by=make.alice)
    before = row().tokens
    control(intacct, "expire-sessions")

    with connections.opened("intacct") as connector:
        assert connector.count("CUSTOMER") > 80

    assert row().tokens != before
    count = len(logged())
    with connections.opened("intacct") as connector:
        connector.count("CUSTOMER")
    assert len(logged()) == count + 2  # look up, count: nobody signed in again


def test_our_budget_ends_a_run_and_comes_back_with_the_month(make, intacct, clock):
    connect("intacct", xml(intacct, budget="3"), by=make.alice)

    with pytest.raises(QuotaExceeded) as ended:
        ask(5)

    assert ended.value.until.isoformat() == "2026-07-01T00:00:00+00:00"
    assert len(logged()) == 3
    with pytest.raises(QuotaExceeded), connections.opened("intacct"):
        pass
    clock.shift(timedelta(days=20))
    with connections.opened("intacct") as connector:
        assert connector.count("CUSTOMER") > 80


def test_a_test_may_exceed_the_budget(make, intacct):
    connect("intacct", xml(intacct, budget="1"), by=make.alice)
    connections.check("intacct", by=make.alice)

    assert connections.check("intacct", by=make.alice) is None


def test_salesforce_says_itself_how_much_is_used(make):
    with listening() as peer:
        described = http(body=b'{"name": "Account", "label": "Account", "fields": []}',
                         Sforce_Limit_Info="api-usage=18/15000")  # fmt: skip
        peer.answers = [token_for(peer.url), described]
        connect("salesforce", salesforce(peer.url), by=make.alice)
        with connections.opened("salesforce") as connector:
            connector.describe("Account")

    use = connections.state("salesforce", by=make.alice).use
    assert (use.ours, use.used, use.limit, use.per) == (2, 18, 15000, "day")

    connect("salesforce", salesforce(NOWHERE), by=make.alice)

    other = connections.state("salesforce", by=make.alice).use
    assert (other.ours, other.used, other.limit) == (0, None, None)


def test_what_is_used_stays_with_another_way_to_sign_in_and_not_with_another_company(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)
    ask(1)

    connect("intacct", rest(intacct), by=make.alice)
    same = connections.state("intacct", by=make.alice).use.ours
    values = rest(intacct).values | {"company": "another"}
    connect("intacct", rest(intacct, values=values), by=make.alice)

    assert (same, connections.state("intacct", by=make.alice).use.ours) == (3, 0)


def test_what_ends_a_run_for_good_is_shown_until_it_is_mended(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)
    connections.check("intacct", by=make.alice)
    connect("intacct", xml(intacct, secrets={"password": "changed there"}), by=make.alice)
    with pytest.raises(AuthFailed), connections.opened("intacct") as connector:
        connector.count("CUSTOMER")
    ill = connections.state("intacct", by=make.alice)

    connect("intacct", xml(intacct), by=make.alice)
    with connections.opened("intacct") as connector:
        connector.count("CUSTOMER")

    assert ill.problem.kind == "credentials"
    assert connections.state("intacct", by=make.alice).problem is None


def test_a_deadline_ends_what_takes_too_long(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)
    fault(intacct, kind="slow", seconds=5, times=None)

    with pytest.raises(Unreachable), connections.opened("intacct", 0.3) as connector:
        connector.count("CUSTOMER")


def test_a_private_address_is_refused_when_it_is_no_sandbox(make, monkeypatch):
    connect("salesforce", salesforce(ACME, sandbox=False), by=make.alice)
    answer = [(2, 1, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_more: answer)

    with pytest.raises(WrongInstance), connections.opened("salesforce") as connector:
        connector.describe("Account")

    assert connections.state("salesforce", by=make.alice).problem.kind == "instance"
