"""Subscriptions: who opens them, and how fields of Salesforce are chosen for accounts."""

import re

import pytest

from crmapp.services import integrations, remote_fields
from crmapp.services.integrations import Options
from tests.support.pretending import connect_intacct, connect_salesforce, pretend
from tests.support.web import htmx

PAGES = ("/admin/subscriptions", "/admin/subscriptions/advanced-crm")
HTMX = htmx("section#settings-details-choice")
OTHER = "/admin/subscriptions/advanced-crm/other"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with (
        pretend("salesforce", tmp_path_factory.mktemp("salesforce")) as salesforce,
        pretend("intacct", tmp_path_factory.mktemp("intacct")) as intacct,
    ):
        yield salesforce, intacct


@pytest.fixture
def connected(served, make):
    salesforce, intacct = served
    salesforce.well()
    connect_salesforce(salesforce.url, by=make.alice)
    connect_intacct(intacct.url, by=make.alice)
    yield salesforce
    salesforce.well()


def chosen(text):
    return re.findall(r'name="field" value="(\w+)"', text)


@pytest.mark.parametrize("path", [*PAGES, OTHER])
@pytest.mark.parametrize(
    "name, status", [("alice", 200), ("ivan", 200), ("bob", 403), ("carol", 403), (None, 302)]
)
def test_admins_and_implementers_open_it(make, as_user, client, path, name, status):
    visitor = as_user(getattr(make, name)) if name else client

    assert visitor.get(path).status_code == status


@pytest.mark.parametrize("name", ["bob", "carol"])
def test_others_change_nothing(make, as_user, name):
    client = as_user(getattr(make, name))

    assert client.post(OTHER, data={"version": "0", "show": "on"}).status_code == 403
    path = "/admin/subscriptions/advanced-crm/versions/1/restoration"
    assert client.post(path, data={"version": "0"}).status_code == 403
    assert client.get(path).status_code == 403
    assert integrations.version() == 0


def test_before_both_are_connected_the_page_leads_to_the_connections(make, as_user):
    text = as_user(make.alice).get(OTHER).text

    assert "/admin/connections/salesforce" in text
    assert "/admin/connections/intacct" in text
    assert 'name="show"' not in text


def test_fields_are_read_searched_chosen_and_saved(make, as_user, connected):
    client = as_user(make.alice)
    client.post(OTHER, data={"version": "0"})
    words = {"version": "0", "q": "priority", "find": "1"}
    found = client.post(OTHER, data=words, follow_redirects=True).text
    assert re.findall(r'name="add" value="(\w+)"', found) == ["CustomerPriority__c"]

    form = {"version": "0", "show": "on", "add": ["CustomerPriority__c", "OwnerId"]}
    answer = client.post(OTHER, data=form, follow_redirects=True)

    assert "The choice is saved" in answer.text
    assert chosen(answer.text) == ["CustomerPriority__c", "OwnerId"]
    assert integrations.options() == Options(True, ("CustomerPriority__c", "OwnerId"))


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_button_moves_or_removes_a_field_and_saves_nothing(make, as_user, connected, headers):
    remote_fields.read_anew()
    form = {"version": "0", "field": ["OwnerId", "Phone", "Site"]}
    client = as_user(make.alice)

    def press(**button):
        sent = {**form, **button}
        return client.post(OTHER, data=sent, headers=headers, follow_redirects=True)

    up, gone = press(up="Phone"), press(remove="OwnerId")

    assert chosen(up.text) == ["Phone", "OwnerId", "Site"]
    assert "Phone stands at place 1 of 3." in up.text
    assert chosen(gone.text) == ["Phone", "Site"]
    assert "Not saved yet" in up.text
    assert ("<html" in up.text) is not bool(headers)
    assert integrations.version() == 0


def test_a_row_that_was_dropped_says_where_it_stands_and_saves_nothing(make, as_user, connected):
    remote_fields.read_anew()
    form = {"version": "0", "field": ["Site", "Phone", "OwnerId"], "dropped": "OwnerId"}

    answer = as_user(make.alice).post(OTHER, data=form, headers=HTMX)

    assert chosen(answer.text) == ["Site", "Phone", "OwnerId"]
    assert "Owner stands at place 3 of 3. Not saved yet" in answer.text
    assert integrations.version() == 0


def test_a_choice_that_is_not_saved_has_an_address_that_back_leads_to(make, as_user, connected):
    remote_fields.read_anew()
    client = as_user(make.alice)
    form = {"version": "0", "show": "on", "field": ["OwnerId", "Phone"], "down": "OwnerId"}

    answer = client.post(OTHER, data=form)
    again = client.get(answer.location)

    assert answer.status_code == 303
    assert "csrf" not in answer.location
    assert chosen(again.text) == ["Phone", "OwnerId"]
    assert "checked" in re.search(r'<input[^>]*name="show"[^>]*>', again.text)[0]
    assert "Not saved yet" in again.text


