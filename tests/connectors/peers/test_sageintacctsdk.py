"""The ``sageintacctsdk`` of others works against the sandbox, unmodified except for its address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sageintacctsdk import SageIntacctSDK
from sageintacctsdk.apis.api_base import ApiBase
from sageintacctsdk.apis.constants import dimensions_fields_mapping
from sageintacctsdk.exceptions import (
    InvalidTokenError,
    NoPrivilegeError,
    SageIntacctSDKError,
    WrongParamsError,
)

from crmapp.connectors.sandbox.faults import Fault, Kind
from crmapp.connectors.sandbox.intacct import company, create_app, records
from crmapp.connectors.sandbox.intacct.app import Intacct
from crmapp.connectors.sandbox.intacct.gateway.answering import PATH
from crmapp.connectors.sandbox.intacct.objects import OBJECTS
from crmapp.connectors.sandbox.serving import Server

NEW = {
    "CUSTOMERID": "N1",
    "NAME": "New & Sons",
    "DISPLAYCONTACT": {"PRINTAS": "New", "MAILADDRESS": {"CITY": "Lyon"}},
    "TERMNAME": "Net 30",
}
SignIn = Callable[..., SageIntacctSDK]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Intacct]:
    app = create_app(tmp_path)
    yield app
    app.store.close()


@pytest.fixture
def sign_in(sandbox: Intacct, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignIn]:
    with Server(sandbox) as server:
        made = ApiBase.__init__

        def elsewhere(self: ApiBase, *args: Any, **more: Any) -> None:
            made(self, *args, **more)
            self._ApiBase__api_url = f"{server.url}{PATH}"

        monkeypatch.setattr(ApiBase, "__init__", elsewhere)

        def sign_in(**changed: Any) -> SageIntacctSDK:
            given = {
                "sender_id": company.SENDER,
                "sender_password": company.SENDER_PASSWORD,
                "user_id": "crmapp_sync",
                "company_id": company.COMPANY,
                "user_password": company.PASSWORD,
            }
            return SageIntacctSDK(**given | changed)

        yield sign_in


@pytest.fixture
def sdk(sign_in: SignIn) -> SageIntacctSDK:
    return sign_in()


def test_it_counts(sdk):
    assert sdk.customers.count() == 88
    assert sdk.customers.count(None) == 92
    assert (
        sdk.customers.count(and_filter=[("like", "NAME", "L%"), ("equalto", "STATUS", "active")])
        == 4
    )


def test_it_gets_all_customers(sdk):
    found = sdk.customers.get_all()

    assert [each["CUSTOMERID"] for each in found] == [f"C{number:03}" for number in range(1, 93)]
    assert found[0]["NAME"] == "AV Stores, Co."
    assert found[0]["WHENCREATED"] == "01/09/2024 09:00:00"


def test_it_gets_all_in_pages(sandbox, sdk):
    with sandbox.store.writing() as connection:
        rows = [{"DEPARTMENTID": f"D{n}", "TITLE": f"Department {n}"} for n in range(4500)]
        records.insert_many(connection, OBJECTS["DEPARTMENT"], rows, at="2026-01-01T00:00:00Z")

    pages = list(sdk.departments.get_all_generator(order_by_field="RECORDNO", order="ascending"))

    assert [len(each) for each in pages] == [2000, 2000, 508]
    assert len({row["DEPARTMENTID"] for page in pages for row in page}) == 4508


def test_it_gets_what_changed(sdk):
    pages = sdk.customers.get_all_generator(updated_at="04/08/2024 09:00:00")

    assert [row["CUSTOMERID"] for page in pages for row in page] == ["C091", "C092"]


def test_it_gets_one_by_the_legacy_query(sdk):
    found = sdk.customers.get("CUSTOMERID", "C001")["customer"]

    assert found["DISPLAYCONTACT.MAILADDRESS.CITY"] == "Manchester"
    assert found["INTERESTS"] == "Cars#~#Planes"


def test_it_queries_with_conditions(sdk):
    found = sdk.customers.get_by_query(
        fields=["CUSTOMERID", "TERRITORYNAME"],
        and_filter=[
            ("in", "CUSTOMERID", ["C001", "C002", "C011"]),
            ("equalto", "TERRITORYID", "EMEA"),
        ],
    )

    assert found == [
        {"CUSTOMERID": "C001", "TERRITORYNAME": "Europe, Middle East and Africa"},
        {"CUSTOMERID": "C002", "TERRITORYNAME": "Europe, Middle East and Africa"},
    ]


def test_it_reads_by_query(sdk):
    data = sdk.customers.read_by_query(["CUSTOMERID"])["data"]

    assert data["@totalcount"] == "92"
    assert data["@numremaining"] == "0"
    assert data["customer"][91] == {"CUSTOMERID": "C092"}


def test_it_looks_an_object_up(sdk):
    described = sdk.customers.get_lookup()["Type"]

    fields = {each["ID"]: each for each in described["Fields"]["Field"]}
    assert described["@Name"] == "CUSTOMER"
    assert fields["STATUS"]["VALIDVALUES"]["VALIDVALUE"] == [
        "active",
        "inactive",
        "active non-posting",
    ]
    assert fields["CRM_TIER"]["ISCUSTOM"] == "true"
    assert "TERM" in [each["OBJECTPATH"] for each in described["Relationships"]["Relationship"]]


def test_it_creates_updates_and_deletes_a_customer(sdk):
    created = sdk.customers.post(NEW)
    updated = sdk.customers.update({"CUSTOMERID": "N1", "NAME": "Newer", "TERMNAME": None})
    [found] = sdk.customers.get_all("CUSTOMERID", "N1", fields=[
        "RECORDNO", "NAME", "TERMNAME", "DISPLAYCONTACT.MAILADDRESS.CITY",
    ])  # fmt: skip
    deleted = sdk.customers.delete(found["RECORDNO"])

    assert created["data"]["customer"] == {"RECORDNO": "93", "CUSTOMERID": "N1"}
    assert updated["status"] == "success"
    assert found == {
        "RECORDNO": "93", "NAME": "Newer", "TERMNAME": None,
        "DISPLAYCONTACT.MAILADDRESS.CITY": "Lyon",
    }  # fmt: skip
    assert deleted["status"] == "success"
    assert sdk.customers.count(None) == 92


def test_it_learns_why_a_customer_is_refused(sdk):
    with pytest.raises(WrongParamsError) as refused:
        sdk.customers.post(NEW | {"CUSTOMERID": "C001", "TERRITORYID": "X"})

    errors = refused.value.response["error"]
    assert [each["errorno"] for each in errors] == ["BL03002155", "BL34000061", "BL01001973"]
    assert errors[0]["description2"].startswith("The Territory 'X' is invalid.")
    assert "Support ID: Kxi78 EZ" in errors[0]["description2"]  # the client decodes the first


def test_it_learns_which_fields_are_unknown(sdk):
    with pytest.raises(WrongParamsError) as refused:
        sdk.customers.get_all(fields=["NAME", "NOPE"])

    assert "\n\tCUSTOMER: [NOPE]" in refused.value.response["error"][0]["description2"]


def test_it_gets_dimensions_and_the_values_of_one(sdk):
    own = [each for each in sdk.dimensions.get_all() if each["userDefinedDimension"] == "true"]
    values = sdk.dimension_values.get_all(own[0]["objectName"])

    assert [each["name"] for each in values] == ["Direct", "Distributor", "Web", "Trade fair"]
    assert len(sdk.dimensions.get_objects()["type"]) == len(OBJECTS)


@pytest.mark.parametrize(
    "api",
    [
        "contacts",
        "departments",
        "locations",
        "location_entities",
        "classes",
        "employees",
        "projects",
        "items",
    ],
)
def test_it_gets_the_other_objects_with_the_fields_that_it_knows(sdk, api):
    found = getattr(sdk, api).get_all()

    wanted = dimensions_fields_mapping[getattr(sdk, api)._ApiBase__dimension]
    assert len(found) >= 2
    assert set(found[0]) == set(wanted)


def test_it_works_in_one_entity_and_shows_what_is_private(sdk, sign_in):
    assert sdk.departments.count() == 8
    assert sign_in(entity_id="200").departments.count() == 9
    assert sign_in(show_private=True).departments.count() == 9


def test_it_goes_on_with_a_session_until_that_expires(sandbox, sdk, sign_in):
    session = sdk._SageIntacctSDK__session_id
    again = sign_in(session_id=session, user_password="not needed")

    assert again.customers.count() == 88
    sandbox.company.expire_sessions()
    with pytest.raises(InvalidTokenError):
        again.customers.count()


@pytest.mark.parametrize(
    "changed, error",
    [
        ({"user_password": "wrong"}, InvalidTokenError),
        ({"company_id": "elsewhere"}, InvalidTokenError),
        ({"sender_id": company.STRANGER, "sender_password": company.STRANGER_PASSWORD},
         InvalidTokenError),
        ({"sender_password": "wrong"}, WrongParamsError),
        ({"sender_id": "nobody"}, WrongParamsError),
    ],
)  # fmt: skip
def test_it_is_not_let_in_with_wrong_credentials(sign_in, changed, error):
    with pytest.raises(error):
        sign_in(**changed)


def test_it_is_refused_to_write_without_the_permission(sign_in):
    viewer = sign_in(user_id="crmapp_viewer")

    assert viewer.customers.count() == 88
    with pytest.raises(NoPrivilegeError):
        viewer.customers.post(NEW)


@pytest.mark.parametrize("kind", [Kind.THROTTLED, Kind.QUOTA])
def test_it_learns_that_it_asked_too_much(sandbox, sdk, kind):
    sandbox.faults.add(Fault(kind))

    with pytest.raises(SageIntacctSDKError) as refused:
        sdk.customers.count()

    assert "API rate limit exceeded" in str(refused.value)
