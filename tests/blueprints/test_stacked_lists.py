"""Lists of many columns stand one cell below another on a phone: each says what it is."""

from __future__ import annotations

import re

import pytest

from crmapp.db import session, unit_of_work
from crmapp.models import FeedSource
from tests.support.feeds import Erp, customer, feed, mapping, source
from tests.support.sales import draft


@pytest.fixture
def lists(make):
    """A source and a run that are listed."""
    source_id = source(make, Erp([customer(1)]))
    feed(make, mapping(make, source_id))
    with unit_of_work():
        row = session.get_one(FeedSource, source_id)
        row.kind, row.found = "sql", {"count": 1}


@pytest.mark.parametrize("path", ["/runs", "/runs/1", "/admin/sources", "/admin/crm-mappings/1"])
def test_each_cell_has_the_heading_of_its_column(as_user, make, lists, path):
    page = as_user(make.alice).get(path).text

    region = re.search(r'<div class="grid [^"]*\bstacked\b.*?</table>', page, re.DOTALL)
    assert region is not None
    heads, body = region[0].split("<tbody>")
    headings = [head.strip() for head in re.findall(r"<th[^>]*>([^<]*)</th>", heads)]
    assert re.findall(r'<td[^>]* data-label="([^"]*)"', body) == headings[1:]
    assert body.count("<td") == len(headings[1:])


def test_each_cell_of_the_columns_of_a_database_says_what_it_is(as_user, make):
    dataset_id = draft(make.alice)

    page = as_user(make.alice).get(f"/databases/{dataset_id}/columns").text

    region = re.search(r'<div class="grid fit stacked" [^>]*region.*?</table>', page, re.DOTALL)
    assert region is not None
    cells = re.findall(r"<td[^>]*>", region[0])
    assert cells
    assert [cell for cell in cells if "data-label" not in cell] == []


@pytest.mark.parametrize("page, label", [("columns", "First rows"), ("preview", "Customers")])
def test_each_cell_of_a_table_from_outside_says_what_it_is(as_user, make, page, label):
    dataset_id = draft(make.alice)

    text = as_user(make.alice).get(f"/databases/{dataset_id}/{page}").text

    region = re.search(
        rf'<div class="grid fit stacked" [^>]*aria-label="{label}".*?</table>', text, re.DOTALL
    )
    assert region is not None
    cells = re.findall(r"<td[^>]*>", region[0])
    assert cells
    assert [cell for cell in cells if "data-label" not in cell] == []


def test_each_right_says_whose_it_is(as_user, make):
    page = as_user(make.alice).get("/admin/users").text

    rights = page.partition('aria-label="What each role may do"')[2].partition("<tbody>")[2]
    labels = re.findall(r'<td data-label="([^"]*)"', rights.partition("</tr>")[0])
    assert labels == [
        "Administrator", "Implementer", "Sales manager", "Sales representative", "Viewer",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/admin/users",
        "/admin/pick-lists/terms",
        "/admin/pick-lists",
        "/admin/datasets",
        "/admin/fields",
    ],
)
def test_each_cell_but_that_of_actions_says_what_it_is(as_user, make, path):
    make.value("terms", "net30")
    make.field("Region")

    page = as_user(make.alice).get(path).text

    region = re.search(r'<div class="grid [^"]*\bstacked\b.*?</table>', page, re.DOTALL)
    assert region is not None
    cells = re.findall(r"<td[^>]*>", region[0])
    assert cells
    assert [cell for cell in cells if "data-label" not in cell and "row-actions" not in cell] == []
