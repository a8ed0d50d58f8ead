from __future__ import annotations

import pytest

from crmapp.connectors.sandbox.intacct.objects import OBJECTS
from tests.support.intacct import query, record, texts


def described(gateway, name="CUSTOMER"):
    return gateway.data(f"<lookup><object>{name}</object></lookup>").find("Type")


def fields(gateway, name="CUSTOMER"):
    return {each.findtext("ID"): each for each in described(gateway, name).iterfind("Fields/Field")}


def test_a_field_says_what_it_is(gateway):
    name = fields(gateway)["NAME"]

    assert record(name) == {
        "ID": "NAME", "LABEL": "Customer name", "DESCRIPTION": "Customer name",
        "REQUIRED": "true", "READONLY": "false", "DATATYPE": "TEXT", "ISCUSTOM": "false",
    }  # fmt: skip


def test_pick_lists_say_their_values(gateway):
    found = fields(gateway)
    values = {
        id: [each.text for each in found[id].iterfind("VALIDVALUES/VALIDVALUE")]
        for id in ("STATUS", "CRM_TIER", "INTERESTS", "NAME")
    }

    assert values == {
        "STATUS": ["active", "inactive", "active non-posting"],
        "CRM_TIER": ["Gold", "Silver", "Bronze"],
        "INTERESTS": ["Cars", "Ships", "Planes", "Trains"],
        "NAME": [],
    }
    assert found["STATUS"].findtext("DATATYPE") == "TEXT"
    assert found["CRM_TIER"].findtext("DATATYPE") == "ENUM"


def test_the_customer_has_custom_fields_of_each_type(gateway):
    custom = [each for each in fields(gateway).values() if each.findtext("ISCUSTOM") == "true"]

    assert {each.findtext("DATATYPE") for each in custom} == {
        "TEXT", "ENUM", "MULTIPICKLIST", "INTEGER", "DECIMAL", "CURRENCY", "PERCENT", "DATE",
        "TIMESTAMP", "BOOLEAN",
    }  # fmt: skip


def test_relationships_say_by_which_field_they_lead_where(gateway):
    ways = [record(each) for each in described(gateway).iterfind("Relationships/Relationship")]

    assert {
        "OBJECTPATH": "TERM", "OBJECTNAME": "ARTERM", "LABEL": "Term",
        "RELATIONSHIPTYPE": "MANY2ONE", "RELATEDBY": "TERMNAME",
    } in ways  # fmt: skip


@pytest.mark.parametrize("name", OBJECTS)
def test_every_field_that_lookup_names_can_be_queried(gateway, name):
    ids = list(fields(gateway, name))

    data = gateway.data(query(name, *ids, size=1))

    assert [each.tag for each in data[0]] == ids


def test_an_object_that_is_not_there_is_not_described(gateway):
    result = gateway.do("<lookup><object>NOPE</object></lookup>")

    assert texts(result)[0].startswith("Object definition NOPE not found")


def test_inspect_lists_all_objects(gateway):
    data = gateway.data("<inspect><object>*</object></inspect>")

    assert {each.get("typename"): each.text for each in data}["ARTERM"] == "AR term"
    assert len(data) == len(OBJECTS)


def test_inspect_names_the_fields_of_one_object_or_details_them(gateway):
    short = gateway.data("<inspect><object>DEPARTMENT</object></inspect>").find("Type")
    long = gateway.data('<inspect detail="1"><name>Department</name></inspect>').find("Type")

    names = [each.text for each in short.iterfind("Fields/Field")]
    details = {each.findtext("Name"): each for each in long.iterfind("Fields/Field")}
    assert names == list(details)
    assert details["TITLE"].findtext("isRequired") == "true"
    assert details["TITLE"].findtext("maxLength") == "80"
    assert long.findtext("Attributes/PluralName") == "Departments"


def test_dimensions_include_those_that_the_company_made(gateway):
    listed = [record(each) for each in gateway.data("<getDimensions/>").iterfind("*/dimension")]

    own = [each["objectName"] for each in listed if each["userDefinedDimension"] == "true"]
    assert own == ["sales_channel"]
    assert {"CUSTOMER", "DEPARTMENT", "LOCATION", "CLASS"} <= {
        each["objectName"] for each in listed
    }
