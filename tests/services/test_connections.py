"""A connection is set up once, kept to itself, and tested with a precise answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import func, select

from crmapp.connectors.sandbox.salesforce import apps
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
    token_for,
    xml,
)

PEM = serialization.Encoding.PEM
PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo
PRIVATE = serialization.PrivateFormat.PKCS8
NOWHERE = "http://127.0.0.1:1"
ACME = "https://acme.my.salesforce.com"


def row():
    session.rollback()
    return connections.of("intacct")


def test_salesforce_says_where_and_as_whom(make, org):
    connect("salesforce", salesforce(org), by=make.alice)

    assert connections.check("salesforce", by=make.alice) is None

    found = connections.of("salesforce").found
    assert found["user"] == "integration@demo.example"
    assert found["organisation"]


def test_a_signed_token_lets_us_in_and_a_wrong_key_is_told_as_such(make, org):
    key, other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    control(org, "app", public_key=key.public_key().public_bytes(PEM, PUBLIC).decode())
    for each in (key, other):
        secret = each.private_bytes(PEM, PRIVATE, serialization.NoEncryption()).decode()
        wanted = salesforce(org, "jwt", secrets={"private_key": secret})
        values = {**wanted.values, "username": apps.USERNAME}
        connect("salesforce", replace(wanted, values=values), by=make.alice)
        problem = connections.check("salesforce", by=make.alice)
        assert problem is None if each is key else problem.kind == "credentials"


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


@pytest.mark.parametrize("words", ["<html>A shop</html>", "[]", "{}", '[{"version": null}]'])
def test_an_address_that_is_something_else_is_told_as_such(make, words):
    with listening(http(body=words.encode())) as peer:
        connect("salesforce", salesforce(peer.url), by=make.alice)

        problem = connections.check("salesforce", by=make.alice)

    assert problem.kind == "instance"
    assert "My Domain" in str(problem.sentence)
    assert problem.remote == words


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
        ("https://xn--a.my.salesforce.com", "is not an address"),
        ("http://[::1", "is not an address"),
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
