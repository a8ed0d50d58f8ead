from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crmapp.connectors.errors import ConfigBroken, Retryable
from crmapp.connectors.salesforce.bulk import Forgetful
from tests.connectors.salesforce.scripted import answer, body_of, refusal, salesforce


def taken(request):
    """Answer a collection as the recorded ones are: in the order of the rows."""
    rows = body_of(request)["records"]
    return answer(
        [{"id": f"001{row['Code__c']}", "success": True, "errors": [], "created": True}
         for row in rows]
    )  # fmt: skip


def rows(count, **more):
    return [{"Code__c": f"C{number:05}", "Name": "x", **more} for number in range(count)]


def failing(code, message, *fields):
    error = {"statusCode": code, "message": message, "fields": list(fields)}
    return answer([{"success": False, "errors": [error]}])


def test_rows_go_in_collections_of_two_hundred():
    connector, script = salesforce(taken)

    results = connector.upsert("Account", "Code__c", rows(450))

    assert [len(body_of(request)["records"]) for request in script.requests] == [200, 200, 50]
    first = script.requests[0]
    assert first.method == "PATCH"
    assert first.url.path == "/services/data/v66.0/composite/sobjects/Account/Code__c"
    assert body_of(first)["allOrNone"] is False
    assert body_of(first)["records"][0]["attributes"] == {"type": "Account"}
    assert results[3].id == "001C00003"


def test_rows_of_one_parent_go_together_and_results_keep_their_order():
    given = [
        {"Code__c": "a", "ParentId": "2"},
        {"Code__c": "b", "ParentId": "1"},
        {"Code__c": "c", "ParentId": "2"},
    ]
    connector, script = salesforce(taken)

    results = connector.upsert("Account", "Code__c", given)

    sent = [row["Code__c"] for row in body_of(script.requests[0])["records"]]
    assert sent == ["b", "a", "c"]
    assert [result.id for result in results] == ["001a", "001b", "001c"]


def test_values_are_sent_in_the_types_of_json():
    given = {
        "Code__c": "a",
        "AnnualRevenue": Decimal("1250000.25"),
        "Whole": Decimal("7.00"),
        "Exact": Decimal("123456789012345678.99"),
        "Start__c": date(2026, 2, 3),
        "At__c": datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
        "Empty__c": None,
        "Yes__c": True,
    }
    connector, script = salesforce(taken)

    connector.upsert("Account", "Code__c", [given])

    (sent,) = body_of(script.requests[0])["records"]
    assert sent["AnnualRevenue"] == 1250000.25
    assert (sent["Whole"], sent["Exact"]) == (7, "123456789012345678.99")
    assert (sent["Start__c"], sent["At__c"]) == ("2026-02-03", "2026-02-03T04:05:06.000Z")
    assert (sent["Empty__c"], sent["Yes__c"]) == (None, True)


@pytest.mark.parametrize(
    "code, fields, sentence",
    [
        ("REQUIRED_FIELD_MISSING", ["Name"], "Required in Salesforce, but empty: Name"),
        ("STRING_TOO_LONG", ["Phone"], "Shorten it"),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Type"], "Map it"),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", [], "A rule in Salesforce"),
        ("DUPLICATES_DETECTED", [], "duplicate"),
        ("INVALID_CROSS_REFERENCE_KEY", ["OwnerId"], "Choose another"),
        ("ENTITY_IS_DELETED", [], "Restore"),
        ("SOMETHING_NEW", [], "the words themselves"),
    ],
)
def test_a_refused_row_says_what_to_mend(code, fields, sentence):
    connector, _ = salesforce([failing(code, "the words themselves", *fields)])

    (result,) = connector.upsert("Account", "Code__c", rows(1))

    assert sentence in str(result.error.message)
    assert (result.error.code, result.error.fields) == (code, tuple(fields))
    assert result.error.remote == "the words themselves"
    assert result.retry is False


def test_a_locked_row_may_go_again_as_it_is():
    connector, _ = salesforce([failing("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")])

    (result,) = connector.upsert("Account", "Code__c", rows(1))

    assert result.retry is True
    assert result.error.code == "UNABLE_TO_LOCK_ROW"


def test_a_field_that_is_gone_is_not_the_rows_fault():
    connector, _ = salesforce(
        [failing("INVALID_FIELD", "No such column 'Gone__c' on sobject of type Account")]
    )

    with pytest.raises(ConfigBroken) as broken:
        connector.upsert("Account", "Code__c", rows(1))

    assert broken.value.field == "Gone__c"


