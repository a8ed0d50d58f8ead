"""The pages of a database that is read from an SQL database."""

from __future__ import annotations

import re

import pytest

from tests.services.test_database_queries import QUERY, erp, made  # noqa: F401  (a fixture)


@pytest.fixture
def alice(make, as_user):
    return as_user(make.alice)


@pytest.mark.usefixtures("erp")
def test_a_query_leads_to_columns_and_preview(alice):
    new = alice.get("/databases/new").text
    sent = {"connection": "erp", "title": "ERP sales", "query": QUERY}

    to_columns = alice.post("/databases/queries", data=sent)
    columns = alice.get(to_columns.location).text

    assert '<option value="erp">' in new
    assert "ERP sales" in columns
    assert QUERY in columns
    assert "0017" in columns


@pytest.mark.usefixtures("erp")
def test_what_is_wrong_stands_on_the_field_and_nothing_typed_is_lost(alice):
    sent = {"connection": "erp", "title": "My title", "query": "DROP TABLE lines"}

    answer = alice.post("/databases/queries", data=sent)

    assert answer.status_code == 422
    assert "Write one query that reads" in answer.text
    assert "DROP TABLE lines" in answer.text
    assert "My title" in answer.text


def test_without_a_named_database_nothing_is_offered(alice):
    assert "databases-query" not in alice.get("/databases/new").text
    assert alice.post("/databases/queries", data={"query": QUERY}).status_code == 422


def test_its_page_shows_the_query_and_offers_no_file(make, alice, erp):  # noqa: F811
    stored, _run = made(make)
    page = alice.get(f"/databases/{stored.id}").text

    assert QUERY in page
    assert "databases-more" not in page
    assert "sqlite:///" not in page
    answer = alice.post(f"/databases/{stored.id}/query", data={"query": "SELECT 1 FROM nowhere"})
    assert answer.status_code == 422
    assert "no such table" in answer.text
    again = alice.post(f"/databases/{stored.id}/query", data={"query": f"{QUERY} LIMIT 2"})
    assert again.status_code == 303
    assert re.search(r"LIMIT 2\s*</textarea>", alice.get(again.location).text)


def test_a_database_with_a_single_dimension_has_a_grid_too(make, alice, erp):  # noqa: F811
    stored, _run = made(make)
    grid = f"/analytics/{stored.name}/customers"

    assert alice.get(grid).status_code == 200
    assert alice.get(f"{grid}?across=customers").status_code == 422
