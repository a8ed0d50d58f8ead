from __future__ import annotations

import pytest

from crmapp.domain.managed_lists import MANAGED_LISTS
from tests.support.intacct import query

CUSTOMER = "accounts-receivable/customer"
COUNTRY = "contacts.default.mailingAddress.country"


def ids(rest, *filters, **more):
    answer = rest.query(CUSTOMER, ["id"], filters=list(filters), size=4000, **more)
    return [row["id"] for row in answer["ia::result"]]


def refused(rest, **payload):
    response = rest.ask("POST", "/services/core/query", {"object": CUSTOMER, **payload})
    assert response.status_code == 400
    return response.json["ia::result"]["ia::error"]


def test_a_page_says_where_it_lies_and_what_lies_around_it(rest):
    first = rest.query(CUSTOMER, ["id"], size=40)
    second = rest.query(CUSTOMER, ["id"], size=40, start=41)
    last = rest.query(CUSTOMER, ["id"], size=40, start=81)

    assert [each["ia::meta"] for each in (first, second, last)] == [
        {"totalCount": 92, "start": 1, "pageSize": 40, "next": 41, "previous": None},
        {"totalCount": 92, "start": 41, "pageSize": 40, "next": 81, "previous": 1},
        {"totalCount": 92, "start": 81, "pageSize": 40, "next": None, "previous": 41},
    ]
    assert second["ia::result"][0] == {"id": "C041"}


def test_rows_are_flat_and_named_by_the_paths_that_asked(rest):
    fields = [
        "key", "id", "href", "term.id", "term.key", "term.href", "term.description",
        "territory.name", "contacts.default.mailingAddress.city", "parent.id", "status",
        "creditLimit", "totalDue", "isOnHold", "audit.modifiedDateTime", "nsp::INTERESTS",
        "nsp::LOYALTY_POINTS",
    ]  # fmt: skip

    [row] = rest.query(CUSTOMER, fields, filters=[{"$eq": {"id": "C001"}}])["ia::result"]

    assert row == {
        "key": "1", "id": "C001", "href": "/objects/accounts-receivable/customer/1",
        "term.id": "Net 15", "term.key": "2", "term.href": "/objects/accounts-receivable/term/2",
        "term.description": "Net 15 days", "territory.name": "Europe, Middle East and Africa",
        "contacts.default.mailingAddress.city": "Manchester", "parent.id": None,
        "status": "active", "creditLimit": 15000.0, "totalDue": "137.50", "isOnHold": False,
        "audit.modifiedDateTime": "2024-01-09T09:00:00Z", "nsp::INTERESTS": ["Cars", "Planes"],
        "nsp::LOYALTY_POINTS": 10,
    }  # fmt: skip


@pytest.mark.parametrize(
    "filter, found",
    [
        ({"$eq": {"name": "La Rochelle Gifts"}}, 1),
        ({"$ne": {"status": "active"}}, 4),
        ({"$lt": {"key": "4"}}, 3),
        ({"$lte": {"key": 4}}, 4),
        ({"$gt": {"creditLimit": 40000}}, 20),
        ({"$gte": {"audit.modifiedDateTime": "2024-04-08T09:00:00Z"}}, 2),
        ({"$gte": {"audit.modifiedDateTime": "2024-04-08T11:00:00+02:00"}}, 2),
        ({"$in": {"id": ["C001", "C002", "X"]}}, 2),
        ({"$notIn": {"territory.id": ["NA", "EMEA"]}}, 10),
        ({"$between": {"creditLimit": [10000, 15000]}}, 21),
        ({"$contains": {"name": "Gift"}}, 19),
        ({"$contains": {"name": "%"}}, 0),
        ({"$startsWith": {"name": "La "}}, 2),
        ({"$endsWith": {"name": "Ltd."}}, 7),
        ({"$eq": {"taxId": None}}, 92),
        ({"$ne": {"term.id": None}}, 92),
        ({"$eq": {"isOnHold": True}}, 5),
        ({"$eq": {COUNTRY: "France"}}, 12),
        ({"$eq": {"nsp::CRM_TIER": "Gold"}}, 30),
        ({"$eq": {"customerRestriction": "unrestricted"}}, 92),
    ],
)
def test_a_filter_finds_what_it_says(rest, filter, found):
    assert rest.query(CUSTOMER, ["id"], filters=[filter], size=1)["ia::meta"]["totalCount"] == found


