from __future__ import annotations

import httpx
import pytest

from crmapp.connectors.sandbox.seed import customers
from tests.connectors.sandbox.salesforce.conftest import KEY, error


def test_it_holds_the_customers_of_the_demo(api):
    found = api.records(f"SELECT {KEY}, Name, BillingCity FROM Account ORDER BY {KEY}")

    assert [(each[KEY], each["Name"], each["BillingCity"]) for each in found] == [
        (each.number, each.name, each.city) for each in customers()
    ]


def test_a_record_is_made_read_changed_and_deleted(api):
    id = api.create(Name="Acme", Phone="1", BillingCity="Lyon", Discount__c=12.345)
    made = api.get(f"/sobjects/Account/{id}").json()
    changed = api.patch(f"/sobjects/Account/{id}", json={"Phone": None, "Site": " HQ "})
    read = api.get(f"/sobjects/Account/{id}?fields=Phone,Site").json()
    deleted = api.delete(f"/sobjects/Account/{id}")

    assert (made["Name"], made["Discount__c"], made["BillingAddress"]["city"]) == (
        "Acme",
        12.35,
        "Lyon",
    )
    assert (changed.status_code, changed.content) == (204, b"")
    assert (read["Phone"], read["Site"]) == (None, "HQ")
    assert deleted.status_code == 204
    assert error(api.get(f"/sobjects/Account/{id}")) == (404, "ENTITY_IS_DELETED")
    assert error(api.patch(f"/sobjects/Account/{id}", json={})) == (404, "ENTITY_IS_DELETED")
    assert error(api.delete(f"/sobjects/Account/{id}")) == (404, "ENTITY_IS_DELETED")


def test_an_id_of_15_characters_will_do(api):
    id = api.create(Name="Acme")

    assert api.get(f"/sobjects/Account/{id[:15]}").json()["Id"] == id
    assert api.names(f"WHERE Id = '{id[:15]}'") == ["Acme"]


@pytest.mark.parametrize(
    "values, status, code, fields",
    [
        ({}, 400, "REQUIRED_FIELD_MISSING", ["Name"]),
        ({"Name": "x" * 256}, 400, "STRING_TOO_LONG", ["Name"]),
        ({"Name": "A", "Nothing": 1}, 400, "INVALID_FIELD", None),
        ({"Name": "A", "CreatedDate": "2026-01-01"}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE",
         ["CreatedDate"]),
        ({"Name": "A", "Segment__c": "Zoo"}, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         ["Segment__c"]),
        ({"Name": "A", "Invoice_Email__c": "x@y"}, 400, "INVALID_EMAIL_ADDRESS",
         ["Invoice_Email__c"]),
        ({"Name": "A", "Credit_Limit__c": 1e17}, 400, "NUMBER_OUTSIDE_VALID_RANGE",
         ["Credit_Limit__c"]),
        ({"Name": "A", "ParentId": "abc"}, 400, "MALFORMED_ID", ["ParentId"]),
        ({"Name": "A", "ParentId": "005Sb0000000001"}, 400, "FIELD_INTEGRITY_EXCEPTION",
         ["ParentId"]),
        ({"Name": "A", "ParentId": "001Sb00000zzzzz"}, 404, "INVALID_CROSS_REFERENCE_KEY",
         ["ParentId"]),
        ({"Name": "A", "NumberOfEmployees": "many"}, 400, "JSON_PARSER_ERROR", None),
        ({"Name": "A", "Last_Visit__c": "soon"}, 400, "JSON_PARSER_ERROR", None),
        ({"Name": 5}, 400, "INVALID_TYPE_ON_FIELD_IN_RECORD", ["Name"]),
        ({"Name": "A", KEY: "C001"}, 400, "DUPLICATE_VALUE", []),
        ({"Name": "A", "NumberofLocations__c": -1}, 400, "FIELD_CUSTOM_VALIDATION_EXCEPTION",
         ["NumberofLocations__c"]),
    ],
)  # fmt: skip
def test_a_record_that_is_not_well_is_refused(api, values, status, code, fields):
    answer = api.post("/sobjects/Account", json=values)

    assert error(answer) == (status, code)
    assert answer.json()[0].get("fields") == fields
    assert api.query("SELECT COUNT() FROM Account")["totalSize"] == 92


