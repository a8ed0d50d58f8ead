from __future__ import annotations

import csv
import io

import pytest

from tests.connectors.sandbox.salesforce.conftest import KEY, error
from tests.support.processes import eventually

ENDED = ("JobComplete", "Failed", "Aborted")


def job(api, operation, **given):
    body = {"object": "Account", "operation": operation, "contentType": "CSV", **given}
    answer = api.post("/jobs/ingest", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(api, path):
    def look():
        info = api.get(path).json()
        return info if info["state"] in ENDED else None

    return eventually(look, f"{path} ended")


def load(api, operation, content, **given):
    """Load a CSV, and return the job when it has ended."""
    made = job(api, operation, **given)
    path = f"/jobs/ingest/{made['id']}"
    assert made["state"] == "Open"
    assert api.put(f"{path}/batches", content=content.encode()).status_code == 201
    closed = api.patch(path, json={"state": "UploadComplete"}).json()
    assert closed["state"] == "UploadComplete"
    return ended(api, path)


def results(api, info, which, delimiter=","):
    text = api.get(f"/jobs/ingest/{info['id']}/{which}").text
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def test_rows_are_upserted(api):
    content = f'Name,{KEY},Phone\n"Quoted, ""Inc""\nof two lines",L1,5\nMuseum,C001,\n,L2,\n'

    info = load(api, "upsert", content, externalIdFieldName=KEY)
    well, ill = results(api, info, "successfulResults"), results(api, info, "failedResults")

    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (
        "JobComplete",
        3,
        1,
    )
    assert [(row["sf__Created"], row[KEY]) for row in well] == [("true", "L1"), ("false", "C001")]
    assert well[0]["Name"] == 'Quoted, "Inc"\nof two lines'
    assert [row["sf__Error"] for row in ill] == [
        "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
    ]
    assert ill[0][KEY] == "L2"
    assert api.names(f"WHERE {KEY} = 'L1'") == ['Quoted, "Inc"\nof two lines']


def test_empty_cells_are_left_alone_and_not_available_ones_are_emptied(api):
    api.patch(f"/sobjects/Account/{KEY}/C001", json={"Site": "HQ", "Fax": "1"})

    load(api, "upsert", f"{KEY},Site,Fax\nC001,,#N/A\n", externalIdFieldName=KEY)

    read = api.get(f"/sobjects/Account/{KEY}/C001").json()
    assert (read["Site"], read["Fax"]) == ("HQ", None)


def test_rows_are_inserted_updated_and_deleted(api):
    made = results(api, load(api, "insert", "Name\nOne\nTwo\n"), "successfulResults")
    ids = [row["sf__Id"] for row in made]

    updated = load(api, "update", f"Id,Phone\n{ids[0]},5\n001Sb00000zzzzz,6\n")
    deleted = load(api, "delete", f"Id\n{ids[1]}\n")

    assert [row["sf__Id"][:15] for row in results(api, updated, "successfulResults")] == [
        ids[0][:15]
    ]
    assert results(api, updated, "failedResults")[0]["sf__Error"].startswith(
        "INVALID_CROSS_REFERENCE_KEY"
    )
    assert deleted["numberRecordsFailed"] == 0
    assert api.names("WHERE Name IN ('One', 'Two')") == ["One"]
    assert api.names("WHERE Phone = '5'") == ["One"]


def test_a_reference_may_be_given_by_an_external_id(api):
    load(api, "insert", f"Name,Parent.{KEY}\nBranch,C001\n")

    [record] = api.records("SELECT Parent.Name FROM Account WHERE Name = 'Branch'")
    assert record["Parent"]["Name"] == "AV Stores, Co."


@pytest.mark.parametrize(
    "name, mark", [("SEMICOLON", ";"), ("TAB", "\t"), ("PIPE", "|"), ("CARET", "^")]
)
def test_columns_and_lines_may_be_divided_otherwise(api, name, mark):
    content = f"Name{mark}Phone\r\nA, B{mark}5\r\n"

    info = load(api, "insert", content, columnDelimiter=name, lineEnding="CRLF")

    assert results(api, info, "successfulResults", mark)[0]["Name"] == "A, B"
    assert api.names("WHERE Phone = '5'") == ["A, B"]


@pytest.mark.parametrize(
    "content, said",
    [
        ("Name,Nothing\nA,1\n", "InvalidBatch : Field name not found : Nothing"),
        ("Name\r\nA\r\n", "ClientInputError : LineEnding is invalid on user data."),
    ],
)
def test_a_file_that_is_not_well_fails_the_job(api, content, said):
    info = load(api, "insert", content)

    assert info["state"] == "Failed"
    assert info["errorMessage"].startswith(said)
    assert info["numberRecordsProcessed"] == 0


def test_a_job_that_is_given_up_loads_nothing(api):
    made = job(api, "insert")
    api.put(f"/jobs/ingest/{made['id']}/batches", content=b"Name\nGiven up\n")

    aborted = api.patch(f"/jobs/ingest/{made['id']}", json={"state": "Aborted"}).json()

    assert aborted["state"] == "Aborted"
    assert results(api, made, "unprocessedrecords") == [{"Name": "Given up"}]
    assert api.names("WHERE Name = 'Given up'") == []
    assert api.delete(f"/jobs/ingest/{made['id']}").status_code == 204
    assert api.get(f"/jobs/ingest/{made['id']}").status_code == 404


def test_what_a_jobs_state_does_not_allow_is_refused(api):
    info = load(api, "insert", "Name\nA\n")
    path = f"/jobs/ingest/{info['id']}"

    again = api.patch(path, json={"state": "UploadComplete"})
    upload = api.put(f"{path}/batches", content=b"Name\nB\n")
    early = api.get(f"/jobs/ingest/{job(api, 'insert')['id']}/successfulResults")

    assert {error(answer) for answer in (again, upload, early)} == {(400, "INVALIDJOBSTATE")}


@pytest.mark.parametrize(
    "given, code",
    [
        ({"object": "Nothing"}, "NOT_FOUND"),
        ({"operation": "explode"}, "INVALIDJOB"),
        ({"operation": "upsert", "externalIdFieldName": "Phone"}, "NOT_FOUND"),
        ({"columnDelimiter": "COLON"}, "INVALIDJOB"),
    ],
)
def test_a_job_that_is_not_well_is_refused(api, given, code):
    body = {"object": "Account", "operation": "insert", "contentType": "CSV"} | given

    assert error(api.post("/jobs/ingest", json=body))[1] == code


def test_locked_rows_fail_and_may_be_sent_again(api):
    api.fault("lock_row", pattern="bulk.work")

    locked = load(api, "insert", "Name\nA\n")
    again = load(api, "insert", "Name\nA\n")

    assert (locked["state"], locked["numberRecordsFailed"]) == ("JobComplete", 1)
    assert results(api, locked, "failedResults")[0]["sf__Error"].startswith("UNABLE_TO_LOCK_ROW")
    assert again["numberRecordsFailed"] == 0


def query_job(api, query, operation="query"):
    made = api.post("/jobs/query", json={"operation": operation, "query": query}).json()
    assert made["state"] == "UploadComplete"
    return ended(api, f"/jobs/query/{made['id']}")


def test_a_query_gives_its_results_in_portions(api):
    info = query_job(api, "SELECT Name, Owner.Name, IsDeleted FROM Account ORDER BY Name")
    path = f"/jobs/query/{info['id']}/results"
    portions = [api.get(path, params={"maxRecords": 60})]
    locator = portions[0].headers["Sforce-Locator"]
    portions.append(api.get(path, params={"maxRecords": 60, "locator": locator}))

    rows = [list(csv.DictReader(io.StringIO(each.text))) for each in portions]

    assert info["numberRecordsProcessed"] == 92
    assert [each.headers["Sforce-NumberOfRecords"] for each in portions] == ["60", "32"]
    assert portions[1].headers["Sforce-Locator"] == "null"
    assert [len(each) for each in rows] == [60, 32]
    assert rows[0][0] == {
        "Name": "Alpha Cognac",
        "Owner.Name": "Rita Rep",
        "IsDeleted": "false",
    }


def test_moments_end_with_a_z_in_results(api):
    info = query_job(api, "SELECT CreatedDate FROM Account LIMIT 1")

    text = api.get(f"/jobs/query/{info['id']}/results").text

    assert text.endswith('.000Z"\n')


def test_a_query_that_is_not_well_makes_no_job(api):
    wrong = {"operation": "query", "query": "SELECT Nothing FROM Account"}
    compound = {"operation": "query", "query": "SELECT BillingAddress FROM Account"}
    grouped = {"operation": "query", "query": "SELECT COUNT(Id) FROM Account"}

    assert error(api.post("/jobs/query", json=wrong)) == (400, "INVALID_FIELD")
    assert error(api.post("/jobs/query", json=compound)) == (400, "FEATURENOTENABLED")
    assert api.post("/jobs/query", json=grouped).status_code == 400


def test_jobs_are_listed(api):
    info = load(api, "insert", "Name\nA\n")

    listed = api.get("/jobs/ingest").json()

    assert listed["done"] is True
    assert [each["id"] for each in listed["records"]] == [info["id"]]
