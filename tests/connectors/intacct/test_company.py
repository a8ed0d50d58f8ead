"""What only Intacct does, tried against the pretend one by both interfaces."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from crmapp.connectors.errors import PermissionMissing, Retryable, RowRejected
from crmapp.connectors.intacct.turns import AT_A_TIME, turns_of
from crmapp.connectors.sandbox.faults import Kind
from crmapp.connectors.sandbox.intacct import company
from crmapp.domain.managed_lists import MANAGED_LISTS
from tests.connectors.subjects import serving


@pytest.fixture(params=["intacct_rest", "intacct_xml"])
def subject(request, tmp_path):
    with serving(request.param, tmp_path) as subject:
        yield subject


def source(subject, each):
    """Return the object, key and name of a managed list in the words of the interface."""
    if subject.kind == "intacct_rest":
        return each.rest_object, each.rest_key, each.rest_name
    return each.xml_object, each.xml_key, each.xml_name


@pytest.mark.parametrize("code", MANAGED_LISTS)
def test_every_managed_list_can_be_read(subject, code):
    object, key, name = source(subject, MANAGED_LISTS[code])
    status = "status" if subject.kind == "intacct_rest" else "STATUS"

    pages = list(subject.connect().read(object, [key, name, status]))

    values = [record for page in pages for record in page.records]
    assert values
    assert all(record[key] and record[name] and record[status] for record in values)


def test_no_more_than_two_requests_are_under_way_at_a_time(subject):
    connectors = [subject.connect() for _ in range(6)]
    connectors[0].describe(subject.object)
    subject.fault(Kind.SLOW, seconds=0.05, times=None)
    together = threading.Barrier(6)
    counts = []

    def count(connector):
        together.wait()
        counts.append(sum(len(page.records) for page in connector.read(subject.object, [])))

    threads = [threading.Thread(target=count, args=[each]) for each in connectors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(counts) == 6
    assert {exchange.status for exchange in subject.log} == {200}


def test_a_turn_is_given_back_whatever_happened(subject):
    connector = subject.connect()
    subject.fault(Kind.CUT, times=None)
    with pytest.raises(Retryable):
        connector.count(subject.object)

    turns = turns_of(company.COMPANY)

    assert [turns.acquire(blocking=False) for _ in range(AT_A_TIME)] == [True] * AT_A_TIME
    turns.release(AT_A_TIME)


def test_a_user_that_may_only_look_is_told_what_is_missing(subject):
    settings = replace(subject.settings, user="crmapp_viewer")
    connector = subject.connect(settings=settings)
    assert connector.check().user == "crmapp_viewer"

    with pytest.raises(PermissionMissing) as missing:
        connector.upsert(subject.object, subject.match, [subject.row(1)])

    assert missing.value.what


def test_a_sender_that_the_company_does_not_admit_is_told_where(subject):
    if subject.kind == "intacct_rest":
        settings = replace(subject.settings, client_id="stranger")
        words = "client ID"
    else:
        settings = replace(
            subject.settings,
            sender_id=company.STRANGER,
            sender_password=company.STRANGER_PASSWORD,
        )
        words = "Web Services authorizations"

    with pytest.raises(Exception, match=words):
        subject.connect(settings=settings).check()


def test_an_entity_is_worked_in_if_it_is_named(subject):
    everywhere = subject.connect()
    entity = subject.connect(settings=replace(subject.settings, entity="100"))

    assert 0 < entity.count(subject.object) <= everywhere.count(subject.object)


def test_what_is_used_is_what_the_company_is_billed_for(subject):
    connector = subject.connect()
    before = subject.app.company.usage()

    connector.upsert(subject.object, subject.match, subject.rows(7))

    spent = sum(subject.app.company.usage().values()) - sum(before.values())
    assert connector.usage().used >= spent >= 7


def test_a_new_customer_is_printed_by_its_name_unless_something_else_is_given(subject):
    connector = subject.connect()
    folder = "contacts.default" if subject.kind == "intacct_rest" else "DISPLAYCONTACT"
    printed = f"{folder}.{'printAs' if subject.kind == 'intacct_rest' else 'PRINTAS'}"
    rows = [
        subject.row(1),
        {**subject.row(2), printed: "Printed 2"},
        {**subject.row(3), printed: ""},
    ]

    connector.upsert(subject.object, subject.match, rows)

    keys = [row[subject.match] for row in rows]
    found = connector.read_some(subject.object, [printed], subject.match, keys)
    assert {record[subject.match]: record[printed] for record in found} == {
        "T-0001": "Tried 1", "T-0002": "Printed 2", "T-0003": "Tried 3"
    }  # fmt: skip


def test_a_new_customer_without_a_name_is_refused_by_itself(subject):
    rows = [{subject.match: "T-0001"}, subject.row(2)]

    nameless, good = subject.connect().upsert(subject.object, subject.match, rows)

    assert isinstance(nameless.error, RowRejected)
    assert good.created


def test_what_a_customer_refers_to_is_set_and_emptied(subject):
    connector = subject.connect()
    term = subject.others[1]
    there = next(connector.read(subject.object, [term])).records
    name = next(record[term] for record in there if record[term])
    held = []

    for value in (name, None, name, ""):
        connector.upsert(subject.object, subject.match, [{**subject.row(1), term: value}])
        (record,) = connector.read_some(subject.object, [term], subject.match, ["T-0001"])
        held.append(record[term])

    assert held == [name, None, name, None]
