"""A connection is set up once, tested with a precise answer, and opened over a log and a budget."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crmapp.connectors.errors import AuthFailed, QuotaExceeded, Unreachable, WrongInstance
from crmapp.db import session, unit_of_work
from crmapp.errors import Conflict, Forbidden, Invalid, NotConnected, NotFound
from crmapp.models import Connection, RemoteObject, RequestLog
from crmapp.services import connections, request_log
from crmapp.services.connections import Wanted
from tests.connectors.wire import http, listening
from tests.support.connections import (
    XML_SECRETS,
    connect,
    control,
    fault,
    rest,
    salesforce,
    xml,
)

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


def test_salesforce_says_where_and_as_whom(make, org):
    connect("salesforce", salesforce(org), by=make.alice)

    assert connections.check("salesforce", by=make.alice) is None

    found = connections.of("salesforce").found
    assert found["user"] == "integration@demo.example"
    assert found["organisation"]


def test_a_permission_that_is_missing_is_named(make):
    words = b'[{"errorCode": "API_DISABLED_FOR_ORG", "message": "API is not enabled"}]'
    with listening() as peer:
        versions = http(body=b'[{"version": "66.0"}]')
        peer.answers = [versions, token_for(peer.url), http("403 Forbidden", words)]
        connect("salesforce", salesforce(peer.url), by=make.alice)

        problem = connections.check("salesforce", by=make.alice)

    assert (problem.kind, problem.what) == ("permission", "API Enabled")
    assert "API is not enabled" in problem.remote


@pytest.mark.parametrize("wanted", [xml, rest])
def test_a_connection_that_works_says_where_and_as_whom(make, intacct, wanted):
    connect("intacct", wanted(intacct), by=make.alice)
    assert connections.connected() == set()

    assert connections.check("intacct", by=make.alice) is None

    found = row().found
    assert (found["organisation"], found["user"]) == ("crmapp-demo", "crmapp_sync")
    assert row().checked_at is not None
    assert connections.connected() == {"intacct"}
    assert connections.state("intacct", by=make.ivan).summary == "ok"


def test_both_kinds_of_intacct_share_one_row(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)
    first = row().id
    connections.check("intacct", by=make.alice)

    connect("intacct", rest(intacct), by=make.alice)

    assert (row().id, row().kind) == (first, "intacct_rest")
    assert (row().tokens, row().found) == ("", {})
    assert connections.check("intacct", by=make.alice) is None


WRONG = {
    "credentials": {"secrets": {**XML_SECRETS, "password": "not this one"}},
    "network": {"values": {**xml(NOWHERE).values}},
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_test_says_what_is_wrong(make, intacct, kind):
    connect("intacct", xml(intacct, **WRONG[kind]), by=make.alice)

    problem = connections.check("intacct", by=make.alice)

    assert problem.kind == kind
    assert connections.state("intacct", by=make.alice).problem == problem
    assert connections.connected() == set()


def test_an_address_that_is_something_else_is_told_as_such(make):
    with listening(http(body=b"<html>A shop</html>")) as peer:
        connect("salesforce", salesforce(peer.url), by=make.alice)

        problem = connections.check("salesforce", by=make.alice)

    assert problem.kind == "instance"
    assert "My Domain" in str(problem.sentence)
    assert problem.remote == "<html>A shop</html>"


def test_what_was_found_stays_when_the_other_side_is_down_for_a_while(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)
    connections.check("intacct", by=make.alice)
    fault(intacct, kind="unavailable", times=None)

    assert connections.check("intacct", by=make.alice).kind == "busy"
    assert connections.connected() == {"intacct"}
    assert connections.state("intacct", by=make.alice).summary == "problem"


def test_secrets_are_neither_in_the_database_nor_in_the_log_in_clear(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)
    connections.check("intacct", by=make.alice)

    kept = repr(session.execute(select(Connection.__table__)).all())
    kept += repr(session.execute(select(RequestLog.__table__)).all())

    assert "crmapp_sync" in kept
    assert [each for each in XML_SECRETS.values() if each in kept] == []


def test_secrets_stay_when_nothing_is_typed(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)

    connect("intacct", xml(intacct, secrets={"password": ""}, budget="5000"), by=make.alice)

    assert row().budget == 5000
    assert connections.check("intacct", by=make.alice) is None


def test_a_change_of_the_budget_keeps_the_tokens_and_what_was_found(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)
    connections.check("intacct", by=make.alice)
    tokens, found = row().tokens, row().found

    connect("intacct", xml(intacct, secrets={}, budget="500"), by=make.alice)

    assert (row().tokens, row().found) == (tokens, found)


@pytest.mark.parametrize("change", ["address", "sandbox", "kind"])
def test_secrets_are_not_sent_elsewhere_without_being_entered_anew(make, intacct, change):
    connect("intacct", xml(intacct), by=make.alice)
    wanted = {
        "address": xml(NOWHERE, secrets={}),
        "sandbox": xml(intacct, secrets={}, sandbox=False, values={**xml("").values, "url": ""}),
        "kind": rest(intacct, secrets={}),
    }[change]

    with pytest.raises(Invalid) as refused:
        connect("intacct", wanted, by=make.alice)

    assert set(refused.value.fields) <= {"sender_password", "password", "client_secret"}


@pytest.mark.parametrize(
    "address, said",
    [
        ("https://acme.example.com", "not an address of Salesforce"),
        ("http://acme.my.salesforce.com", "must be reached by https"),
        ("https://acme.my.salesforce.com:8443", "must be reached by https"),
        ("https://acme.my.salesforce.com.evil.example", "not an address of Salesforce"),
        ("https://user:pw@acme.my.salesforce.com", "is not an address"),
        ("https://127.0.0.1", "not an address of Salesforce"),
        ("acme", "is not an address"),
        ("", "required"),
    ],
)
def test_an_address_that_is_not_salesforces_is_refused(make, address, said):
    with pytest.raises(Invalid) as refused:
        connect("salesforce", salesforce(address, sandbox=False), by=make.alice)

    assert said in str(refused.value.fields["instance_url"])


def test_fields_are_checked_by_their_flow(make):
    values = {"instance_url": ACME, "client_id": "", "version": "sixty"}

    with pytest.raises(Invalid) as refused:
        connect("salesforce", salesforce(ACME, "jwt", values=values), by=make.alice)

    assert set(refused.value.fields) == {"client_id", "version", "username", "private_key"}


@pytest.mark.parametrize("budget", ["0", "-1", "many", "9" * 11, "½"])
def test_a_budget_is_a_number_of_requests(make, budget):
    with pytest.raises(Invalid) as refused:
        connect("intacct", xml(NOWHERE, budget=budget), by=make.alice)

    assert set(refused.value.fields) == {"budget"}


def test_who_comes_second_is_told_what_the_first_one_made_of_it(make):
    connect("intacct", xml(NOWHERE), by=make.alice)
    connect("intacct", xml(NOWHERE, secrets={}, budget="10"), by=make.ivan)

    with pytest.raises(Conflict) as conflict:
        connections.save("intacct", xml(NOWHERE, budget="20"), version=1, by=make.alice)

    assert conflict.value.version == 2
    assert conflict.value.theirs["budget"] == 10
    assert set(conflict.value.theirs) & set(XML_SECRETS) == set()


def test_of_two_who_set_it_up_at_once_one_is_told(make):
    connect("intacct", xml(NOWHERE), by=make.alice)

    with pytest.raises(Conflict):
        connections.save("intacct", xml(NOWHERE), version=0, by=make.ivan)


def test_a_connection_that_was_removed_meanwhile_is_not_changed(make):
    with pytest.raises(Invalid, match="attention") as refused:
        connections.save("intacct", xml(NOWHERE), version=3, by=make.alice)

    assert "removed" in str(refused.value.fields[""])


def test_removed_with_its_log_and_what_was_read(make, intacct):
    connect("intacct", xml(intacct), by=make.alice)
    connections.check("intacct", by=make.alice)
    with unit_of_work():
        session.add(RemoteObject(connection_id=row_id(), object="CUSTOMER"))

    with pytest.raises(Conflict):
        connections.remove("intacct", version=7, by=make.alice)
    connections.remove("intacct", version=1, by=make.alice)

    left = [
        session.scalar(select(func.count()).select_from(each))
        for each in (Connection, RequestLog, RemoteObject)
    ]
    assert left == [0, 0, 0]
    with pytest.raises(NotConnected):
        connections.remove("intacct", version=1, by=make.alice)


def row_id():
    return session.scalars(select(Connection.id)).one()


@pytest.mark.parametrize("who", ["mona", "bob", "carol"])
def test_others_may_do_nothing(make, who):
    person = getattr(make, who)
    for act in (
        lambda: connections.states(by=person),
        lambda: connections.state("intacct", by=person),
        lambda: connections.save("intacct", xml(NOWHERE), version=0, by=person),
        lambda: connections.remove("intacct", version=1, by=person),
        lambda: connections.check("intacct", by=person),
        lambda: request_log.listed("intacct", by=person),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_system_that_is_not_there_is_not_found(make):
    with pytest.raises(NotFound):
        connections.state("tryton", by=make.alice)
    with pytest.raises(NotFound):
        connections.save("tryton", Wanted(xml("").kind), version=0, by=make.alice)


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


def token_for(url):
    body = b'{"access_token": "t", "instance_url": "%s"}' % url.encode()
    return http(body=body)


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
