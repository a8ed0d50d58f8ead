"""Many rows by a job of the pretend Salesforce, whatever goes wrong on the way."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from crmapp.connectors.errors import ConfigBroken, ConnectorError, QuotaExceeded, Retryable
from crmapp.connectors.salesforce.bulk import PATIENCE, Forgetful, Pace
from crmapp.connectors.sandbox.faults import Kind
from tests.connectors.subjects import serving

COUNT = 2001


@pytest.fixture
def org(tmp_path):
    with serving("salesforce", tmp_path) as subject:
        yield subject


def patient(org, **more):
    """Connect so that waiting for a job takes a tenth of its time."""
    return org.connect(pause=lambda seconds: time.sleep(seconds / 10), **more)


def written(org, connector, rows):
    """Write rows as a caller does: it comes again as long as it is told to."""
    for _ in range(50):
        with suppress(Retryable, QuotaExceeded):
            return connector.upsert(org.object, org.match, rows)
    raise AssertionError("the job was never done")


def jobs_opened(org):
    posts = [each for each in org.log if each.method == "POST" and "jobs/ingest" in each.path]
    return len([each for each in posts if each.status in (200, 201)])


def test_rows_come_back_in_their_order(org):
    connector = patient(org)
    rows = org.rows(COUNT)
    rows[7] = {**rows[7], **org.broken}
    rows[8] = {**rows[8], "Name": 'Quoted "name",\nin two lines'}

    results = written(org, connector, rows)
    again = written(org, connector, rows)

    assert [bool(result.id) for result in results] == [number != 7 for number in range(COUNT)]
    assert results[7].error.code == "STRING_TOO_LONG"
    assert [result.id for result in again] == [result.id for result in results]
    assert {result.created for result in again if result.id} == {False}
    record = connector.read_one(org.object, results[8].id, org.fields)
    assert (record[org.match], record["Name"]) == ("T-0008", 'Quoted "name",\nin two lines')
    assert jobs_opened(org) == 2


def test_each_row_changes_only_the_fields_that_it_names(org):
    connector = patient(org)
    phone, city = org.loose
    bern = [{**row, phone: "031", city: "Bern"} for row in org.rows(COUNT)]
    written(org, connector, bern)

    rows = [{org.match: f"T-{number:04}", "Name": "Renamed"} for number in range(COUNT)]
    rows[0] |= {phone: "032"}
    rows[1] |= {city: None}
    rows[2] |= {phone: "", city: "Biel"}
    written(org, connector, rows)

    wanted = [row[org.match] for row in rows[:4]]
    found = connector.read_some(org.object, org.loose, org.match, wanted)
    assert {record[org.match]: (record[phone], record[city]) for record in found} == {
        "T-0000": ("032", "Bern"),
        "T-0001": ("031", None),
        "T-0002": (None, "Biel"),
        "T-0003": ("031", "Bern"),
    }


@pytest.mark.parametrize("rule", ["alert", "block"])
def test_a_duplicate_rule_that_alerts_does_not_hold_up_a_row_of_many(org, rule):
    connector = patient(org)
    connector.upsert(org.object, org.match, [org.row(9000, "The same name")])
    org.control("duplicate_rule", rule=rule)
    rows = [org.row(number, f"Name {number}") for number in range(COUNT)]
    rows[5] = org.row(5, "The same name")

    results = written(org, connector, rows)

    assert [number for number, result in enumerate(results) if not result.created] == (
        [] if rule == "alert" else [5]
    )
    assert rule == "alert" or results[5].error.code == "DUPLICATES_DETECTED"


def test_a_job_is_first_asked_after_when_the_last_one_was_done():
    pace, rows = Pace(), 5000
    soonest = pace.before(rows)

    pace.learn(rows, 4 * soonest)
    assert pace.before(rows) == pytest.approx(4 * soonest)
    assert pace.before(2 * rows) == pytest.approx(8 * soonest)

    pace.learn(rows, pace.before(rows))  # it may have been done before it was asked after
    assert soonest < pace.before(rows) < 4 * soonest


def test_a_job_is_never_asked_after_too_soon_nor_waited_for_without_end():
    pace, rows = Pace(), 5000
    soonest = pace.before(rows)

    for _ in range(50):
        pace.learn(rows, pace.before(rows))
    assert pace.before(rows) == soonest

    pace.learn(1, PATIENCE)
    assert pace.before(rows) < PATIENCE


def test_failures_are_asked_for_only_if_a_row_is_missing(org):
    connector = patient(org)

    written(org, connector, org.rows(COUNT))

    asked = [each.path.rstrip("/").rpartition("/")[2] for each in org.log]
    assert asked.count("successfulResults") == 1
    assert asked.count("failedResults") == 0


@pytest.mark.parametrize(
    "kind",
    [Kind.CUT, Kind.CUT_AFTER, Kind.HALF, Kind.UNAVAILABLE, Kind.SERVER_ERROR, Kind.UNAUTHORIZED,
     Kind.QUOTA],
)  # fmt: skip
def test_a_fault_at_any_step_loses_and_doubles_nothing(org, kind):
    jobs = Forgetful()
    connector = patient(org, jobs=jobs)
    before = connector.count(org.object)

    for step in range(8):
        rows = [org.row(number, f"Step {step}") for number in range(COUNT)]
        org.well()
        org.fault(kind, pattern="* /services/data/v66.0/jobs/*", after=step)

        results = written(org, connector, rows)

        assert len([result for result in results if result.id]) == COUNT
        org.well()
        assert connector.count(org.object) == before + COUNT
        last = connector.read_one(org.object, results[-1].id, org.fields)
        assert last["Name"] == f"Step {step}"


def test_a_worker_that_died_finds_its_job_again(org):
    jobs = Forgetful()
    org.fault(Kind.CUT, pattern="GET */jobs/ingest/*", times=None)
    with pytest.raises(ConnectorError):
        org.connect(jobs=jobs).upsert(org.object, org.match, org.rows(COUNT))
    org.well()

    results = written(org, patient(org, jobs=jobs), org.rows(COUNT))

    assert all(result.id for result in results)
    assert jobs_opened(org) == 1
    assert len([each for each in org.log if each.method == "PUT" and each.status]) == 1


def test_rows_that_failed_for_a_field_that_was_gone_are_sent_anew_once_it_is_back(org):
    jobs, gone = Forgetful(), {"object": org.object, "field": "Name"}
    org.fault(Kind.FIELD_VANISHED, pattern="BULK */jobs/*", times=None, **gone)
    with pytest.raises(ConfigBroken):
        patient(org, jobs=jobs).upsert(org.object, org.match, org.rows(COUNT))
    org.well()

    results = written(org, patient(org, jobs=jobs), org.rows(COUNT))

    assert all(result.id for result in results)
