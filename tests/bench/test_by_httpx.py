"""What is done by hand with ``httpx`` is what the connectors and a resync do."""

from __future__ import annotations

import pytest

from bench import calls, delta, list_sync
from bench.by_httpx import BareSalesforce
from bench.pretended import SYSTEMS, Pretended
from crmapp.domain.managed_lists import MANAGED_LISTS, VALUE_ID
from tests.support.connections import pretended


@pytest.fixture
def peers(tmp_path):
    with (
        pretended("salesforce", tmp_path / "salesforce") as salesforce,
        pretended("intacct", tmp_path / "intacct") as intacct,
    ):
        yield Pretended(salesforce, intacct)


@pytest.mark.parametrize("kind", SYSTEMS)
def test_both_read_the_same_number_of_changed_records(peers, kind):
    ours, raw = delta.compared(kind, peers, rows=30, times=1)

    assert len(ours.wall) == len(raw.wall) == 1


@pytest.mark.parametrize("kind", SYSTEMS)
def test_every_line_says_how_many_requests_are_least(peers, kind):
    found = list(calls.counted(kind, peers, 20))

    assert all("requests" in each.ours for each in found)
    changed = [each for each in found if each.aim and "new" not in each.what]
    assert {each.verdict for each in changed} == {"met"}


def test_values_are_written_by_hand_once(peers):
    there = MANAGED_LISTS[list_sync.BY_HAND].salesforce_object
    before = list_sync.by_hand(peers)
    peers.grow_intacct(MANAGED_LISTS[list_sync.LIST].xml_object, 12)

    read = list_sync.by_hand(peers)

    assert read == before + 12
    with BareSalesforce(peers.salesforce) as salesforce:
        keys = [row[VALUE_ID] for row in salesforce.read(there, (VALUE_ID,))]
    assert len({key for key in keys if key.startswith("Z")}) == 12
    assert len(keys) == len(set(keys))
