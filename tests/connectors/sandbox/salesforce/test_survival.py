"""What a killed sandbox keeps: records, tokens, faults, locators and jobs."""

from __future__ import annotations

import httpx
import pytest

from tests.connectors.sandbox.salesforce.conftest import KEY, Api
from tests.support.processes import eventually
from tests.support.sandboxes import SandboxProcess


@pytest.fixture
def process(folder):
    with SandboxProcess("salesforce", folder) as process:
        yield process


def restart(process):
    process.kill()
    process.start()


def test_a_killed_sandbox_keeps_what_it_was_told(process):
    with Api(process.url) as api:
        id = api.create(Name="Kept")
        api.fault("quota", pattern="* /nowhere", after=3, times=2)
        page = api.query("SELECT Id FROM Account", **{"Sforce-Query-Options": "batchSize=200"})

        restart(process)

        read = api.get(f"/sobjects/Account/{id}?fields=Name").json()
        faults = api.get(f"{api.site}/__control/faults").json()
        count = api.query("SELECT COUNT() FROM Account")["totalSize"]

    assert read["Name"] == "Kept"
    assert [(each["kind"], each["after"], each["times"]) for each in faults] == [("quota", 3, 2)]
    assert (page["totalSize"], count) == (93, 93)


def test_a_locator_outlives_a_restart(process):
    with Api(process.url) as api:
        rows = [
            {"attributes": {"type": "Contact"}, "LastName": f"L{number:03}"}
            for number in range(200)
        ]
        api.post("/composite/sobjects", json={"records": rows})
        options = {"Sforce-Query-Options": "batchSize=200"}
        first = api.query("SELECT Id FROM Contact ORDER BY Id", **options)

        restart(process)

        second = api.get(api.site + first["nextRecordsUrl"]).json()

    ids = [each["Id"] for page in (first, second) for each in page["records"]]
    assert len(set(ids)) == len(ids) == first["totalSize"] == second["totalSize"]


def test_a_job_is_finished_after_a_kill_without_a_row_twice(process):
    count = 6000
    content = "Name,Legacy_Number__c\n" + "".join(f"Row {n},{n}\n" for n in range(count))
    with Api(process.url) as api:
        body = {"object": "Account", "operation": "insert", "contentType": "CSV"}
        path = f"/jobs/ingest/{api.post('/jobs/ingest', json=body).json()['id']}"
        api.put(f"{path}/batches", content=content.encode())
        api.fault("slow", pattern="bulk.work", after=2, times=None, seconds=600)
        api.patch(path, json={"state": "UploadComplete"})
        eventually(
            lambda: api.get(path).json()["numberRecordsProcessed"] == 2000, "two portions were done"
        )

        process.kill()
        process.start()
        api.delete(f"{api.site}/__control/faults")
        restart(process)

        eventually(lambda: api.get(path).json()["state"] == "JobComplete", "the job was done")
        found = api.query("SELECT COUNT() FROM Account WHERE Legacy_Number__c != null")
        unique = api.query("SELECT COUNT_DISTINCT(Legacy_Number__c) FROM Account")

    assert found["totalSize"] == count
    assert unique["records"][0]["expr0"] == count


def test_no_answered_row_is_lost_by_a_kill_in_the_middle(process):
    with Api(process.url) as api:
        api.fault("slow", pattern="PATCH */composite/*", after=3, times=None, seconds=600)
        heard = []
        for batch in range(3):
            rows = [
                {"attributes": {"type": "Account"}, KEY: f"K{batch}-{n}", "Name": "Killed"}
                for n in range(100)
            ]
            answer = api.patch(f"/composite/sobjects/Account/{KEY}", json={"records": rows})
            heard += [each["id"] for each in answer.json()]
        with pytest.raises(httpx.TimeoutException):
            api.patch(f"/composite/sobjects/Account/{KEY}", json={"records": rows}, timeout=0.2)

        restart(process)

        kept = {each["Id"] for each in api.records("SELECT Id FROM Account WHERE Name = 'Killed'")}

    assert kept == set(heard)
