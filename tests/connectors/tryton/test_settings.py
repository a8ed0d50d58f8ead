from __future__ import annotations

import pytest

from crmapp.connectors.errors import WrongInstance
from crmapp.connectors.tryton.settings import FIELDS, Customers, TrytonSettings, reach

KEPT = {"url": "https://erp.acme.example", "database": "acme", "user": "reader", "password": "pw"}


def test_settings_come_back_from_what_was_kept():
    settings = TrytonSettings.from_json({**KEPT, "customers": "sale", "of_another_release": 1})

    assert settings.customers is Customers.SALE
    assert settings.category == ""
    assert TrytonSettings.from_json(KEPT).customers is Customers.ALL


def test_the_password_is_not_shown():
    assert "pw" not in repr(TrytonSettings(**KEPT))


def test_every_setting_is_asked_for():
    assert [each.name for each in FIELDS] == list(TrytonSettings.__dataclass_fields__)
    assert [each.name for each in FIELDS if each.secret] == ["password"]


@pytest.mark.parametrize(
    "typed,base",
    [
        ("https://erp.acme.example/", "https://erp.acme.example"),
        (" https://erp.acme.example/#acme ", "https://erp.acme.example"),
        ("http://tryton:8000/acme/rpc/", "http://tryton:8000"),
        ("http://[", "http://["),
    ],
)
def test_an_address_is_taken_without_its_path(typed, base):
    assert TrytonSettings(typed, "acme", "reader", "pw").base == base


@pytest.mark.parametrize(
    "url", ["http://erp.acme.example", "http://tryton:8000", "https://tryton", "https://10.0.0.7"]
)
def test_a_host_that_the_operator_does_not_name_is_asked_only_in_the_world(url):
    with pytest.raises(WrongInstance):
        reach(["other"]).checked(url)


@pytest.mark.parametrize(
    "url", ["https://erp.acme.example", "http://tryton:8000", "http://10.0.0.7"]
)
def test_a_host_that_the_operator_names_may_be_anywhere(url):
    assert reach(["Tryton ", "10.0.0.7"]).checked(url).hostname
