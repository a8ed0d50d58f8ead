from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import render_template_string
from flask_babel import refresh
from flask_login import login_user

from crmapp import config
from crmapp.db import utcnow
from crmapp.i18n import Text
from crmapp.web import templating
from crmapp.web.texts import translated


@pytest.fixture
def french(app):
    with app.test_request_context("/login?page=2&q=a", headers={"Accept-Language": "fr-FR,fr"}):
        yield


@pytest.fixture
def english(app):
    with app.test_request_context("/login?page=2&q=a"):
        yield


def test_a_macro_speaks_the_language_of_each_reader(app):
    said = []
    for language in ("en", "fr", "en"):
        with app.test_request_context(headers={"Accept-Language": language}):
            refresh()  # the test's own context has remembered a language
            said.append("Before" in render_template_string("{{ ui.diff([]) }}"))

    assert said == [True, False, True]


def test_a_text_from_below_counts_as_the_reader_writes_numbers(french):
    text = Text("Only %(count)s rows of run %(id)s", {"count": 29766, "id": 12345})

    assert translated(text) == "Only 29\u202f766 rows of run 12345"


def test_how_long_a_text_may_be_is_written_as_the_reader_writes_numbers(english):
    text = Text("Too long: %(length)s, at most %(limit)s.", {"length": 30_000, "limit": 20_000})

    assert translated(text) == "Too long: 30,000, at most 20,000."


def test_a_filtered_constant_speaks_the_language_of_each_reader(app):
    template = app.jinja_env.from_string("{{ 1234.5 | money }} {{ 'Save' | t }}")
    said = []
    for language in ("en", "fr"):
        with app.test_request_context(headers={"Accept-Language": language}):
            refresh()
            said.append(template.render())

    assert said == ["1,234.50 Save", "1\u202f234,50 Sauvegarder"]


def test_an_unknown_macro_is_an_error(app, english):
    with pytest.raises(AttributeError, match="no macro 'nonsense'"):
        app.jinja_env.globals["ui"].nonsense  # noqa: B018  reading it is the test


def test_values_from_people_are_escaped_by_macros(english):
    shown = render_template_string("{{ ui.tag(name) }}", name="<b>bold</b>")

    assert "&lt;b&gt;" in shown


def test_numbers_are_written_as_the_reader_does(french):
    assert templating.money(Decimal("-1234567.5")) == "-1\u202f234\u202f567,50"
    assert templating.money(Decimal("12.5"), "EUR") == "12,50\xa0€"
    assert templating.number(1234) == "1\u202f234"
    assert templating.percent(0.256) == "25,6\xa0%"


@pytest.mark.parametrize(
    "count, written", [(0, "0 kB"), (5, "0.1 kB"), (1_260, "1.3 kB"), (1_200_000, "1.2 MB")]
)
@pytest.mark.usefixtures("english")
def test_a_file_with_something_in_it_does_not_look_empty(count, written):
    assert templating.file_size(count) == written


def test_a_moment_is_told_in_the_readers_zone(app, make):
    person = make.user("tokyo", "rep", timezone="Asia/Tokyo")
    with app.test_request_context():
        login_user(person)
        shown = templating.moment(datetime(2026, 6, 15, 20, 30, tzinfo=UTC), "short")

    assert shown.startswith("6/16/26, 5:30")


@pytest.mark.parametrize(
    "value, shown",
    [
        (None, "–"),
        ("", "–"),
        (True, "Yes"),
        (False, "No"),
        (Decimal("1250.00"), "1,250.00"),
        (date(2026, 6, 15), "Jun 15, 2026"),
        (["b", "a"], "b, a"),
        ({"x": 1}, "x: 1"),
        ("Łódź", "Łódź"),
    ],
)
def test_any_value_of_a_record_can_be_shown(english, value, shown):
    assert templating.text(value) == shown


def test_the_past_is_told_in_words(english):
    assert templating.ago(utcnow()) == "just now"
    assert templating.ago(utcnow() - timedelta(minutes=3)) == "3 minutes ago"
    assert templating.ago(None) == "–"


def test_an_address_is_kept_but_for_what_changes(english):
    assert templating.url_with(page=3, q=None) == "/login?page=3"


def test_ids_are_joined_with_dashes():
    assert templating.dom_id("account", 42, "tax_id") == "account-42-tax-id"


def test_the_script_comes_from_the_cdn_with_its_hash_or_from_here(app, client, settings):
    local = client.get("/login").text
    config.use(replace(settings, htmx_source="cdn"))
    cdn = client.get("/login").text

    assert "cdn.jsdelivr.net" not in local
    assert f'data-sri="{templating.HTMX_SRI}"' in cdn
    assert "data-local=" in cdn


def test_the_day_of_a_moment_is_the_readers(app, make):
    late = datetime(2026, 6, 15, 23, 30, tzinfo=UTC)
    tokyo = make.user("kenji", timezone="Asia/Tokyo")

    with app.test_request_context():
        login_user(tokyo)
        assert templating.day(late) == "Jun 16, 2026"
