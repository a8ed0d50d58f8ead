"""Sources of customers are set up, tested, read by key, and retired."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from crmapp import config
from crmapp.config import Settings
from crmapp.connectors.errors import ConfigBroken
from crmapp.errors import Invalid
from crmapp.models import FeedSource
from crmapp.services import datasets, feed_checks, feed_kinds, feed_sources
from crmapp.services.feed_checks import Wanted
from tests.support import sales


@pytest.fixture
def shop(make):
    """The name of a dimension of customers, as the settings of a source have it."""
    stored = sales.publish(make)
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


@pytest.fixture
def erp(settings, tmp_path):
    """The address of an SQLite database that the operator lets sources read."""
    folder = tmp_path / "erp"
    folder.mkdir()
    values = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    config.use(Settings(**{**values, "source_folders": (folder,)}))
    with closing(sqlite3.connect(folder / "erp.db")) as there, there:
        there.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, no TEXT, name TEXT, co TEXT)")
        rows = [(1, "C1", "Acme", "US"), (2, "C1", "Acme France", "FR"), (3, "", "Nobody", "US")]
        there.executemany("INSERT INTO customer VALUES (?, ?, ?, ?)", rows)
    yield f"sqlite:///{folder / 'erp.db'}"
    config.use(settings)


def sql(url, **more):
    typed = {"url": url, "table": "customer"}
    return Wanted("ERP", {**typed, **more.pop("typed", {})}, **more)


def test_a_table_is_read_by_the_column_that_is_chosen_once_for_each_company(make, erp):
    wanted = sql(erp, key_column="no", company_column="co")
    seen = feed_sources.check("sql", wanted, by=make.alice)
    source_id = feed_sources.add("sql", wanted, seen, by=make.alice)

    with feed_sources.opened(source_id, ["name"]) as reader:
        rows = [row for page in reader.read() for row in page.rows]
        ids = [key for page in reader.read_ids() for key in page]

    found_names = {key: cells["name"] for key, cells in rows}
    assert found_names == {"US/C1": "Acme", "FR/C1": "Acme France", "": "Nobody"}
    assert sorted(ids) == ["FR/C1", "US/C1"]
    assert seen.count == 3


def test_a_test_without_a_table_says_which_there_are(make, erp):
    found = feed_sources.check("sql", sql(erp, typed={"table": ""}), by=make.alice)

    assert [each.name for each in found.objects] == ["customer"]
    with pytest.raises(Invalid) as refused:
        feed_sources.add("sql", sql(erp, typed={"table": ""}), found, by=make.alice)
    assert "table" in refused.value.fields


def test_a_table_that_is_gone_is_named_and_noted(make, erp):
    wanted = sql(erp)
    found = feed_sources.check("sql", wanted, by=make.alice)
    source_id = feed_sources.add("sql", wanted, found, by=make.alice)
    with closing(sqlite3.connect(erp.removeprefix("sqlite:///"))) as there, there:
        there.execute("DROP TABLE customer")

    with pytest.raises(ConfigBroken, match="customer"), feed_sources.opened(source_id) as reader:
        list(reader.read())

    source = make.again(FeedSource, source_id)
    assert source.problem["kind"] == "field"
    assert feed_sources.state_of(source) == "problem"


def test_a_password_in_the_address_is_sealed(make, erp):
    wanted = sql("postgresql://reader:s3cret@127.0.0.1/erp")

    told = feed_checks.told(feed_kinds.of("sql"), wanted, None)

    assert told.secrets == {"password": "s3cret"}
    assert "s3cret" not in repr(told)
    assert "s3cret" not in repr(wanted)
