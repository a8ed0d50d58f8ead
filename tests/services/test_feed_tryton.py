"""The parties of a real Tryton are a source: tested, read by key, and what changed alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmapp import config
from crmapp.services import feed_sources
from crmapp.services.feed_checks import Wanted
from tests.support.tryton import PASSWORD, USER, TrytonServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with TrytonServer(tmp_path_factory.mktemp("tryton")) as server:
        yield server


@pytest.fixture
def erp(server, settings):
    config.use(replace(settings, source_hosts=("127.0.0.1",)))
    with server.erp() as erp:
        yield erp
    config.use(settings)


def wanted(erp, **more):
    signing_in = {"database": erp.database, "user": USER, "password": PASSWORD}
    return Wanted("Tryton", {"url": erp.url, "customers": "all", **signing_in, **more})


def test_a_customer_of_tryton_is_read_and_read_again_when_it_changes(make, erp):
    ids = erp.create("party.party", {"name": "Acme"}, {"name": "Brown"})
    found = feed_sources.check("tryton", wanted(erp), by=make.alice)
    assert found.problem is None
    source_id = feed_sources.add("tryton", wanted(erp), found, by=make.alice)

    with feed_sources.opened(source_id, ["name"]) as reader:
        first = list(reader.read())
        erp.write("party.party", ids[0], name="Acme Ltd")
        later = [row for page in reader.read(first[-1].cursor) for row in page.rows]
        gone = [key for page in reader.read_ids() for key in page]

    names = {key: cells["name"] for page in first for key, cells in page.rows}
    assert (names[str(ids[0])], names[str(ids[1])]) == ("Acme", "Brown")
    assert dict(later)[str(ids[0])]["name"] == "Acme Ltd"
    assert set(gone) == set(names)
    assert reader.identity == (f"feed:{source_id}", "party.party")


def test_a_wrong_password_and_a_database_that_there_is_not_are_told_apart(make, erp):
    found = feed_sources.check("tryton", wanted(erp, password="wrong"), by=make.alice)
    assert found.problem.kind == "credentials"

    found = feed_sources.check("tryton", wanted(erp, database="nowhere"), by=make.alice)
    assert found.problem.kind != "credentials"
    assert "nowhere" in str(found.problem.sentence)
