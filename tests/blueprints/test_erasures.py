"""An administrator finds a person, takes her data away for her, and erases her by her name."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import AuditEvent, Run
from crmapp.services import runs


@pytest.fixture
def anna(make):
    return make.contact(make.account("North"), "Quint", first_name="Anna", email="aq@n.example")


@pytest.fixture
def desk(as_user, make):
    return as_user(make.alice)


@pytest.mark.parametrize("words", ["quint", "aq@n.example", "Anna Quint"])
def test_she_is_found_by_name_and_address(desk, anna, words):
    answer = desk.get("/admin/erasures", query_string={"q": words})

    assert f"/admin/erasures/contact/{anna.id}" in answer.text


@pytest.mark.parametrize("kind", ["contact", "user"])
@pytest.mark.parametrize("number", ["0", "2147483648", "99999999999999999999"])
def test_a_number_that_nobody_has_is_not_found(desk, kind, number):
    assert desk.get(f"/admin/erasures/{kind}/{number}").status_code == 404
    assert desk.post(f"/admin/erasures/{kind}/{number}", data={}).status_code == 404


def test_people_who_sign_in_are_found_too(desk, make):
    answer = desk.get("/admin/erasures", query_string={"q": make.bob.email})

    assert f"/admin/erasures/user/{make.bob.id}" in answer.text


def test_a_wrong_name_is_kept_and_told_on_the_field(desk, anna):
    answer = desk.post(f"/admin/erasures/contact/{anna.id}", data={"name": "Anna Quark"})

    assert answer.status_code == 422
    assert 'value="Anna Quark"' in answer.text
    assert "Type Anna Quint to erase this person." in answer.text
    assert session.scalars(select(Run)).all() == []


def test_her_name_erases_her_once(desk, anna):
    sent = {"name": "anna quint", "idempotency_key": "one"}
    first = desk.post(f"/admin/erasures/contact/{anna.id}", data=sent)
    again = desk.post(f"/admin/erasures/contact/{anna.id}", data=sent)

    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    run = session.scalars(select(Run)).one()
    runs.work(run.id)
    assert desk.get(first.headers["Location"]).status_code == 200
    assert desk.get(f"/admin/erasures/contact/{anna.id}").status_code == 404
    assert "Quint" not in desk.get("/contacts").text


def test_her_data_comes_as_a_file_and_that_is_noted(desk, make, anna):
    make.activity(anna.account, "Met Anna Quint")

    answer = desk.get(f"/admin/erasures/contact/{anna.id}/data")

    assert answer.json["person"]["email"] == "aq@n.example"
    assert answer.json["places"]["activity"][0]["subject"] == "Met Anna Quint"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert session.scalars(select(AuditEvent).where(AuditEvent.kind == "exported")).one()


def test_secrets_of_a_person_are_not_in_her_data(desk, make):
    answer = desk.get(f"/admin/erasures/user/{make.bob.id}/data")

    assert answer.json["person"]["email"] == make.bob.email
    assert "password" not in answer.json["person"]
