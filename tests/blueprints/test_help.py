"""The guide in the app: its contents, its search, its chapters, and the way to them."""

from __future__ import annotations

import re

import pytest

from crmapp.blueprints.api.door import OPERATIONS
from crmapp.web import guide


def test_the_contents_lead_to_every_chapter(make, as_user):
    client = as_user(make.carol)
    text = client.get("/help").text

    for slug in guide.CHAPTERS:
        assert f'href="/help/{slug}"' in text
        assert client.get(f"/help/{slug}").status_code == 200


@pytest.mark.parametrize("locale", ["en", "fr"])
@pytest.mark.parametrize("slug", guide.CHAPTERS)
def test_every_link_of_a_chapter_leads_somewhere(make, as_user, slug, locale):
    client = as_user(make.user("dora", locale=locale))
    text = client.get(f"/help/{slug}").text
    article = text[text.index("<article") : text.index("</article>")]

    for address in re.findall(r'(?:href|src)="([^"]+)"', article):
        path = address if address.startswith("/") else f"/help/{address}"
        assert client.get(path).status_code == 200, address
    assert "<script" not in article


def test_a_chapter_is_in_the_language_of_the_reader(make, as_user):
    english, french = make.user("eve", locale="en"), make.user("dora", locale="fr")

    assert "<h1>Accounts</h1>" in as_user(english).get("/help/accounts").text
    assert "<h1>Comptes</h1>" in as_user(french).get("/help/accounts").text


@pytest.mark.parametrize("slug", ["nothing", "..", "start.md", "%2e%2e%2fsettings", "START"])
def test_a_chapter_that_is_not_there_is_not_found(make, as_user, slug):
    assert as_user(make.carol).get(f"/help/{slug}").status_code == 404


def test_a_word_finds_the_section_in_which_it_stands(make, as_user):
    text = as_user(make.user("eve", locale="en")).get("/help?q=theirs").text

    assert 'href="/help/accounts#change-a-value"' in text


def test_a_section_that_is_called_so_comes_before_those_that_mention_it(make, as_user):
    text = as_user(make.user("eve", locale="en")).get("/help?q=undo").text

    assert text.index("/help/runs#undo") < text.index("/help/start#")


@pytest.mark.parametrize("words", ["zzzz", "<b>", '"', "%00%25", "a" * 300])
def test_words_that_stand_nowhere_find_nothing(make, as_user, words):
    answer = as_user(make.carol).get("/help", query_string={"q": words})

    assert answer.status_code == 200
    assert "The guide does not mention this" in answer.text


@pytest.mark.parametrize(
    "address, slug",
    [
        ("/accounts", "accounts"),
        ("/accounts/fields", "accounts"),
        ("/analytics", "grid"),
        ("/runs", "runs"),
        ("/admin", "admin"),
        ("/search", "search"),
        ("/change", "search"),
    ],
)
def test_each_screen_links_to_the_chapter_that_explains_it(make, as_user, address, slug):
    text = as_user(make.alice).get(address).text

    assert f'<a class="help" href="/help/{slug}"' in text


def test_the_tab_of_contacts_has_its_own_chapter(make, as_user):
    account, client = make.account("Acme"), as_user(make.carol)
    client.get(f"/accounts/{account.id}")

    text = client.get(f"/accounts/{account.id}/contacts").text

    assert '<a class="help" href="/help/contacts"' in text


def test_the_palette_finds_a_chapter(make, as_user):
    text = as_user(make.user("eve", locale="en")).get("/search?q=undo").text

    assert 'href="/help/runs"' in text


def test_a_visitor_signs_in_first(client):
    assert client.get("/help").status_code == 302


def test_the_page_of_the_api_shows_every_operation_with_its_scope(make, as_user):
    text = as_user(make.carol).get("/help/api").text

    for name, known in OPERATIONS.items():
        operation = text[text.index(f'id="{name}"') :]
        operation = operation[: operation.index("For a terminal")]
        assert f'data-method="{known.method}"' in operation
        assert known.summary in operation
        assert f">{known.scope}</span>" in operation


def test_words_leave_the_operations_in_which_they_all_stand(make, as_user):
    text = as_user(make.carol).get("/help/api?q=post+Runs").text

    shown = re.findall(r'id="(\w+)" data-words="[^"]*">', text)
    assert shown == ["draft_run", "plan_run", "start_run", "undo_run"]
    assert re.findall(r'<section class="api-group" id="(\w+)" [^>]*"(?! hidden)>', text) == ["runs"]


def test_words_that_no_operation_has_are_said_to_find_none(make, as_user):
    text = as_user(make.carol).get("/help/api?q=<zzz>").text

    assert "data-api-none>" in text
    assert "data-api-none hidden>" in as_user(make.carol).get("/help/api").text
    assert "<zzz>" not in text


def test_the_page_of_the_api_is_in_the_language_of_the_reader(make, as_user):
    english, french = make.user("eve", locale="en"), make.user("dora", locale="fr")

    assert "Read accounts." in as_user(english).get("/help/api").text
    assert "Lire les comptes." in as_user(french).get("/help/api").text


def test_a_field_that_was_added_is_on_the_page_of_the_api_at_once(make, as_user):
    client = as_user(make.carol)
    assert "c_zone" not in client.get("/help/api").text

    make.field("Zone", required=True)

    text = client.get("/help/api").text
    assert "c_zone" in text[text.index('id="create_account"') : text.index('id="read_account"')]
