from __future__ import annotations

import pytest

from tests.support.intacct import Caller

CUSTOMERS = "/objects/accounts-receivable/customer"
NEW = {
    "id": "N1", "name": "New & Sons", "term": {"id": "Net 30"}, "territory": {"key": "2"},
    "contacts": {"default": {"email1": "a@new.example", "mailingAddress": {"city": "Lyon"}}},
    "creditLimit": 1234.5, "nsp::INTERESTS": ["Cars", "Ships"], "nsp::NEWSLETTER": True,
    "nsp::CONTRACT_END": "2027-12-31",
}  # fmt: skip


def customer(rest, key="93"):
    return rest.ask("GET", f"{CUSTOMERS}/{key}").json["ia::result"]


def error(response):
    return response.json["ia::result"]["ia::error"]


def test_a_list_has_a_reference_to_each_record(rest):
    answer = rest.ask("GET", "/objects/accounts-receivable/term").json

    assert answer["ia::result"][1] == {
        "key": "2", "id": "Net 15", "href": "/objects/accounts-receivable/term/2",
    }  # fmt: skip
    assert answer["ia::meta"]["totalCount"] == 6


def test_a_record_holds_objects_for_what_it_refers_to(rest):
    found = customer(rest, "1")

    assert found["term"] == {
        "key": "2",
        "id": "Net 15",
        "href": "/objects/accounts-receivable/term/2",
    }
    assert found["parent"] == {"key": None, "id": None, "name": None}
    assert found["territory"]["name"] == "Europe, Middle East and Africa"
    assert found["contacts"]["default"]["mailingAddress"]["city"] == "Manchester"
    assert found["audit"]["modifiedDateTime"] == "2024-01-09T09:00:00Z"
    assert found["audit"]["createdBy"] == "1"
    assert found["href"] == f"{CUSTOMERS}/1"


@pytest.mark.parametrize("key", ["999", "C001"])
def test_a_record_that_is_not_there_is_not_found(rest, key):
    response = rest.ask("GET", f"{CUSTOMERS}/{key}")

    assert response.status_code == 404
    assert error(response)["code"] == "notFound"


def test_a_record_is_created_from_its_objects(rest):
    response = rest.ask("POST", CUSTOMERS, NEW)

    assert response.status_code == 201
    assert response.json == {
        "ia::result": {"key": "93", "id": "N1", "href": f"{CUSTOMERS}/93"},
        "ia::meta": {"totalCount": 1, "totalSuccess": 1, "totalError": 0},
    }
    found = customer(rest)
    assert found["term"]["id"] == "Net 30"
    assert found["territory"]["id"] == "EMEA"
    assert found["contacts"]["default"]["id"] == "New & Sons(CN1)"
    assert found["contacts"]["default"]["mailingAddress"]["city"] == "Lyon"
    assert found["creditLimit"] == 1234.5
    assert found["nsp::INTERESTS"] == ["Cars", "Ships"]
    assert found["nsp::NEWSLETTER"] is True
    assert found["nsp::CONTRACT_END"] == "2027-12-31"


def test_what_is_wrong_is_said_in_the_details(rest):
    response = rest.ask("POST", CUSTOMERS, {"id": "C001", "term": {"id": "nope"}})

    assert response.status_code == 400
    assert error(response)["code"] == "operationFailed"
    assert [(each["errorId"], each["target"]) for each in error(response)["details"]] == [
        ("BL03000018", "name"), ("BL03002155", "term.id"), ("BL34000061", "id"),
    ]  # fmt: skip
    assert error(response)["details"][0]["message"] == "Required field name is missing"


