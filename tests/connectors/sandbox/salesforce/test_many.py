from __future__ import annotations

import pytest

from tests.connectors.sandbox.salesforce.conftest import KEY, error


def rows(*given, type="Account"):
    return [{"attributes": {"type": type}, **each} for each in given]


def upsert(api, *given, all_or_none=False):
    body = {"allOrNone": all_or_none, "records": rows(*given)}
    return api.patch(f"/composite/sobjects/Account/{KEY}", json=body)


def codes(results):
    return [each["errors"][0]["statusCode"] if each["errors"] else "" for each in results]


def test_many_rows_are_upserted_in_their_order(api):
    first = upsert(api, {KEY: "A", "Name": "A"}, {KEY: "B"}, {KEY: "C001", "Phone": "5"}).json()
    second = upsert(api, {KEY: "A", "Name": "A again"}).json()

    assert codes(first) == ["", "REQUIRED_FIELD_MISSING", ""]
    assert [each.get("created") for each in first] == [True, None, False]
    assert first[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    assert second == [{"id": first[0]["id"], "success": True, "errors": [], "created": False}]


def test_an_empty_external_id_makes_a_new_record_each_time(api):
    for _ in range(2):
        upsert(api, {KEY: None, "Name": "Nameless"})

    assert api.names("WHERE Name = 'Nameless'") == ["Nameless", "Nameless"]


def test_an_external_id_may_come_once_in_a_request(api):
    results = upsert(api, {KEY: "A", "Name": "First"}, {KEY: "a", "Name": "Second"}).json()

    assert codes(results) == ["", "DUPLICATE_VALUE"]
    assert api.names(f"WHERE {KEY} = 'A'") == ["First"]


def test_all_or_none_keeps_none_if_one_row_fails(api):
    results = upsert(api, {KEY: "A", "Name": "A"}, {KEY: "B"}, all_or_none=True).json()

    assert codes(results) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert api.names(f"WHERE {KEY} = 'A'") == []


def test_more_than_200_rows_are_refused(api):
    answer = upsert(api, *({KEY: f"X{number}", "Name": "X"} for number in range(201)))

    assert error(answer) == (400, "EXCEEDED_MAX_SIZE_REQUEST")


def test_many_rows_are_made_changed_read_and_deleted(api):
    made = api.post(
        "/composite/sobjects", json={"records": rows({"Name": "M1"}, {"Name": "M2"}, {})}
    ).json()
    ids = [each["id"] for each in made[:2]]
    changed = api.patch(
        "/composite/sobjects",
        json={"records": rows({"id": ids[0], "Phone": "5"}, {"Phone": "6"}, {"id": "bad"})},
    ).json()
    read = api.post(
        "/composite/sobjects/Account",
        json={"ids": [*ids, "001Sb00000zzzzz"], "fields": ["Name", "Phone"]},
    ).json()
    deleted = api.delete("/composite/sobjects", params={"ids": f"{ids[0]},{ids[1]},{ids[0]}"})

    assert codes(made) == ["", "", "REQUIRED_FIELD_MISSING"]
    assert codes(changed) == ["", "MISSING_ARGUMENT", "MALFORMED_ID"]
    assert [each and (each["Name"], each["Phone"]) for each in read] == [
        ("M1", "5"),
        ("M2", None),
        None,
    ]
    assert codes(deleted.json()) == ["", "", "ENTITY_IS_DELETED"]


def test_records_are_retrieved_in_the_order_of_their_ids(api):
    first, second = api.create(Name="First"), api.create(Name="Second")
    api.delete("/composite/sobjects", params={"ids": first})
    other = api.create("Contact", LastName="Another")
    ids = [second, first, second[:15], "001Sb00000zzzzz", other]

    posted = api.post("/composite/sobjects/Account", json={"ids": ids, "fields": ["name"]})
    got = api.get("/composite/sobjects/Account", params={"ids": ",".join(ids), "fields": "Id,Name"})

    assert [each and each["Name"] for each in posted.json()] == [
        "Second",
        None,
        "Second",
        None,
        None,
    ]
    assert [each and each["Id"] for each in got.json()] == [second, None, second, None, None]
    assert posted.json()[0]["attributes"] == {
        "type": "Account",
        "url": f"/services/data/v66.0/sobjects/Account/{second}",
    }


@pytest.mark.parametrize(
    "ids, fields, code",
    [
        (["001Sb00000zzzzz"], ["Nothing"], "INVALID_FIELD"),
        (["001Sb00000zzzzz"], ["Owner.Name"], "INVALID_FIELD"),
        (["no id"], ["Name"], "MALFORMED_ID"),
        ([], ["Name"], "MISSING_ARGUMENT"),
        (["001Sb00000zzzzz"], [], "MISSING_ARGUMENT"),
        ([f"001Sb0{number:09}" for number in range(2001)], ["Name"], "EXCEEDED_MAX_SIZE_REQUEST"),
    ],
)
def test_records_that_cannot_be_retrieved_are_refused(api, ids, fields, code):
    answer = api.post("/composite/sobjects/Account", json={"ids": ids, "fields": fields})

    assert error(answer) == (400, code)


def test_2000_records_are_retrieved_by_a_body_and_about_800_by_an_address(api):
    ids = [f"001Sb0{number:09}" for number in range(2000)]

    posted = api.post("/composite/sobjects/Account", json={"ids": ids, "fields": ["Name"]})
    some = api.get(
        "/composite/sobjects/Account", params={"ids": ",".join(ids[:700]), "fields": "Id"}
    )
    more = api.get("/composite/sobjects/Account", params={"ids": ",".join(ids), "fields": "Id"})

    assert posted.json() == [None] * 2000
    assert some.json() == [None] * 700
    assert more.status_code == 414


def test_locked_rows_fail_each_for_itself(api):
    api.fault("lock_row", pattern="PATCH */composite/*")

    locked = upsert(api, {KEY: "A", "Name": "A"}, {KEY: "B", "Name": "B"})
    again = upsert(api, {KEY: "A", "Name": "A"}, {KEY: "B", "Name": "B"})

    assert locked.status_code == 200
    assert codes(locked.json()) == ["UNABLE_TO_LOCK_ROW"] * 2
    assert codes(again.json()) == ["", ""]


def test_a_value_that_cannot_be_read_refuses_all_rows(api):
    answer = upsert(api, {KEY: "A", "Name": "A"}, {KEY: "B", "Name": "B", "NumberOfEmployees": "x"})

    assert error(answer) == (400, "JSON_PARSER_ERROR")
    assert api.names(f"WHERE {KEY} = 'A'") == []


@pytest.mark.parametrize(
    "path, body",
    [
        ("/composite", {"compositeRequest": [{"method": "GET"}]}),
        ("/composite", {"compositeRequest": "all"}),
        ("/composite/batch", {"batchRequests": ["v66.0/limits"]}),
        ("/composite/sobjects", {"records": {}}),
        ("/composite/sobjects/Account", {"ids": {"a": 1}, "fields": ["Id"]}),
        ("/composite/tree/Account", []),
    ],
)
def test_a_body_of_another_shape_is_refused(api, path, body):
    assert api.post(path, json=body).status_code == 400


def test_a_row_must_say_its_type(api):
    body = {"records": [{"attributes": "Account", "Name": "A"}, {"Name": "A"}]}

    assert codes(api.post("/composite/sobjects", json=body).json()) == ["INVALID_TYPE"] * 2


@pytest.mark.parametrize("key", ["Phone", "Nothing"])
def test_only_an_external_id_serves_as_key(api, key):
    answer = api.patch(f"/composite/sobjects/Account/{key}", json={"records": []})

    assert error(answer) == (404, "NOT_FOUND")


def call(method, path, name, **more):
    return {"method": method, "url": f"/services/data/v66.0{path}", "referenceId": name, **more}


def test_calls_within_a_call_refer_to_each_other(api):
    answer = api.post(
        "/composite",
        json={
            "compositeRequest": [
                call("POST", "/sobjects/Account", "made", body={"Name": "Outer"}),
                call("POST", "/sobjects/Contact", "person",
                     body={"LastName": "Inner", "AccountId": "@{made.id}"}),
                call("GET", "/query?q=SELECT+Account.Name+FROM+Contact+WHERE+Id='@{person.id}'",
                     "read"),
                call("GET", "/sobjects/Account/describe", "described"),
                call("GET", "/sobjects/Account/@{nobody.id}", "wrong"),
            ]
        },
    ).json()["compositeResponse"]  # fmt: skip

    assert [each["httpStatusCode"] for each in answer] == [201, 201, 200, 200, 400]
    assert answer[2]["body"]["records"][0]["Account"]["Name"] == "Outer"
    assert answer[3]["body"]["name"] == "Account"
    assert answer[4]["body"][0]["errorCode"] == "PROCESSING_HALTED"


@pytest.mark.parametrize("count, status", [(5, 200), (6, 400)])
def test_five_of_the_calls_within_a_call_may_be_questions_or_collections(api, count, status):
    asked = [
        call("GET", "/query?q=SELECT+Id+FROM+Account+LIMIT+1", f"query{number}")
        for number in range(count - 1)
    ]
    body = {"ids": ["001Sb00000zzzzz"], "fields": ["Id"]}
    asked.append(call("POST", "/composite/sobjects/Account", "some", body=body))
    asked.append(call("GET", "/sobjects/Account/describe", "described"))

    answer = api.post("/composite", json={"compositeRequest": asked})

    assert answer.status_code == status


def test_calls_within_a_call_are_undone_together(api):
    answer = api.post(
        "/composite",
        json={
            "allOrNone": True,
            "compositeRequest": [
                call("POST", "/sobjects/Account", "well", body={"Name": "Undone"}),
                call("POST", "/sobjects/Account", "ill", body={}),
                call("POST", "/sobjects/Account", "after", body={"Name": "Undone"}),
            ],
        },
    ).json()["compositeResponse"]

    assert [each["body"][0]["errorCode"] for each in answer] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
    ]
    assert api.names("WHERE Name = 'Undone'") == []


