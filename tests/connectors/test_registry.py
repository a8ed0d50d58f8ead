from __future__ import annotations

from dataclasses import fields, replace

import pytest

from crmapp.connectors.errors import WrongInstance
from crmapp.connectors.intacct.settings import IntacctRestSettings, IntacctXmlSettings
from crmapp.connectors.registry import REGISTRY, Kind, connect, reach
from crmapp.connectors.salesforce.settings import Flow, SalesforceSettings
from tests.connectors.stores import InMemory

GIVEN = {
    Kind.SALESFORCE: SalesforceSettings(
        "https://acme.my.salesforce.com/", "id", client_secret="s3cret-1", private_key="s3cret-2"
    ),
    Kind.INTACCT_REST: IntacctRestSettings("acme", "sync", "id", "s3cret-1"),
    Kind.INTACCT_XML: IntacctXmlSettings("sender", "acme", "sync", "s3cret-1", "s3cret-2"),
}


@pytest.mark.parametrize("kind", Kind)
def test_a_form_asks_for_every_setting_and_no_other(kind):
    registered = REGISTRY[kind]

    assert {field.name for field in registered.fields} == {
        field.name for field in fields(registered.settings)
    }


@pytest.mark.parametrize("kind", Kind)
def test_secrets_are_asked_for_as_such_and_never_shown(kind):
    settings = GIVEN[kind]
    secret = {field.name for field in REGISTRY[kind].fields if field.secret}

    hidden = {field.name for field in fields(settings) if not field.repr}

    assert secret == hidden
    assert "s3cret" not in repr(settings)
    assert set(settings.secrets) == {getattr(settings, name) for name in secret}


def test_a_flow_asks_for_what_it_needs():
    asked = {
        flow: {
            field.name
            for field in REGISTRY[Kind.SALESFORCE].fields
            if field.required and (not field.only_for or flow in field.only_for)
        }
        for flow in Flow
    }

    assert asked[Flow.CLIENT_CREDENTIALS] - asked[Flow.WEB] == {"client_secret"}
    assert asked[Flow.JWT] - asked[Flow.WEB] == {"private_key", "username"}


def test_set_up_speaks_of_external_client_apps():
    texts = " ".join(field.help for field in REGISTRY[Kind.SALESFORCE].fields)

    assert "External Client App" in texts
    assert "Connected App" not in texts


@pytest.mark.parametrize(
    "kind, url",
    [
        ("salesforce", "https://acme.my.salesforce.com"),
        ("salesforce", "https://acme--uat.sandbox.my.salesforce.com"),
        ("salesforce", "https://login.salesforce.com"),
        ("intacct_rest", "https://api.intacct.com/ia/api/v1"),
        ("intacct_xml", "https://api-p02.intacct.com/ia/xml/xmlgw.phtml"),
    ],
)
def test_the_systems_own_addresses_may_be_reached(kind, url):
    assert reach(kind, sandbox=False).checked(url)


@pytest.mark.parametrize(
    "kind, url",
    [
        ("salesforce", "https://acme.lightning.force.com"),
        ("salesforce", "https://acme.my.salesforce.com.evil.example"),
        ("salesforce", "https://evil-salesforce.com"),
        ("salesforce", "https://my.salesforce.com.evil.example"),
        ("salesforce", "http://acme.my.salesforce.com"),
        ("intacct_rest", "https://intacct.com.evil.example"),
        ("intacct_rest", "https://evilintacct.com"),
        ("intacct_xml", "https://169.254.169.254/latest/meta-data"),
    ],
)
def test_other_addresses_may_not(kind, url):
    with pytest.raises(WrongInstance):
        reach(kind, sandbox=False).checked(url)


def test_an_address_in_the_settings_that_is_not_allowed_is_refused_before_anything_is_sent():
    settings = replace(GIVEN[Kind.INTACCT_XML], url="https://evil.example/xmlgw.phtml")
    log = []

    with (
        connect("intacct_xml", settings, InMemory(), log.append) as connector,
        pytest.raises(WrongInstance, match=r"evil\.example"),
    ):
        connector.check()

    assert log == []


@pytest.mark.parametrize("kind", Kind)
def test_a_connector_says_what_it_can_do(kind):
    with connect(kind, GIVEN[kind], InMemory(), lambda _exchange: None) as connector:
        assert connector.capabilities.delta
        assert connector.capabilities.max_batch >= 1000
        assert connector.capabilities.concurrency == (5 if kind is Kind.SALESFORCE else 2)
        assert "s3cret" not in repr(connector)
