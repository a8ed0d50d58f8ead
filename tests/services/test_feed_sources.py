"""Sources of customers are set up, tested, read by key, and retired."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from crmapp import config
from crmapp.connectors.errors import ConfigBroken
from crmapp.db import session, unit_of_work
from crmapp.errors import Invalid, NotFound, SecretsLost
from crmapp.models import FeedSource
from crmapp.services import datasets, feed_checks, feed_kinds, feed_sources, key_rotation, vault
from crmapp.services.feed_checks import Wanted
from tests.support import sales
from tests.support.connections import connect, salesforce, xml


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
    config.use(replace(settings, source_folders=(folder,)))
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


def test_of_a_view_without_a_key_the_columns_are_shown_and_with_one_the_rows(make, erp):
    with closing(sqlite3.connect(erp.removeprefix("sqlite:///"))) as there, there:
        there.execute("CREATE VIEW seen AS SELECT no, name FROM customer")
    view = {"table": "seen"}

    keyless = feed_sources.check("sql", sql(erp, typed=view), by=make.alice)
    keyed = feed_sources.check("sql", sql(erp, typed=view, key_column="no"), by=make.alice)

    assert [each.name for each in keyless.columns] == ["no", "name"]
    assert (keyless.key, keyless.sample) == ("", None)
    assert len(keyed.sample.rows) == 3
    with pytest.raises(Invalid) as refused:
        feed_sources.add("sql", sql(erp, typed=view), keyless, by=make.alice)
    assert list(refused.value.fields) == ["key_column"]


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


@pytest.fixture
def kept(make):
    """A source of a database that asks for a password, which is kept."""
    source = FeedSource(name="ERP", kind="sql", object="customer", key_column="id")
    source.settings = {"url": "postgresql+psycopg://reader@erp.example/erp", "table": "customer"}
    source.secrets = vault.seal({"password": "s3cret"})
    with unit_of_work():
        session.add(source)
    return source


@pytest.mark.parametrize(
    "typed, secrets",
    [
        ({}, {"password": "s3cret"}),
        ({"table": "other"}, {"password": "s3cret"}),
        ({"password": "new"}, {"password": "new"}),
        ({"url": "postgresql+psycopg://reader@elsewhere.example/erp"}, {}),
    ],
)
def test_a_secret_stays_where_it_is_sent_to(kept, typed, secrets):
    wanted = Wanted("ERP", {**kept.settings, **typed})

    assert feed_checks.told(feed_kinds.of("sql"), wanted, kept).secrets == secrets


def test_secrets_of_sources_are_encrypted_with_the_new_key(make, kept):
    assert key_rotation.rotate().done == ("ERP",)
    assert key_rotation.drop_old().done == ("ERP",)

    assert vault.unseal(make.again(FeedSource, kept.id).secrets) == {"password": "s3cret"}


def test_a_source_whose_secrets_are_lost_says_so(make, kept):
    vault.put([vault.new_key()])

    assert feed_sources.state_of(make.again(FeedSource, kept.id)) == "lost"
    with pytest.raises(SecretsLost), feed_sources.opened(kept.id):
        pass


def test_a_source_is_not_opened_inside_a_transaction_nor_when_it_is_retired(make, kept):
    with pytest.raises(RuntimeError), unit_of_work(), feed_sources.opened(kept.id):
        pass

    feed_sources.retire(kept.id, version=1, by=make.alice)

    with pytest.raises(NotFound), feed_sources.opened(kept.id):
        pass


def test_customers_of_intacct_and_accounts_of_salesforce_are_read(make, intacct, org):
    connect("intacct", xml(intacct), by=make.alice)
    connect("salesforce", salesforce(org), by=make.alice)
    for kind, object_ in (("intacct", "customer"), ("salesforce", "Account")):
        wanted = Wanted(kind, {})
        seen = feed_sources.check(kind, wanted, by=make.alice)
        source_id = feed_sources.add(kind, wanted, seen, by=make.alice)

        with feed_sources.opened(source_id) as reader:
            pages = list(reader.read())
            ids = [key for page in reader.read_ids() for key in page]
            later = list(reader.read(pages[-1].cursor))

        keys = [key for page in pages for key, _cells in page.rows]
        assert len(keys) == seen.count > 0
        assert sorted(keys) == sorted(ids)
        assert reader.identity == (f"feed:{source_id}", object_)
        assert reader.delta
        assert sum(len(page.rows) for page in later) <= len(keys)


TRYTON = {"database": "erp", "user": "crmapp", "password": "s3cret", "customers": "all"}


@pytest.mark.parametrize("hosts, kind", [((), "instance"), (("127.0.0.0/8",), "network")])
def test_a_private_host_is_asked_only_if_the_operator_names_it(make, settings, hosts, kind):
    config.use(replace(settings, source_hosts=hosts))
    wanted = Wanted("Tryton", {**TRYTON, "url": "https://127.0.0.1:1"})

    found = feed_sources.check("tryton", wanted, by=make.alice)

    assert found.problem.kind == kind
    config.use(settings)


def test_only_parties_of_a_category_need_its_name(make):
    wanted = Wanted("Tryton", {**TRYTON, "url": "https://erp.example", "customers": "category"})

    with pytest.raises(Invalid) as refused:
        feed_sources.check("tryton", wanted, by=make.alice)

    assert list(refused.value.fields) == ["category"]