def test_a_batch_of_calls_is_answered_one_by_one(api):
    answer = api.post(
        "/composite/batch",
        json={
            "batchRequests": [
                {"method": "POST", "url": "v66.0/sobjects/Account", "richInput": {"Name": "B"}},
                {"method": "GET", "url": "v66.0/sobjects/Nothing"},
            ]
        },
    ).json()

    assert answer["hasErrors"] is True
    assert [each["statusCode"] for each in answer["results"]] == [201, 404]


def test_a_tree_of_records_is_made_at_once(api):
    def tree(last_name):
        below = {"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": last_name}
        return {
            "attributes": {"type": "Account", "referenceId": "a"},
            "Name": "Tree",
            "Contacts": {"records": [below]},
        }

    made = api.post("/composite/tree/Account", json={"records": [tree("Leaf")]})
    refused = api.post("/composite/tree/Account", json={"records": [tree("")]})

    assert made.status_code == 201
    assert [each["referenceId"] for each in made.json()["results"]] == ["a", "c"]
    assert (refused.status_code, refused.json()["results"][0]["referenceId"]) == (400, "c")
    assert api.names("WHERE Name = 'Tree'") == ["Tree"]


def test_a_reference_may_be_encoded_as_addresses_are(api):
    path = "/services/data/v66.0"
    asked = [
        {"method": "POST", "url": f"{path}/sobjects/Account", "referenceId": "made",
         "body": {"Name": "Referred"}},
        {"method": "GET", "referenceId": "read",
         "url": f"{path}/query?q=SELECT+Name+FROM+Account+WHERE+Id=%27%40%7Bmade.id%7D%27"},
    ]  # fmt: skip

    _, read = api.post("/composite", json={"compositeRequest": asked}).json()["compositeResponse"]

    assert [each["Name"] for each in read["body"]["records"]] == ["Referred"]