def test_a_choice_too_long_for_an_address_is_answered_at_once(make, as_user, connected):
    remote_fields.read_anew()
    form = {"version": "0", "q": "x" * 3000, "field": ["Phone", "Site"], "find": "1"}

    answer = as_user(make.alice).post(OTHER, data=form)

    assert answer.status_code == 200
    assert chosen(answer.text) == ["Phone", "Site"]


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    "form, lost",
    [
        ({"show": "on", "field": ["Phone", "Fax"]}, ["Taken away", "Site", "Added", "Fax"]),
        ({"field": ["Site", "Phone"]}, ["is gone from every account"]),
    ],
)
def test_what_takes_something_from_everybody_is_shown_before_it_is_saved(
    make, as_user, connected, headers, form, lost
):
    remote_fields.read_anew()
    integrations.save(Options(True, ("Site", "Phone")), seen=0, by=make.alice)
    client = as_user(make.alice)

    asked = client.post(
        OTHER, data={"version": "1", **form}, headers=headers, follow_redirects=True
    ).text
    assert [words for words in lost if words not in asked] == []
    assert chosen(asked) == form["field"]
    assert integrations.version() == 1

    client.post(OTHER, data={"version": "1", **form, "sure": "1"}, headers=headers)

    assert integrations.options() == Options("show" in form, tuple(form["field"]))


def test_what_only_adds_or_moves_is_saved_without_a_question(make, as_user, connected):
    remote_fields.read_anew()
    integrations.save(Options(True, ("Site", "Phone")), seen=0, by=make.alice)
    form = {"version": "1", "show": "on", "field": ["Phone", "Site"], "add": ["Fax"]}

    as_user(make.alice).post(OTHER, data=form)

    assert integrations.options() == Options(True, ("Phone", "Site", "Fax"))


def test_from_the_question_a_way_leads_back_to_the_choice(make, as_user, connected):
    remote_fields.read_anew()
    integrations.save(Options(True, ("Site", "Phone")), seen=0, by=make.alice)
    form = {"version": "1", "show": "on", "field": ["Phone"], "find": "1"}

    text = as_user(make.alice).post(OTHER, data=form, follow_redirects=True).text

    assert 'name="sure"' not in text
    assert chosen(text) == ["Phone"]
    assert "Not saved yet" in text


def test_somebody_who_was_quicker_comes_before_the_question(make, as_user, connected):
    remote_fields.read_anew()
    integrations.save(Options(True, ("Site", "Phone")), seen=0, by=make.alice)

    answer = as_user(make.alice).post(OTHER, data={"version": "0", "field": ["Phone"]})

    assert answer.status_code == 409
    assert 'name="sure"' not in answer.text


def test_a_field_that_salesforce_does_not_have_cannot_be_chosen(make, as_user, connected):
    remote_fields.read_anew()
    form = {"version": "0", "field": ["Nonsense__c", "Id FROM User--", "Phone"]}

    as_user(make.alice).post(OTHER, data=form)

    assert integrations.options().detail_fields == ("Phone",)


def test_what_salesforce_changed_is_told_and_a_chosen_field_that_is_gone_stays_visible(
    make, as_user, connected
):
    client = as_user(make.alice)
    remote_fields.read_anew()
    integrations.save(Options(True, ("SLA__c", "Phone")), seen=0, by=make.alice)
    connected.fault("field_vanished", object="Account", field="SLA__c", times=None)

    form = {"version": "1", "show": "on", "field": ["SLA__c", "Phone"]}
    text = client.post(OTHER, data=form, follow_redirects=True).text

    assert "Gone: SLA" in text
    assert "not in Salesforce any more" in text
    assert chosen(text) == ["SLA__c", "Phone"]


def test_the_choice_is_saved_though_salesforce_is_down(make, as_user, connected):
    remote_fields.read_anew()
    connected.fault("unavailable", times=None)
    form = {"version": "0", "show": "on", "field": ["Phone"]}

    text = as_user(make.alice).post(OTHER, data=form, follow_redirects=True).text

    assert "could not be read anew" in text
    assert integrations.options() == Options(True, ("Phone",))


def test_who_looked_at_an_older_version_is_told_and_keeps_her_choice(make, as_user, connected):
    remote_fields.read_anew()
    integrations.save(Options(True, ("Site",)), seen=0, by=make.alice)

    answer = as_user(make.alice).post(OTHER, data={"version": "0", "field": ["Phone"]})

    assert answer.status_code == 409
    assert chosen(answer.text) == ["Phone"]
    assert "Your choice stands below" in answer.text
    assert 'name="version" value="1"' in answer.text
    assert integrations.options().detail_fields == ("Site",)


def test_enter_in_the_search_box_searches_and_saves_nothing(make, as_user, connected):
    remote_fields.read_anew()
    page = as_user(make.alice).get(OTHER).text
    form = page[page.index('id="settings-details-choice"') :]

    first = re.search(r"<button[^>]*>", form)[0]  # the one that Enter presses

    assert 'name="find"' in first


def test_an_earlier_version_is_taken_back(make, as_user, connected):
    remote_fields.read_anew()
    integrations.save(Options(True, ("Site",)), seen=0, by=make.alice)
    integrations.save(Options(False, ("Phone",)), seen=1, by=make.alice)
    client = as_user(make.alice)
    path = "/admin/subscriptions/advanced-crm/versions/1/restoration"
    assert f'href="{path}"' in client.get(OTHER).text
    asked = client.get(path).text
    assert re.findall(r'mono">(\w+)<', asked) == ["Phone", "Site"]  # away, and back again

    answer = client.post(path, data={"version": "2"}, follow_redirects=True)

    assert "Version 1 is in force again" in answer.text
    assert integrations.options() == Options(True, ("Site",))
