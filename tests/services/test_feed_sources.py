"""Sources of customers are set up, tested, read by key, and retired."""

from __future__ import annotations

import pytest

from crmapp.services import feed_sources
from crmapp.services.feed_sources import Wanted
from tests.support import sales

OURS = {"dimension": "our_sales/customer_no"}


@pytest.fixture
def shop(make):
    """The name of a dimension of customers, as the settings of a source have it."""
    stored = sales.publish(make)
    from crmapp.services import datasets

    found = datasets.get(stored.name)
    return f"{stored.name}/{found.accounts}"


def add(by, dimension, **more):
    wanted = Wanted("Our sales", {"dimension": dimension}, **more)
    found = feed_sources.check("dataset", wanted, by=by)
    assert found.problem is None
    return feed_sources.add("dataset", wanted, found, by=by)


def test_a_dimension_of_a_dataset_is_read_by_its_key(make, shop):
    source_id = add(make.alice, shop)

    with feed_sources.opened(source_id) as reader:
        pages = list(reader.read())
        ids = [key for page in reader.read_ids() for key in page]
        columns = reader.columns("en")

    keys = [key for page in pages for key, _cells in page.rows]
    assert keys == ids == ["0017", "0018"]
    assert reader.identity == (f"feed:{source_id}", shop.partition("/")[2])
    assert (reader.delta, reader.deletions) == (False, True)
    assert "Acme" in [sample for column in columns for sample in column.samples]
