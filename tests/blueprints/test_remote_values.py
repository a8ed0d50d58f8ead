"""How values of other systems are written: by their kind, and harmless whatever they hold."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from flask_babel import force_locale

from crmapp.blueprints.accounts.remote_values import NOTHING, written
from crmapp.connectors.port import RemoteField, RemoteKind
from crmapp.services.account_details import Detail


def detail(kind, value, name=None, scale=None):
    return Detail(
        "X__c", RemoteField("X__c", "X", RemoteKind(kind), kind, scale=scale), value, name
    )


@pytest.fixture(autouse=True)
def request_of_somebody(app):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


@pytest.mark.parametrize(
    "kind, value, said",
    [
        ("percent", Decimal("12.5"), "12.5%"),
        ("percent", Decimal("7"), "7%"),
        ("integer", 145000, "145,000"),
        ("number", Decimal("0.250"), "0.250"),
        ("time", time(8, 30), "8:30\u202fAM"),
        ("yes_no", False, "No"),
        ("date", date(2026, 11, 1), "Nov 1, 2026"),
        ("text", "<b>Acme</b>", "&lt;b&gt;Acme&lt;/b&gt;"),
        ("email", "a@b.example", '<a href="mailto:a@b.example">a@b.example</a>'),
        ("phone", "+33 1 23", '<a href="tel:+33123">+33 1 23</a>'),
        ("address", "1 Rue\nLyon", '<span class="pre">1 Rue\nLyon</span>'),
        ("rich_text", "<p>Hi <b>you</b></p>", '<div class="rich"><p>Hi <b>you</b></p></div>'),
    ],
)
def test_a_value_is_written_by_its_kind(kind, value, said):
    assert written(detail(kind, value)) == said


@pytest.mark.parametrize(
    "kind, value, scale, said",
    [
        ("money", "1234567.5", 2, "1,234,567.50"),
        ("money", "5.0", 0, "5"),
        ("number", "3.0", 0, "3"),
        ("percent", "12.5", 2, "12.50%"),
    ],
)
def test_a_number_has_as_many_decimals_as_its_field_keeps(kind, value, scale, said):
    assert written(detail(kind, Decimal(value), scale=scale)) == said


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_value_is_shown_as_such(value):
    assert written(detail("text", value)) == NOTHING


def test_a_moment_is_in_the_readers_language_and_zone():
    moment = datetime(2026, 11, 1, 10, tzinfo=UTC)

    assert "10:00" in written(detail("date_time", moment))
    with force_locale("fr"):
        assert written(detail("date_time", moment)).startswith("1 nov. 2026")


def test_a_reference_is_written_as_its_name():
    assert written(detail("reference", "0058d000001", "Ada <Lovelace>")) == "Ada &lt;Lovelace&gt;"


def test_several_values_of_a_pick_list_are_apart():
    assert written(detail("multi_pick_list", "A;B & C")).count('class="tag"') == 2


@pytest.mark.parametrize("address", ["www.acme.example", "https://acme.example/x?y=1"])
def test_an_address_can_be_followed(address):
    assert f'href="{address}"' in written(detail("url", address)) or (
        f'href="https://{address}"' in written(detail("url", address))
    )


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "javascript://x/%0aalert(1)", "data:text/html,x", "http://[x"],
)
def test_an_address_that_no_browser_should_follow_is_a_text(address):
    assert "href" not in written(detail("url", address))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src="https://elsewhere.example/x" onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="/accounts/2">x</a>',
        '<a href="//elsewhere.example">x</a>',
        '<p style="position:fixed" onclick="alert(1)">x</p>',
        "<iframe src='https://elsewhere.example'></iframe>",
    ],
)
def test_rich_text_does_no_harm(text):
    html = written(detail("rich_text", text))

    for evil in (
        "<script",
        "<img",
        "javascript:",
        "style=",
        "onclick",
        "onerror",
        "<iframe",
        "href=",
    ):
        assert evil not in html