def test_a_row_that_spoils_its_request_is_found():
    def answering(request):
        if any(row["Name"] == "bad" for row in body_of(request)["records"]):
            return refusal("JSON_PARSER_ERROR", "Cannot deserialize instance of double")
        return taken(request)

    given = rows(9)
    given[6]["Name"] = "bad"
    connector, _ = salesforce(answering)

    results = connector.upsert("Account", "Code__c", given)

    assert [result.error.code if result.error else "" for result in results] == (
        [""] * 6 + ["JSON_PARSER_ERROR"] + [""] * 2
    )


def test_keys_that_differ_only_in_case_are_the_same():
    connector, script = salesforce(taken)

    results = connector.upsert("Account", "Code__c", [{"Code__c": "ab"}, {"Code__c": "AB"}])

    assert [result.error.code for result in results] == ["DUPLICATE_MATCH_KEY"] * 2
    assert script.requests == []


def test_a_row_is_updated_by_its_id_and_never_created_by_it():
    connector, script = salesforce([answer([{"id": "001A", "success": True, "errors": []}])])

    (result,) = connector.upsert("Account", "Id", [{"Id": "001A", "Name": "x"}])

    assert script.requests[0].url.path.endswith("/composite/sobjects")
    assert (result.id, result.created) == ("001A", None)


class BulkApi:
    """A job of Bulk API 2.0 that takes ``polls`` questions until it is done."""

    def __init__(self, polls=1, refused=(), left=()):
        self.polls, self.refused, self.left = polls, refused, left
        self.state, self.rows, self.opened, self.uploads = "Open", [], 0, 0

    def __call__(self, request):
        path = request.url.path.removeprefix("/services/data/v66.0/jobs/ingest")
        match request.method, path.strip("/").split("/"):
            case "POST", [""]:
                self.opened, self.state, self.sent = self.opened + 1, "Open", body_of(request)
                return answer({"id": "750A", "state": "Open"})
            case "PUT", [_, "batches"]:
                self.uploads += 1
                self.rows = list(csv.DictReader(io.StringIO(request.content.decode())))
                return answer(None, 201)
            case "PATCH", [_]:
                self.state = "InProgress"
            case "GET", [_]:
                self.polls -= self.state == "InProgress"
                if self.state == "InProgress" and self.polls < 0:
                    self.state = "JobComplete"
            case "GET", [_, kind]:
                return answer(self.results(kind))
        return answer({"id": "750A", "state": self.state})

    def results(self, kind):
        file = io.StringIO()
        if kind == "successfulResults":
            names = ["sf__Id", "sf__Created", "Code__c", "Name"]
            found = [
                {"sf__Id": f"001{row['Code__c']}", "sf__Created": "true", **row}
                for row in reversed(self.rows)
                if row["Code__c"] not in (*self.refused, *self.left)
            ]
        else:
            names = ["sf__Id", "sf__Error", "Code__c", "Name"]
            error = "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
            found = [{"sf__Id": "", "sf__Error": error, **row}
                     for row in self.rows if row["Code__c"] in self.refused]  # fmt: skip
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(found)
        return file.getvalue()


def test_many_rows_go_by_one_job_and_come_back_in_order():
    api = BulkApi(refused=["C00007"], left=["C00009"])
    connector, script = salesforce(api)
    given = rows(2001)
    given[0]["Name"] = None

    results = connector.upsert("Account", "Code__c", given)

    assert api.sent["operation"] == "upsert"
    assert api.sent["externalIdFieldName"] == "Code__c"
    assert (results[3].id, results[3].created) == ("001C00003", True)
    assert results[7].error.code == "REQUIRED_FIELD_MISSING"
    assert results[7].error.fields == ("Name",)
    assert (results[9].error.code, results[9].retry) == ("UNPROCESSED", True)
    assert api.rows[0]["Name"] == "#N/A"
    assert len(script.requests) < 12


def test_a_caller_that_was_restarted_waits_for_its_job_and_does_not_upload_again():
    api, jobs = BulkApi(polls=10_000), Forgetful()
    first, _ = salesforce(api, jobs=jobs)
    with pytest.raises(Retryable) as later:
        first.upsert("Account", "Code__c", rows(2001))
    assert later.value.after

    api.polls = 0
    second, _ = salesforce(api, jobs=jobs)
    results = second.upsert("Account", "Code__c", rows(2001))

    assert all(result.id for result in results)
    assert (api.opened, api.uploads) == (1, 1)


def test_a_job_that_was_given_up_is_begun_anew():
    api, jobs = BulkApi(), Forgetful()
    connector, _ = salesforce(api, jobs=jobs)
    jobs.keep("x", "750Z")

    def failed(request):
        found = api(request)
        if request.method == "PATCH":
            api.state = "Failed"
        return found

    broken, _ = salesforce(failed, jobs=jobs)
    with pytest.raises(Retryable, match="sent again"):
        broken.upsert("Account", "Code__c", rows(2001))

    assert all(result.id for result in connector.upsert("Account", "Code__c", rows(2001)))
    assert api.opened == 2