def test_filters_are_combined_as_the_expression_says(rest):
    filters = (
        {"$eq": {COUNTRY: "France"}},
        {"$eq": {"id": "C001"}},
        {"$startsWith": {"name": "L"}},
    )

    assert ids(rest, *filters) == []
    assert ids(rest, *filters, filterExpression="and") == []
    assert len(ids(rest, *filters[:2], filterExpression="or")) == 13
    assert len(ids(rest, *filters, filterExpression="(1 or 2) and 3")) == 3
    assert len(ids(rest, *filters, filterExpression="1 OR 2 AND 3")) == 12


def test_rows_come_in_the_order_that_was_asked_for(rest):
    found = ids(rest, {"$in": {"id": ["C001", "C002", "C003"]}}, orderBy=[{"name": "desc"}])

    assert found == ["C003", "C002", "C001"]


def test_letters_count_unless_told_otherwise(rest):
    filter = {"$startsWith": {"name": "la rochelle"}}

    assert ids(rest, filter) == []
    assert ids(rest, filter, filterParameters={"caseSensitiveComparison": False}) == ["C045"]


def test_private_records_show_when_they_are_asked_for(rest):
    hidden = rest.query("company-config/department", ["id"])
    shown = rest.query(
        "company-config/department", ["id"], filterParameters={"includePrivate": True}
    )
    inside = rest.ask(
        "POST", "/services/core/query", {"object": "company-config/department", "fields": ["id"]},
        X_IA_API_Param_Entity="200",
    ).json  # fmt: skip

    counts = [each["ia::meta"]["totalCount"] for each in (hidden, shown, inside)]
    assert counts == [8, 9, 9]


@pytest.mark.parametrize("each", MANAGED_LISTS.values(), ids=MANAGED_LISTS)
def test_every_managed_list_has_the_same_values_in_both_interfaces(rest, gateway, each):
    fields = ["key", each.rest_key, each.rest_name, "status", "audit.modifiedDateTime"]
    by_rest = rest.query(each.rest_object, fields)["ia::result"]
    by_xml = gateway.rows(query(each.xml_object, each.xml_key, each.xml_name))

    assert [(row[each.rest_key], row[each.rest_name]) for row in by_rest] == [
        (row[each.xml_key], row[each.xml_name]) for row in by_xml
    ]
    assert all(row["status"] == "active" for row in by_rest)


@pytest.mark.parametrize(
    "payload, number",
    [
        ({"fields": ["id"], "includePrivate": True}, "REST-1055"),
        ({"fields": ["id"], "filterParameters": {"x": 1}}, "REST-1055"),
        ({"fields": ["id"], "size": 4001}, "REST-1068"),
        ({"fields": ["id"], "size": 0}, "REST-1068"),
        ({"fields": ["id"], "start": 0}, "REST-1068"),
        ({"fields": ["id"], "filters": [{"$like": {"name": "x"}}]}, "REST-1062"),
        ({"fields": ["id"], "filters": [{"$between": {"name": ["x"]}}]}, "REST-1063"),
        ({"fields": ["id"], "filters": [{"$gt": {"creditLimit": "much"}}]}, "REST-1065"),
        ({"fields": ["id"], "filters": ["x"]}, "REST-1061"),
        ({"fields": ["id"], "filters": [{"$eq": {"name": ["x", "y"]}}]}, "REST-1063"),
        ({"fields": ["id"], "filters": [{"$in": {"name": []}}]}, "REST-1063"),
        ({"fields": 5}, "REST-1068"),
        ({"fields": ["id"], "filterExpression": 5}, "REST-1068"),
        ({"fields": ["id"], "filterParameters": ["x"]}, "REST-1068"),
        ({"fields": ["id"], "size": True}, "REST-1068"),
        ({"fields": ["id"], "filters": [{"$eq": {"nope": 1}}]}, "REST-1070"),
        ({"fields": ["id"], "orderBy": [{"name": "up"}]}, "REST-1067"),
    ],
)
def test_a_query_that_is_wrong_is_refused(rest, payload, number):
    assert refused(rest, **payload)["errorId"] == number


