from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.connectors.sandbox.salesforce.conftest import error


def since(api, what, start, end=timedelta(minutes=2)):
    now = datetime.now(UTC)
    moments = {
        "start": (now + start).isoformat().replace("+00:00", "Z"),
        "end": (now + end).isoformat().replace("+00:00", "Z"),
    }
    return api.get(f"/sobjects/Account/{what}/", params=moments)


HOUR = timedelta(hours=-1)


def test_what_was_changed_and_deleted_is_told_apart(api):
    kept, gone = api.create(Name="Kept"), api.create(Name="Gone")
    api.delete(f"/sobjects/Account/{gone}")

    updated = since(api, "updated", HOUR).json()
    deleted = since(api, "deleted", HOUR).json()

    assert kept in updated["ids"]
    assert gone not in updated["ids"]
    assert len(updated["ids"]) == 93
    assert [each["id"] for each in deleted["deletedRecords"]] == [gone]
    assert deleted["deletedRecords"][0]["deletedDate"].endswith(".000+0000")
    assert deleted.keys() == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}
    assert updated.keys() == {"ids", "latestDateCovered"}


def test_what_happened_before_is_not_told(api):
    api.fault("wrong_clock", seconds=-3 * 3600, times=1)
    old = api.create(Name="Old")

    assert old not in since(api, "updated", HOUR).json()["ids"]
    assert old in since(api, "updated", 4 * HOUR).json()["ids"]


@pytest.mark.parametrize(
    "what, start, end",
    [
        ("updated", timedelta(days=-31), timedelta()),
        ("deleted", timedelta(days=-16), timedelta()),
        ("updated", timedelta(hours=-1), timedelta(hours=-2)),
    ],
)
def test_a_span_that_is_too_long_or_upside_down_is_refused(api, what, start, end):
    assert error(since(api, what, start, end)) == (400, "INVALID_REPLICATION_DATE")


def test_a_span_needs_both_ends(api):
    assert api.get("/sobjects/Account/updated?start=2026-01-01T00:00:00Z").status_code == 400
