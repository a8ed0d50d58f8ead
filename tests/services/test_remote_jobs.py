"""A job that Salesforce works on is waited for by whoever comes next, and not sent again."""

from __future__ import annotations

import time
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from crmapp.connectors.errors import ConnectorError, Retryable
from crmapp.connectors.sandbox.faults import Kind
from crmapp.db import db, session
from crmapp.models import RemoteJob, RequestLog
from crmapp.services import remotes
from crmapp.services.remote_jobs import RowJobs
from tests.connectors.subjects import serving
from tests.support.connections import connect, fault, salesforce

pytestmark = pytest.mark.database
COUNT = 2001


@pytest.fixture
def jobs(app):
    return RowJobs(db.engine)


def kept():
    session.rollback()
    return {row.batch: row.job for row in session.scalars(select(RemoteJob))}


def test_a_job_is_found_by_another_worker_until_it_is_over(jobs):
    jobs.keep("Account:a1", "750A")

    assert RowJobs(db.engine).find("Account:a1") == "750A"
    assert jobs.find("Account:b2") is None
    jobs.keep("Account:a1", None)
    assert jobs.find("Account:a1") is None
    assert kept() == {}


def test_a_job_takes_the_place_of_one_that_is_gone(jobs):
    jobs.keep("Account:a1", "750A")

    jobs.keep("Account:a1", "750B")

    assert jobs.find("Account:a1") == "750B"


def test_a_later_job_of_the_same_object_ends_what_is_known_of_earlier_ones(jobs):
    jobs.keep("My_List__c:a1", "750A")
    jobs.keep("MyXList__c:a1", "750B")
    jobs.keep("Account:a1", "750C")

    jobs.keep("My_List__c:b2", "750D")

    assert kept() == {"MyXList__c:a1": "750B", "Account:a1": "750C", "My_List__c:b2": "750D"}


def test_jobs_are_forgotten_after_a_week(jobs, clock):
    jobs.keep("Account:a1", "750A")

    clock.shift(timedelta(days=6, hours=23))
    assert jobs.find("Account:a1") == "750A"
    clock.shift(timedelta(hours=2))
    assert jobs.find("Account:a1") is None
    jobs.keep("Contact:b2", "750B")
    assert kept() == {"Contact:b2": "750B"}


def test_a_job_is_kept_though_the_callers_transaction_is_not_carried_out(jobs):
    session.scalars(select(RemoteJob)).all()

    jobs.keep("Account:a1", "750A")
    session.rollback()

    assert kept() == {"Account:a1": "750A"}


def jobs_opened(log):
    return [each for each in log if each.method == "POST" and each.path.endswith("/jobs/ingest")]


def test_a_job_slower_than_our_patience_outlives_the_worker_that_sent_it(app, tmp_path):
    with serving("salesforce", tmp_path) as there:
        rows = there.rows(COUNT)
        there.fault(Kind.SLOW, pattern="bulk.work", seconds=3, times=1)
        first = there.connect(jobs=RowJobs(db.engine), pause=lambda _seconds: None)
        with pytest.raises(Retryable, match="still works"):
            first.upsert(there.object, there.match, rows)
        first.close()

        second = there.connect(jobs=RowJobs(db.engine), pause=lambda _seconds: time.sleep(0.1))
        results = written(second, there, rows)

        assert all(result.id for result in results)
        assert len(jobs_opened(there.log)) == 1
        assert kept() == {}


def written(connector, there, rows):
    """Write rows as a caller does: it comes again as long as it is told to."""
    for _ in range(50):
        try:
            return connector.upsert(there.object, there.match, rows)
        except Retryable:
            continue
    raise AssertionError("the job was never done")


def test_runs_open_their_connection_so_that_jobs_are_found_again(make, org):
    connect("salesforce", salesforce(org), by=make.alice)
    rows = [{"ia_crm__IntacctID__c": f"T-{n:04}", "Name": f"Tried {n}"} for n in range(COUNT)]
    fault(org, kind="cut", pattern="GET */jobs/ingest/*", times=None)
    with pytest.raises(ConnectorError), remotes.opened("salesforce") as connector:
        connector.upsert("Account", "ia_crm__IntacctID__c", rows)
    httpx.delete(f"{org}/__control/faults")

    with remotes.opened("salesforce") as connector:
        results = connector.upsert("Account", "ia_crm__IntacctID__c", rows)

    assert all(result.id for result in results)
    assert len(jobs_opened(session.scalars(select(RequestLog)).all())) == 1
