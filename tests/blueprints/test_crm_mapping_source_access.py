"""The page of one source of a CRM mapping: four people, with and without htmx."""

from __future__ import annotations

import pytest

from crmapp.db import session
from crmapp.models import CrmMapping
from tests.support import feeds as made
from tests.support.feeds import Erp, customer
from tests.support.web import htmx

WAYS = pytest.mark.parametrize(
    "headers", [{}, htmx("settings-crm-mapping-source")], ids=["plain", "htmx"]
)
VIEWS = [
    ("GET", "/admin/crm-mappings/new/sources/{second}"),
    ("POST", "/admin/crm-mappings/new/sources/{second}"),
    ("POST", "/admin/crm-mappings/new/sources/{second}/samples"),
    ("GET", "/admin/crm-mappings/{mapping}/sources/{first}"),
    ("GET", "/admin/crm-mappings/{mapping}/sources/{second}"),
    ("POST", "/admin/crm-mappings/{mapping}/sources/{first}"),
    ("POST", "/admin/crm-mappings/{mapping}/sources/{second}"),
    ("POST", "/admin/crm-mappings/{mapping}/sources/{first}/samples"),
]
view = pytest.mark.parametrize("method, address", VIEWS, ids=lambda part: part)
SENT = {"name": "name", "number": "code", "version": "1", "mapping_name": "Customers"}


@pytest.fixture
def place(make):
    """A CRM mapping of a first source, and a second one that it does not read."""
    first = made.source(make, Erp([customer(1)]))
    second = made.source(make, Erp([customer(2)]), "Shop")
    return {"first": first, "second": second, "mapping": made.mapping(make, first)}


def version(place):
    session.rollback()
    return session.get_one(CrmMapping, place["mapping"]).version


@view
@WAYS
@pytest.mark.parametrize("who", ["alice", "ivan", "mona", "bob", "carol"])
def test_only_those_with_the_right_get_in(make, as_user, place, method, address, headers, who):
    client, data = as_user(getattr(make, who)), SENT if method == "POST" else None

    answer = client.open(address.format(**place), method=method, data=data, headers=headers)

    if who in ("alice", "ivan"):
        assert answer.status_code in (200, 303), answer.text
    else:
        assert answer.status_code == 403
        assert "integration.manage" in answer.text
        assert version(place) == 1


@view
@WAYS
def test_nobody_gets_in_without_signing_in(client, place, method, address, headers):
    answer = client.open(address.format(**place), method=method, headers=headers)

    assert answer.status_code == (401 if headers else 302)


@pytest.mark.parametrize("method, address", [v for v in VIEWS if v[0] == "POST"])
def test_a_forged_form_changes_nothing(app, alice, place, method, address):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = alice.post(address.format(**place), data=SENT, headers={"X-CSRFToken": "forged"})

    assert answer.status_code == 400
    assert version(place) == 1


@pytest.mark.parametrize(
    "address", ["new/sources/999", "999/sources/{first}", "{mapping}/sources/999"]
)
def test_what_there_is_not_is_not_found(alice, place, address):
    there = f"/admin/crm-mappings/{address.format(**place)}"

    assert alice.get(there).status_code == 404
    assert alice.post(there, data=SENT).status_code == 404
