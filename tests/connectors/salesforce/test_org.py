"""What only Salesforce does, tried against the pretend one."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from crmapp.connectors.errors import AuthFailed, PermissionMissing, WrongInstance
from crmapp.connectors.salesforce.settings import Flow
from crmapp.connectors.sandbox.salesforce import apps
from tests.connectors.stores import InMemory
from tests.connectors.subjects import serving


@pytest.fixture
def org(tmp_path):
    with serving("salesforce", tmp_path) as subject:
        yield subject


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


def registered(org, key):
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    app = {"client_id": apps.CLIENT_ID, "public_key": public.decode()}
    httpx.post(f"{org.server.url}/__control/app", json=app).raise_for_status()


def signing(org, key, **more):
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    given = {"username": apps.USERNAME, "private_key": private, "client_secret": ""}
    return replace(org.settings, flow=Flow.JWT, **{**given, **more})


def test_a_signed_token_lets_us_in(org, key):
    registered(org, key)

    assert org.connect(settings=signing(org, key)).check().user == apps.USERNAME


def test_a_token_signed_by_another_key_does_not(org, key):
    registered(org, rsa.generate_private_key(65537, 2048))

    with pytest.raises(AuthFailed):
        org.connect(settings=signing(org, key)).check()


def test_a_user_that_is_not_there_is_told(org, key):
    registered(org, key)

    with pytest.raises(PermissionMissing, match="no such user"):
        org.connect(settings=signing(org, key, username="nobody@acme.example")).check()


def test_a_consumer_key_that_is_not_known_is_told(org):
    with pytest.raises(AuthFailed, match="consumer key"):
        org.connect(settings=replace(org.settings, client_id="nobody")).check()


def test_an_app_without_a_user_to_run_as_is_told(org):
    app = {"client_id": apps.CLIENT_ID, "client_credentials": False}
    httpx.post(f"{org.server.url}/__control/app", json=app).raise_for_status()

    with pytest.raises(AuthFailed, match="run as"):
        org.connect().check()


def test_a_version_that_is_not_spoken_is_told(org):
    with pytest.raises(WrongInstance, match=r"version 20\.0"):
        org.connect(settings=replace(org.settings, version="20.0")).check()


def test_every_field_of_an_account_can_be_read_with_the_names_behind_references(org):
    connector = org.connect()
    described = connector.describe("Account")
    names = [field.name for field in described.fields]
    names += [field.name_path for field in described.fields if field.name_path]
    first = next(connector.read_ids("Account"))[0]

    record = connector.read_one("Account", first, names)

    assert set(names) <= record.keys()
    assert record["Owner.Name"]
    assert record["BillingAddress"].count("\n") >= 1


def test_a_record_takes_one_request_though_the_user_may_not_see_what_it_refers_to(org):
    described = org.connect().describe("Account")
    names = ["DandbCompanyId", "OperatingHoursId", "OwnerId", "ParentId", "Name", "Phone"]
    paths = [described.field(name).name_path for name in names]
    assert paths == [None, None, "Owner.Name", "Parent.Name", None, None]
    first = next(org.connect().read_ids("Account"))[0]
    tokens = InMemory()

    for _ in range(2):  # the first signs in
        org.log.clear()
        connector = org.connect(tokens, known=[described])
        record = connector.read_one("Account", first, [*names, *filter(None, paths)])

    assert len(org.log) == 1
    assert record["Owner.Name"]


@pytest.mark.parametrize("rule", ["alert", "block"])
def test_a_duplicate_rule_that_alerts_does_not_hold_up_a_row(org, rule):
    connector = org.connect()
    connector.upsert(org.object, org.match, [org.row(1, "The same name")])
    org.control("duplicate_rule", rule=rule)

    other, twin = connector.upsert(org.object, org.match, [org.row(2), org.row(3, "The same name")])

    assert other.created
    assert bool(twin.created) is (rule == "alert")
    assert rule == "alert" or twin.error.code == "DUPLICATES_DETECTED"
