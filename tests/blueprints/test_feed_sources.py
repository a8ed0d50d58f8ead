"""The pages of sources: four people, with and without htmx; tested, previewed, changed, retired."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.analytics import snapshots
from crmapp.db import session, unit_of_work
from crmapp.models import FeedFile, FeedSource
from crmapp.services import datasets, feed_sources
from tests.support.pages import flat
from tests.support.web import htmx

HEADERS = {"plain": {}, "htmx": htmx("settings-feed-source-form")}
DIMENSION = {"set_dimension": "sales/customers"}
VIEWS = [
    ("GET", "/admin/sources"),
    ("GET", "/admin/sources/new"),
    ("GET", "/admin/sources/new/dataset"),
    ("POST", "/admin/sources/new/dataset"),
    ("GET", "/admin/sources/{source}"),
    ("POST", "/admin/sources/{source}"),
    ("GET", "/admin/sources/{source}/preview"),
    ("GET", "/admin/sources/{source}/retirement"),
    ("POST", "/admin/sources/{source}/retirement"),
    ("POST", "/admin/sources/{source}/reinstatement"),
    ("POST", "/admin/sources/{source}/files/{file}/again"),
]
view = pytest.mark.parametrize("method, address", VIEWS, ids=lambda part: part)


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return HEADERS[request.param]


def sent(version=0, **more):
    return {"name": "Customers", "version": str(version), "key_column": "code", **DIMENSION, **more}


@pytest.fixture
def source(sales, alice):
    """The number of a source that reads a dimension of a dataset."""
    answer = alice.post("/admin/sources/new/dataset", data=sent())
    assert answer.status_code == 303, answer.text
    source_id = int(answer.headers["Location"].rpartition("/")[2])
    outcome = {"rows": 3, "broken": 1}
    with unit_of_work():
        session.add(
            FeedFile(source_id=source_id, name="a.csv", mark="1", sha256="0a", outcome=outcome)
        )
    return source_id


def kept(source_id):
    session.rollback()
    session.expire_all()
    return session.get_one(FeedSource, source_id)


@view
@pytest.mark.parametrize("who", ["alice", "ivan", "mona", "bob", "carol"])
def test_only_those_with_the_right_get_in(make, as_user, source, method, address, headers, who):
    client = as_user(getattr(make, who))
    data = sent(1, name="Changed") if method == "POST" else None

    answer = client.open(
        address.format(source=source, file=1), method=method, data=data, headers=headers
    )

    if who in ("alice", "ivan"):
        assert answer.status_code in (200, 303), answer.text
    else:
        assert answer.status_code == 403
        assert "integration.manage" in answer.text
        assert kept(source).version == 1


@view
def test_nobody_gets_in_without_signing_in(client, source, method, address, headers):
    answer = client.open(address.format(source=source, file=1), method=method, headers=headers)

    assert answer.status_code == (401 if headers else 302)


@pytest.mark.parametrize("method, address", [v for v in VIEWS if v[0] == "POST"])
def test_a_forged_form_changes_nothing(app, alice, source, method, address):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = alice.post(address.format(source=source, file=1), headers={"X-CSRFToken": "forged"})

    assert answer.status_code == 400
    assert kept(source).version == 1


@pytest.mark.parametrize("address", ["new/fax", "999", "999/preview", "999/retirement"])
def test_what_there_is_not_is_not_found(alice, address):
    assert alice.get(f"/admin/sources/{address}").status_code == 404


def test_a_test_shows_the_rows_and_saves_nothing(sales, alice, headers):
    answer = alice.post(
        "/admin/sources/new/dataset", data=sent(key_column="", then="test"), headers=headers
    )

    assert answer.status_code == 200
    assert "It can be read" in answer.text
    assert "Atelier graphique" in answer.text
    assert '<option selected value="code">' in answer.text
    assert session.scalar(select(FeedSource.id)) is None


def test_what_is_wrong_stands_at_its_field_and_keeps_what_was_typed(sales, alice, headers):
    wrong = sent(name="", company="Acme Ltd", key_column="gone")

    answer = alice.post("/admin/sources/new/dataset", data=wrong, headers=headers)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert 'value="Acme Ltd"' in answer.text
    answer = alice.post("/admin/sources/new/dataset", data={**wrong, "name": "C"}, headers=headers)
    assert answer.status_code == 422
    assert "This column is not there." in answer.text
    assert 'value="Acme Ltd"' in answer.text


def test_a_source_that_cannot_be_opened_is_not_saved_and_says_why(alice, headers):
    answer = alice.post("/admin/sources/new/intacct", data=sent(), headers=headers)

    assert answer.status_code == 422
    assert "There is no connection to this system." in answer.text
    assert session.scalar(select(FeedSource.id)) is None


def test_a_source_is_changed_without_asking_where_nothing_else_is_read(alice, source):
    answer = alice.post(f"/admin/sources/{source}", data=sent(1, name="Ours", company="US"))

    assert answer.status_code == 303
    assert (kept(source).name, kept(source).company, kept(source).version) == ("Ours", "US", 2)


def test_who_comes_second_sees_both_values(alice, source):
    alice.post(f"/admin/sources/{source}", data=sent(1, name="First"))

    answer = alice.post(f"/admin/sources/{source}", data=sent(1, name="Second"))

    assert answer.status_code == 409
    assert "First" in answer.text
    assert 'value="Second"' in answer.text
    taken = {**sent(2, name="Second"), "take.name": "theirs"}
    assert alice.post(f"/admin/sources/{source}", data=taken).status_code == 303
    assert kept(source).name == "First"


def test_a_form_that_is_sent_twice_adds_one_source(sales, alice):
    form = sent(idempotency_key="the same")
    answers = [alice.post("/admin/sources/new/dataset", data=form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.headers["Location"] for answer in answers}) == 1


def test_two_sources_have_two_names(alice, source):
    answer = alice.post("/admin/sources/new/dataset", data=sent())

    assert answer.status_code == 422
    assert "Another source has this name." in answer.text


def test_a_preview_has_ten_rows(alice, source, headers):
    answer = alice.get(f"/admin/sources/{source}/preview", headers=headers)

    assert answer.status_code == 200
    assert answer.text.count("<td>") == 10 * 10
    assert ("<html" in answer.text) is not bool(headers)


def test_a_preview_that_fails_says_why(alice, source):
    snapshots.withdraw(datasets.directory_of("sales"))

    answer = alice.get(f"/admin/sources/{source}/preview")

    assert "has not been loaded yet" in flat(answer)
    assert "Does not work" in alice.get("/admin/sources").text


def test_a_source_that_is_used_is_not_retired_and_says_by_what(alice, source, monkeypatch):
    monkeypatch.setattr(feed_sources, "_USES", [])
    feed_sources.register_use(lambda source_id: ["Customers of the ERP"] * (source_id == source))

    shown = alice.get(f"/admin/sources/{source}/retirement")
    answer = alice.post(f"/admin/sources/{source}/retirement", data={"version": "1"})

    assert "Customers of the ERP" in shown.text
    assert answer.status_code == 409
    assert "It is used by Customers of the ERP." in answer.text
    assert kept(source).retired_at is None


def test_a_file_that_was_picked_up_is_listed_until_it_is_to_be_read_again(alice, source):
    assert "a.csv" in alice.get(f"/admin/sources/{source}").text

    again = alice.post(f"/admin/sources/{source}/files/1/again")

    assert again.status_code == 303
    assert "a.csv" not in alice.get(f"/admin/sources/{source}").text


def test_a_retired_source_comes_back(alice, source):
    assert (
        alice.post(f"/admin/sources/{source}/retirement", data={"version": "1"}).status_code == 303
    )
    assert "Retired" in alice.get("/admin/sources").text

    back = alice.post(f"/admin/sources/{source}/reinstatement", data={"version": "2"})

    assert back.status_code == 303
    assert kept(source).retired_at is None