def test_a_body_that_is_no_json_is_refused(api):
    answer = api.post(
        "/sobjects/Account", content=b"{", headers={"Content-Type": "application/json"}
    )

    assert error(answer) == (400, "JSON_PARSER_ERROR")


@pytest.mark.parametrize(
    "method, path, status, code",
    [
        ("GET", "/sobjects/Account/001Sb00000zzzzz", 404, "NOT_FOUND"),
        ("GET", "/sobjects/Account/nonsense", 404, "NOT_FOUND"),
        ("DELETE", "/sobjects/Account/001Sb00000zzzzz", 404, "NOT_FOUND"),
        ("GET", "/sobjects/Nothing/001Sb00000zzzzz", 404, "NOT_FOUND"),
        ("GET", "/sobjects/Account/Phone/5", 404, "NOT_FOUND"),
        ("PUT", "/sobjects/Account", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_not_found(api, method, path, status, code):
    assert error(api.request(method, path)) == (status, code)


def test_a_change_moves_the_stamp(api):
    id = api.create(Name="Acme")
    api.fault("wrong_clock", seconds=60, times=1)

    api.patch(f"/sobjects/Account/{id}", json={"Phone": "5"})

    read = api.get(f"/sobjects/Account/{id}").json()
    assert read["SystemModstamp"] == read["LastModifiedDate"] > read["CreatedDate"]


def test_a_record_is_upserted_by_its_external_id(api):
    path = f"/sobjects/Account/{KEY}/U1"

    first = api.patch(path, json={"Name": "Upserted"})
    second = api.patch(path, json={"Phone": "5"})
    read = api.get(path).json()

    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert (read["Name"], read["Phone"]) == ("Upserted", "5")
    assert first.json()["id"] == second.json()["id"] == read["Id"]


def test_an_ambiguous_external_id_changes_nothing(api):
    ids = [api.create(Name=name, Legacy_Number__c="7") for name in ("First", "Second")]

    answer = api.patch("/sobjects/Account/Legacy_Number__c/7", json={"Phone": "5"})

    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v66.0/sobjects/Account/{id}" for id in ids]
    assert api.names("WHERE Phone = '5'") == []


def test_a_reference_may_be_given_by_an_external_id(api):
    id = api.create(Name="Branch", Parent={KEY: "C001"})
    wrong = api.post("/sobjects/Account", json={"Name": "Lost", "Parent": {KEY: "C999"}})

    [record] = api.records(f"SELECT Parent.Name FROM Account WHERE Id = '{id}'")
    assert record["Parent"]["Name"] == "AV Stores, Co."
    assert error(wrong) == (400, "INVALID_FIELD")
    assert "Foreign key external ID" in wrong.text


def test_a_duplicate_rule_alerts_unless_it_is_told_to_allow(api):
    api.control("duplicate_rule", rule="alert")
    allow = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    twin = {"Name": "av stores, co."}

    refused = api.post("/sobjects/Account", json=twin)
    allowed = api.post("/sobjects/Account", json=twin, headers=allow)
    api.control("duplicate_rule", rule="block")
    blocked = api.post("/sobjects/Account", json=twin, headers=allow)

    assert error(refused) == error(blocked) == (400, "DUPLICATES_DETECTED")
    found = refused.json()[0]["duplicateResult"]["matchResults"][0]["matchRecords"]
    assert found[0]["record"]["Id"] in {
        each["Id"] for each in api.records("SELECT Id FROM Account")
    }
    assert allowed.status_code == 201


def test_a_formula_is_calculated_and_cannot_be_written(api):
    status, image = "ia_crm__Intacct_Sync_Status__c", "ia_crm__Intacct_Sync_Status_Image__c"
    id = api.create(Name="Acme", **{status: "Failure"})

    read = api.get(f"/sobjects/Account/{id}?fields={image}").json()
    written = api.patch(f"/sobjects/Account/{id}", json={image: "x"})

    assert 'alt="Failure"' in read[image]
    assert error(written) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_a_persons_name_is_put_together(api):
    id = api.create("Contact", FirstName="Ada", LastName="Byron")
    api.patch(f"/sobjects/Contact/{id}", json={"LastName": "Lovelace"})

    assert api.get(f"/sobjects/Contact/{id}").json()["Name"] == "Ada Lovelace"


def test_a_location_is_made_of_its_parts(api):
    id = api.create(Name="Acme", Warehouse__Latitude__s=45.7, Warehouse__Longitude__s=4.8)

    read = api.get(f"/sobjects/Account/{id}?fields=Warehouse__c").json()

    assert read["Warehouse__c"] == {"latitude": 45.7, "longitude": 4.8}


def test_every_answer_says_how_many_calls_were_made(api):
    answers = [api.get("/limits"), api.get("/nothing"), api.get("/limits")]

    assert [each.headers["Sforce-Limit-Info"] for each in answers] == [
        "api-usage=1/15000",
        "api-usage=2/15000",
        "api-usage=3/15000",
    ]
    assert answers[2].json()["DailyApiRequests"] == {"Max": 15000, "Remaining": 14997}


def test_a_used_up_quota_refuses_further_calls(api):
    api.control("quota", limit=2)

    answers = [api.get("/limits") for _ in range(3)]
    api.control("quota", limit=100, used=0)

    assert [each.status_code for each in answers] == [200, 200, 403]
    assert error(answers[2]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert api.get("/limits").headers["Sforce-Limit-Info"] == "api-usage=1/100"


def test_a_person_changes_the_quota_on_the_control_page(api):
    form = {"limit": "7", "used": ""}
    browser = {"Accept": "text/html"}

    answer = api.post(f"{api.site}/__control/quota", data=form, headers=browser)
    wrong = api.post(f"{api.site}/__control/hide_field", data={})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/__control")
    assert api.get("/limits").json()["DailyApiRequests"]["Max"] == 7
    assert "name=used" in api.get(f"{api.site}/__control").text
    assert wrong.status_code == 400


@pytest.mark.parametrize(
    "kind, status, code",
    [
        ("unauthorized", 401, "INVALID_SESSION_ID"),
        ("quota", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("throttled", 429, "TOO_MANY_REQUESTS"),
        ("server_error", 500, "UNKNOWN_EXCEPTION"),
        ("unavailable", 503, "SERVER_UNAVAILABLE"),
        ("lock_row", 400, "UNABLE_TO_LOCK_ROW"),
    ],
)
def test_a_fault_is_worded_as_salesforce_words_it(api, kind, status, code):
    api.fault(kind, pattern="POST */sobjects/Account", seconds=3)

    refused = api.post("/sobjects/Account", json={"Name": "Faulty"})
    again = api.post("/sobjects/Account", json={"Name": "Faulty"})

    assert error(refused) == (status, code)
    assert again.status_code == 201
    assert api.names("WHERE Name = 'Faulty'") == ["Faulty"]


def test_a_delivery_may_happen_twice_or_without_an_answer(api):
    post = "POST */sobjects/Account"
    api.fault("twice", pattern=post)
    api.post("/sobjects/Account", json={"Name": "Twice"})
    api.fault("cut_after", pattern=post)

    with pytest.raises(httpx.RemoteProtocolError):
        api.post("/sobjects/Account", json={"Name": "Unheard"})

    assert api.names("WHERE Name = 'Twice'") == ["Twice", "Twice"]
    assert api.names("WHERE Name = 'Unheard'") == ["Unheard"]