@pytest.mark.parametrize("expression", ["1 and", "(1", "2", "1 xor 1", "1 1", "0"])
def test_an_expression_that_is_wrong_is_refused(rest, expression):
    filters = [{"$eq": {"id": "C001"}}]

    error = refused(rest, fields=["id"], filters=filters, filterExpression=expression)

    assert error["errorId"] == "REST-1066"


def test_an_unknown_field_is_named(rest):
    error = refused(rest, fields=["id", "nope"])

    assert error["code"] == "invalidRequest"
    assert error["additionalInfo"]["placeholders"] == {"FIELD": "nope"}


def test_an_unknown_object_is_not_found(rest):
    response = rest.ask("POST", "/services/core/query", {"object": "a/b", "fields": ["id"]})

    assert response.status_code == 404
    assert response.json["ia::result"]["ia::error"]["code"] == "notFound"


def test_the_model_lists_the_objects(rest):
    listed = rest.ask("GET", "/services/core/model").json["ia::result"]

    paths = [each["apiObject"] for each in listed]
    assert "objects/accounts-receivable/customer" in paths
    assert "objects/platform-apps/nsp::sales_channel" in paths
    assert {each["type"] for each in listed} == {"rootObject"}


def test_the_model_of_an_object_has_fields_groups_and_references(rest):
    path = f"/services/core/model?name={CUSTOMER}&schema=true"

    model = rest.ask("GET", path).json["ia::result"]

    assert model["fields"]["status"]["enum"] == ["active", "inactive", "activeNonPosting"]
    assert model["fields"]["name"]["required"] is True
    assert model["fields"]["nsp::INTERESTS"]["type"] == "array"
    assert model["groups"]["audit"]["fields"]["modifiedDateTime"]["format"] == "date-time"
    assert model["refs"]["term"]["apiObject"] == "accounts-receivable/term"
    assert set(model["refs"]["territory"]["fields"]) == {"key", "id", "name", "href"}
    assert model["groups"]["contacts"]["refs"]["default"]["apiObject"] == "company-config/contact"
    assert model["idempotenceSupported"] is True


def test_every_field_of_the_model_can_be_queried(rest):
    for object in ("accounts-receivable/customer", "company-config/employee"):
        model = rest.ask("GET", f"/services/core/model?name={object}").json["ia::result"]
        paths = [*model["fields"], *(
            f"{ref}.{name}" for ref, each in model["refs"].items() for name in each["fields"]
        )]  # fmt: skip

        [row] = rest.query(object, paths, size=1)["ia::result"]

        assert list(row) == paths


def test_dimensions_include_those_that_the_company_made(rest):
    listed = rest.ask("GET", "/services/company-config/dimensions/list").json["ia::result"]

    own = [each for each in listed if each["isUserDefinedDimension"]]
    assert [each["dimensionEndpoint"] for each in own] == [
        "/objects/platform-apps/nsp::sales_channel"
    ]
    assert [each["termName"] for each in own] == ["Sales channel"]


def test_a_session_of_the_gateway_is_opened_by_a_token(rest, gateway):
    session = rest.ask("GET", "/services/core/session/id").json["ia::result"]["sessionId"]

    who = f"<sessionid>{session}</sessionid>"

    assert gateway.data(query("CUSTOMER", "NAME"), who=who).get("totalcount") == "92"
