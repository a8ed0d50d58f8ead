"""The pages of CRM mappings: four people, with and without htmx; begun, ordered, scheduled, run."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.ownership import Owner
from crmapp.models import CrmMapping, FeedSource, Run
from crmapp.services import crm_mapping_edits, crm_mappings
from tests.support.feeds import MAPPING, Erp, customer, feed, mapping, source
from tests.support.pages import flat
from tests.support.web import htmx

HEADERS = {"plain": {}, "htmx": htmx("settings-crm-mapping-sources")}
VIEWS = [
    ("GET", "/admin/crm-mappings"),
    ("GET", "/admin/crm-mappings/new"),
    ("GET", "/admin/crm-mappings/{rule}"),
    ("GET", "/admin/crm-mappings/{rule}/state"),
    ("GET", "/admin/crm-mappings/{rule}/sources?source={left}"),
    ("GET", "/admin/crm-mappings/{rule}/sources/{left}/removal"),
    ("GET", "/admin/crm-mappings/{rule}/rules"),
    ("GET", "/admin/crm-mappings/{rule}/versions"),
    ("GET", "/admin/crm-mappings/{rule}/versions/1/restoration"),
    ("POST", "/admin/crm-mappings/{rule}/name"),
    ("POST", "/admin/crm-mappings/{rule}/copies"),
    ("POST", "/admin/crm-mappings/{rule}/schedule"),
    ("POST", "/admin/crm-mappings/{rule}/runs"),
    ("POST", "/admin/crm-mappings/{rule}/sources"),
    ("POST", "/admin/crm-mappings/{rule}/sources/{left}/removal"),
    ("POST", "/admin/crm-mappings/{rule}/rules"),
    ("POST", "/admin/crm-mappings/{rule}/versions/1/restoration"),
]
view = pytest.mark.parametrize("method, address", VIEWS, ids=lambda part: part)
DAILY = {"kind": "daily", "daily": "6:30", "zone": "Europe/Paris", "guard_percent": "30"}


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return HEADERS[request.param]


@pytest.fixture
def erp():
    return Erp([customer(n) for n in range(1, 4)])


@pytest.fixture
def left(make, erp):
    return source(make, erp)


@pytest.fixture
def right(make):
    return source(make, Erp([customer(9)]), "Shop")


@pytest.fixture
def rule(make, left, right):
    return mapping(make, left, right)


def kept(rule):
    session.rollback()
    session.expire_all()
    return session.get_one(CrmMapping, rule)


def order_of(rule):
    return [fed.source_id for fed in Content.from_json(kept(rule).content).sources]


def retired(source_id):
    with unit_of_work():
        session.get_one(FeedSource, source_id).retired_at = session.get_one(
            FeedSource, source_id
        ).created_at


@view
@pytest.mark.parametrize("who", ["alice", "ivan", "mona", "bob", "carol"])
def test_only_those_with_the_right_get_in(make, as_user, rule, left, method, address, headers, who):
    client = as_user(getattr(make, who))
    data = (
        {"version": "1", "name": "Changed", "copy_name": "Copy", **DAILY}
        if method == "POST"
        else None
    )
    place = address.format(rule=rule, left=left)

    answer = client.open(place, method=method, data=data, headers=headers)

    if who in ("alice", "ivan"):
        assert answer.status_code in (200, 303), answer.text
    else:
        assert answer.status_code == 403
        assert "integration.manage" in answer.text
        assert (kept(rule).version, kept(rule).name, kept(rule).daily) == (1, "ERP", None)
        assert session.scalar(select(Run.id)) is None
        assert session.scalars(select(CrmMapping.id)).all() == [rule]


@view
def test_nobody_gets_in_without_signing_in(client, rule, left, method, address, headers):
    answer = client.open(address.format(rule=rule, left=left), method=method, headers=headers)

    assert answer.status_code == (401 if headers else 302)


@pytest.mark.parametrize("method, address", [v for v in VIEWS if v[0] == "POST"])
def test_a_forged_form_changes_nothing(app, alice, rule, left, method, address):
    app.config["WTF_CSRF_ENABLED"] = True
    sent = {"version": "1", "name": "Changed", "copy_name": "Copy", **DAILY}

    answer = alice.post(
        address.format(rule=rule, left=left), data=sent, headers={"X-CSRFToken": "forged"}
    )

    assert answer.status_code == 400
    assert (kept(rule).version, kept(rule).name, kept(rule).daily) == (1, "ERP", None)


@pytest.mark.parametrize(
    "address", ["999", "999/rules", "999/versions", "999/sources/1/removal", "999/state"]
)
def test_what_there_is_not_is_not_found(alice, address):
    assert alice.get(f"/admin/crm-mappings/{address}", headers=htmx()).status_code == 404


def test_without_a_source_a_new_one_leads_to_the_sources(alice):
    assert "No CRM mappings yet" in alice.get("/admin/crm-mappings").text

    page = alice.get("/admin/crm-mappings/new")

    assert "/admin/sources/new" in page.text
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]


def test_a_new_one_goes_on_to_the_fields_of_its_first_source(alice, left):
    asked = {"name": "  ERP  customers ", "source": left}

    answer = alice.get("/admin/crm-mappings/new", query_string=asked)

    assert answer.status_code == 303
    place = f"/admin/crm-mappings/new/sources/{left}?name=ERP+customers"
    assert answer.headers["Location"] == place
    assert session.scalar(select(CrmMapping.id)) is None


@pytest.mark.parametrize(
    "asked, says",
    [
        ({"name": "", "source": "{left}"}, "Enter a name of at most 80 characters."),
        ({"name": "erp", "source": "999"}, "Choose one from the list."),
        ({"name": "a\x07b", "source": "{left}"}, "Enter a name of at most 80 characters."),
        ({"name": "ERP", "source": "{left}"}, "Another CRM mapping has this name."),
    ],
)
def test_a_beginning_that_is_refused_says_why_and_keeps_what_was_typed(
    alice, rule, left, asked, says
):
    asked = {name: value.format(left=left) for name, value in asked.items()}

    answer = alice.get("/admin/crm-mappings/new", query_string=asked)

    assert answer.status_code == 422
    assert says in flat(answer)
    assert 'aria-invalid="true"' in answer.text


def test_the_list_says_how_it_stands_with_each(make, alice, rule, erp):
    crm_mappings.schedule(rule, kind="every", every=15, by=make.alice)
    feed(make, rule)

    text = flat(alice.get("/admin/crm-mappings"))

    assert "Our ERP , Shop Every 15 minutes" in text
    assert "Completed 4 created, 0 updated just now" in text
    assert "Active" in text


def test_a_reading_that_changed_nothing_is_told_though_no_run_is_kept(make, alice, rule):
    feed(make, rule)
    assert feed(make, rule) is None

    assert "nothing had changed" in flat(alice.get("/admin/crm-mappings"))
    assert "nothing had changed" in flat(alice.get(f"/admin/crm-mappings/{rule}"))


def test_a_source_that_is_retired_or_broken_is_marked(make, alice, rule, left, right):
    retired(left)
    with unit_of_work():
        session.get_one(FeedSource, right).problem = {"sentence": "Gone away"}

    listed, page = (flat(alice.get(f"/admin/crm-mappings{end}")) for end in ("", f"/{rule}"))

    assert "Our ERP Retired , Shop Does not work" in listed
    assert "“Our ERP” cannot be read: it is retired" in page
    assert "“Shop” could not be read the last time" in page


def test_the_page_shows_sources_owners_and_the_last_reading(make, alice, left):
    owned = {"phone": Owner.CRM, "name": Owner.BLANK}
    rule = mapping(make, content=Content((FedBy(left, MAPPING, owned),)))

    before = flat(alice.get(f"/admin/crm-mappings/{rule}"))
    feed(make, rule)
    after = flat(alice.get(f"/admin/crm-mappings/{rule}"))

    assert "3 fields · Filled only while empty: 1" in before
    assert "The CRM wins: 1" in before
    assert "Not read yet" in before
    assert "Read just now · 3 rows in whole" in after


def test_the_only_source_cannot_be_moved_or_removed(make, alice, left, headers):
    rule = mapping(make, left)
    page = alice.get(f"/admin/crm-mappings/{rule}").text

    asked = alice.get(f"/admin/crm-mappings/{rule}/sources/{left}/removal", headers=headers)
    answer = alice.post(
        f"/admin/crm-mappings/{rule}/sources/{left}/removal",
        data={"version": "1"},
        headers=headers,
    )

    assert "/removal" not in page
    assert "Earlier:" not in page
    assert "It is the only source" in asked.text
    assert answer.status_code == 422
    assert "The last source stays." in answer.text
    assert order_of(rule) == [left]


@pytest.mark.parametrize("button, of", [("down", "left"), ("up", "right"), ("dropped", "right")])
def test_sources_are_put_in_another_order(alice, rule, left, right, headers, button, of):
    ids = {"left": left, "right": right}
    shown = [right, left] if button == "dropped" else [left, right]
    sent = {"source": shown, "version": "1", button: ids[of]}

    answer = alice.post(f"/admin/crm-mappings/{rule}/sources", data=sent, headers=headers)

    assert answer.status_code == (200 if headers else 303)
    assert order_of(rule) == [right, left]
    assert kept(rule).version == 2
    if headers:
        assert f"stands at place {1 if of == 'right' else 2} of 2" in flat(answer)


def test_an_order_that_was_forged_loses_no_source(alice, rule, left, right):
    sent = {"source": ["x", "999", str(right)], "version": "1"}

    answer = alice.post(f"/admin/crm-mappings/{rule}/sources", data=sent)

    assert answer.status_code == 303
    assert order_of(rule) == [right, left]


def test_who_comes_second_sees_the_order_as_it_is_now(make, alice, rule, left, right, headers):
    crm_mapping_edits.arrange(rule, [right, left], version=1, by=make.alice)
    sent = {"source": [left, right], "version": "1", "down": left}

    answer = alice.post(f"/admin/crm-mappings/{rule}/sources", data=sent, headers=headers)

    assert answer.status_code == 409
    assert "Somebody else changed this CRM mapping meanwhile." in answer.text
    assert 'name="version" value="2"' in answer.text
    assert order_of(rule) == [right, left]


def test_a_retired_source_does_not_hinder_another_order(alice, rule, left, right, headers):
    retired(right)
    sent = {"source": [left, right], "version": "1", "down": left}

    answer = alice.post(f"/admin/crm-mappings/{rule}/sources", data=sent, headers=headers)

    assert answer.status_code == (200 if headers else 303)
    assert order_of(rule) == [right, left]


def test_a_source_is_removed_after_a_question(alice, rule, left, right, headers):
    place = f"/admin/crm-mappings/{rule}/sources/{right}/removal"
    assert "stay linked" in alice.get(place, headers=headers).text

    stale = alice.post(place, data={"version": "9"}, headers=headers)
    answer = alice.post(place, data={"version": "1"}, headers=headers)

    assert stale.status_code == 409
    assert answer.status_code == (200 if headers else 303)
    assert order_of(rule) == [left]
    assert alice.get(place).status_code == 404


def test_a_source_that_is_not_read_yet_is_offered(make, alice, rule, left):
    other = source(make, Erp(), "Depot")
    page = alice.get(f"/admin/crm-mappings/{rule}").text

    chosen = alice.get(f"/admin/crm-mappings/{rule}/sources?source={other}")
    nothing = alice.get(f"/admin/crm-mappings/{rule}/sources?source=999")

    offered = page.partition('<select name="source">')[2].partition("</select>")[0]
    assert re.findall(r">(\w+)</option>", offered) == ["Depot"]
    assert chosen.headers["Location"] == f"/admin/crm-mappings/{rule}/sources/{other}"
    assert nothing.headers["Location"] == f"/admin/crm-mappings/{rule}"


def test_a_name_is_changed_and_makes_no_version(make, alice, rule, left, headers):
    mapping(make, left, name="Other")
    place = f"/admin/crm-mappings/{rule}/name"

    taken = alice.post(place, data={"name": "Other"}, headers=headers)
    empty = alice.post(place, data={"name": " "}, headers=headers)
    answer = alice.post(place, data={"name": "Customers"}, headers=headers)

    assert taken.status_code == empty.status_code == 422
    assert "Another CRM mapping has this name." in taken.text
    assert 'value="Other"' in taken.text
    assert answer.status_code == (200 if headers else 303)
    assert (kept(rule).name, kept(rule).version) == ("Customers", 1)


def test_a_copy_does_the_same_without_the_schedule(make, alice, rule, left, right, headers):
    crm_mappings.schedule(rule, kind="every", every=15, by=make.alice)
    place = f"/admin/crm-mappings/{rule}/copies"

    taken = alice.post(place, data={"copy_name": "ERP"}, headers=headers)
    answer = alice.post(place, data={"copy_name": "Try"}, headers=headers)

    assert taken.status_code == 422
    assert "Another CRM mapping has this name." in taken.text
    assert answer.status_code == (200 if headers else 303)
    copy = session.scalars(select(CrmMapping).where(CrmMapping.name == "Try")).one()
    assert (copy.content, copy.every, copy.version) == (kept(rule).content, None, 1)


def test_what_hinders_a_copy_is_said_in_words(alice, rule, left, headers):
    retired(left)

    answer = alice.post(
        f"/admin/crm-mappings/{rule}/copies", data={"copy_name": "Try"}, headers=headers
    )

    assert answer.status_code == 422
    assert "“Our ERP”: This source is not there any more." in flat(answer)
    assert 'value="Try"' in answer.text
