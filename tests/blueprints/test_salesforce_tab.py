"""The tab with what Salesforce holds of an account, and who sees it and may do what."""

import re

import httpx
import pytest
from sqlalchemy import event, select

from crmapp.db import db, session
from crmapp.models import ExternalIdentity
from crmapp.services import account_details, integrations
from crmapp.services.integrations import Options
from tests.support.pretending import salesforce, show_details
from tests.support.web import htmx

FIELDS = ("CustomerPriority__c", "Phone")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with salesforce(tmp_path_factory.mktemp("salesforce")) as found:
        yield found


@pytest.fixture
def remote(served, make):
    served.well()
    show_details(served.url, FIELDS, by=make.alice)
    yield served
    served.well()


@pytest.fixture
def known(remote):
    (row,) = remote.ask("SELECT Id, Name, AccountNumber FROM Account ORDER BY Name LIMIT 1")
    return row


@pytest.fixture
def account(make, known):
    return make.account(name=known["Name"], number=known["AccountNumber"], owner_id=make.bob.id)


@pytest.fixture
def linked(make, account, known):
    account_details.link(account, known["Id"], by=make.bob)
    return account


def at(account, tail=""):
    return f"/accounts/{account.id}/salesforce{tail}"


@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
@pytest.mark.parametrize("headers", [{}, htmx("div#accounts-salesforce")])
def test_who_sees_the_account_sees_its_details_and_refreshes_them(
    make, as_user, linked, name, headers
):
    client = as_user(getattr(make, name))

    answer = client.post(at(linked, "/refresh"), headers=headers, follow_redirects=True)

    assert answer.status_code == 200
    assert "Customer Priority" in answer.text
    assert "As Salesforce had it" in answer.text
    assert ("<html" in answer.text) is not bool(headers)


def test_a_link_leads_to_the_record_in_salesforce(make, as_user, remote, linked, known):
    page = as_user(make.bob).get(at(linked)).text

    address = f"{remote.url}/lightning/r/Account/{known['Id']}/view"
    assert f'href="{address}"' in page
    assert known["AccountNumber"] in httpx.get(address).text


@pytest.mark.parametrize("path", ["", "?candidates=1"])
def test_who_may_not_see_the_account_sees_nothing_of_it(make, as_user, client, linked, path):
    hidden = make.account(name="Hidden", owner_id=make.mallory.id)

    assert as_user(make.bob).get(at(hidden, path)).status_code == 404
    assert as_user(make.bob).post(at(hidden, "/refresh")).status_code == 404
    assert client.get(at(linked, path)).status_code == 302


def test_candidates_are_offered_and_one_is_linked(make, as_user, account, known):
    client = as_user(make.bob)
    assert "Look for it in Salesforce" in client.get(at(account)).text
    assert known["Name"] in client.get(at(account, "?candidates=1")).text

    answer = client.post(
        at(account, "/link"), data={"external_id": known["Id"]}, follow_redirects=True
    )

    assert "The account is linked" in answer.text
    assert session.scalar(select(ExternalIdentity.external_id)) == known["Id"]
    assert "Customer Priority" in answer.text


def test_a_viewer_can_neither_link_nor_unlink(make, as_user, linked, known):
    client = as_user(make.carol)

    assert client.post(at(linked, "/unlink")).status_code == 403
    assert client.post(at(linked, "/link"), data={"external_id": known["Id"]}).status_code == 403
    assert "Unlink" not in client.get(at(linked)).text


def test_nothing_of_the_details_can_be_written(make, as_user, linked, remote, known):
    client = as_user(make.alice)
    before = remote.account(known["Id"])

    for method in ("post", "put", "patch", "delete"):
        answer = getattr(client, method)(at(linked), data={"Phone": "forged"})
        assert answer.status_code == 405
    client.post(at(linked, "/refresh"), data={"Phone": "forged"})

    assert remote.account(known["Id"]) == before


def test_values_that_were_never_read_are_read_once_the_page_is_there(make, as_user, linked):
    assert 'hx-trigger="load, submit"' in as_user(make.bob).get(at(linked)).text


def test_when_salesforce_is_down_the_page_says_so_beside_the_last_values(
    make, as_user, linked, remote
):
    client = as_user(make.bob)
    client.post(at(linked, "/refresh"))
    remote.fault("unavailable", times=None)

    text = client.post(at(linked, "/refresh"), follow_redirects=True).text

    assert "These are the last known values" in text
    assert "Customer Priority" in text


def facts(text):
    return re.findall(r"<dt>([^<]*)</dt>", text)


def test_each_person_sees_the_details_as_she_has_arranged_them(make, as_user, linked):
    client = as_user(make.bob)
    client.post(at(linked, "/refresh"))
    form = {"field": ["Phone", "CustomerPriority__c"], "shown": list(FIELDS)}

    client.post(at(linked, "/arrangement"), data=form)
    own = client.get(at(linked)).text
    client.post(at(linked, "/arrangement"), data={**form, "shown": ["Phone"]})
    fewer = client.post(at(linked, "/refresh"), headers=htmx("div#accounts-salesforce")).text

    assert facts(own) == ["Account Phone", "Customer Priority"]
    assert facts(fewer) == ["Account Phone"]
    assert "You have hidden 1 detail." in fewer
    assert facts(as_user(make.carol).get(at(linked)).text) == ["Customer Priority", "Account Phone"]


def test_who_has_hidden_all_of_it_finds_the_way_back(make, as_user, linked):
    client = as_user(make.bob)

    client.post(at(linked, "/arrangement"), data={"field": list(FIELDS)})

    text = client.get(at(linked)).text
    assert "You have hidden all details" in text
    assert at(linked, "/arrangement") in text


def test_an_arrangement_costs_the_tab_no_statement(make, as_user, linked, app):
    client = as_user(make.bob)
    client.get(at(linked))
    before = statements(lambda: client.get(at(linked)))

    client.post(at(linked, "/arrangement"), data={"field": list(FIELDS), "shown": ["Phone"]})
    client.get(at(linked))

    assert statements(lambda: client.get(at(linked))) == before


def statements(act):
    """Return what ``act`` asks the database, without the values."""
    asked = []

    def note(_connection, _cursor, statement, *_more):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    act()
    event.remove(db.engine, "before_cursor_execute", note)
    return asked


def test_unticked_the_tab_is_gone(make, as_user, linked):
    client = as_user(make.bob)
    assert at(linked) in client.get(f"/accounts/{linked.id}").text

    integrations.save(Options(False, FIELDS), seen=1, by=make.alice)

    assert at(linked) not in client.get(f"/accounts/{linked.id}").text
    assert client.get(at(linked)).status_code == 404