@pytest.mark.parametrize(
    "payload, text",
    [
        ({"nope": 1}, "Unrecognized key nope"),
        ({"totalDue": "1"}, "totalDue is read-only"),
        ({"audit": {"createdBy": "1"}}, "audit.createdBy is read-only"),
        ({"nsp::NOPE": 1}, "Unrecognized key nsp::NOPE"),
        ({}, "requires a payload"),
        ([], "A batch holds"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused(rest, payload, text):
    response = rest.ask("POST", CUSTOMERS, payload)

    assert response.status_code == 400
    assert text in error(response)["message"]


def test_a_request_without_a_payload_is_refused(rest):
    assert error(rest.ask("POST", CUSTOMERS))["errorId"] == "REST-1028"


@pytest.mark.parametrize(
    "payload",
    [{"name": "a\x01b"}, {"name": 5}, {"advanceBillBy": 10**30}, {"creditLimit": "1e999"},
     {"creditLimit": True}, {"isOnHold": "maybe"}, {"nsp::CONTRACT_END": 2027}, {"term": "Net 30"},
     {"nsp::INTERESTS": [["Cars"]]}, {"nsp::LAST_AUDIT": "soon"}, {"name": "a" * 101}],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused(rest, payload):
    response = rest.ask("PATCH", f"{CUSTOMERS}/1", payload)

    assert response.status_code == 400
    assert error(response)["details"][0]["code"] in ("invalidValue", "invalidReference")


def test_the_entity_of_a_record_is_not_for_the_writer_to_choose(rest):
    rest.ask("POST", CUSTOMERS, {**NEW, "entity": {"key": "2"}})

    assert customer(rest)["entity"]["id"] is None


def test_what_is_left_out_stays_and_null_empties(rest):
    rest.ask("POST", CUSTOMERS, NEW)

    response = rest.ask(
        "PATCH", f"{CUSTOMERS}/93",
        {"term": None, "territory": {"id": None}, "creditLimit": None,
         "contacts": {"default": {"phone1": "1"}}},
    )  # fmt: skip

    found = customer(rest)
    assert response.status_code == 200
    assert found["term"] == {"key": None, "id": None}
    assert found["territory"]["id"] is None
    assert found["creditLimit"] is None
    assert found["name"] == "New & Sons"
    assert found["contacts"]["default"]["phone1"] == "1"
    assert found["contacts"]["default"]["email1"] == "a@new.example"


def test_each_item_of_a_batch_has_a_status_of_its_own(rest):
    response = rest.ask("POST", CUSTOMERS, [NEW, {"name": "without id"}, {**NEW, "id": "N2"}])

    assert response.status_code == 207
    items = response.json["ia::result"]
    assert [each["ia::status"] for each in items] == [201, 400, 201]
    assert items[1]["ia::error"]["details"][0]["target"] == "id"
    assert items[2]["id"] == "N2"
    assert response.json["ia::meta"] == {"totalCount": 3, "totalSuccess": 2, "totalError": 1}


def test_a_batch_that_is_all_good_or_all_bad_says_so_at_once(rest):
    assert rest.ask("POST", CUSTOMERS, [NEW]).status_code == 201
    assert rest.ask("POST", CUSTOMERS, [NEW, NEW]).status_code == 400


def test_an_atomic_batch_is_done_as_a_whole_or_not_at_all(rest):
    batch = [NEW, {**NEW, "id": "N2"}, {**NEW, "id": "C001"}, {**NEW, "id": "N3"}]

    response = rest.ask("POST", CUSTOMERS, batch, X_IA_API_Param_Transaction="true")

    assert [each["ia::status"] for each in response.json["ia::result"]] == [422, 422, 400, 422]
    assert rest.ask("GET", f"{CUSTOMERS}/93").status_code == 404


def test_several_records_are_changed_by_their_keys(rest):
    batch = [{"key": "1", "taxId": "a"}, {"key": "999", "taxId": "b"}]

    response = rest.ask("PATCH", CUSTOMERS, batch)

    assert [each["ia::status"] for each in response.json["ia::result"]] == [200, 404]
    assert customer(rest, "1")["taxId"] == "a"


def test_one_record_is_deleted_or_several(rest):
    rest.ask("POST", CUSTOMERS, [NEW, {**NEW, "id": "N2"}, {**NEW, "id": "N3"}])

    assert rest.ask("DELETE", f"{CUSTOMERS}/93").status_code == 204
    assert rest.ask("DELETE", f"{CUSTOMERS}/94,95").status_code == 204
    again = rest.ask("DELETE", f"{CUSTOMERS}/94,1")
    assert [each["ia::status"] for each in again.json["ia::result"]] == [404, 204]


def test_the_same_request_under_the_same_key_is_done_once(rest):
    first = rest.ask("POST", CUSTOMERS, NEW, Idempotency_Key="k-1")
    again = rest.ask("POST", CUSTOMERS, NEW, Idempotency_Key="k-1")
    other = rest.ask("POST", CUSTOMERS, {**NEW, "id": "N2"}, Idempotency_Key="k-1")

    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert error(other)["errorId"] == "REST-1095"


def test_a_request_that_failed_may_be_mended_under_its_key(rest):
    bad = rest.ask("POST", CUSTOMERS, {**NEW, "id": "C001"}, Idempotency_Key="k-1")
    good = rest.ask("POST", CUSTOMERS, NEW, Idempotency_Key="k-1")

    assert (bad.status_code, good.status_code) == (400, 201)


def test_who_may_only_view_is_refused_to_write(sandbox):
    viewer = Caller(sandbox, "crmapp_viewer")

    response = viewer.ask("POST", CUSTOMERS, NEW)

    assert viewer.ask("GET", f"{CUSTOMERS}/1").status_code == 200
    assert response.status_code == 403
    assert error(response)["code"] == "permissionDenied"


def test_an_unknown_entity_is_refused(rest):
    assert rest.ask("GET", f"{CUSTOMERS}/1", X_IA_API_Param_Entity="9").status_code == 400


@pytest.mark.parametrize("path", ["/objects/a/b", "/objects/a", "/services/core/nope", ""])
def test_what_is_not_there_is_not_found(rest, path):
    assert rest.ask("GET", path or "/").status_code == 404
