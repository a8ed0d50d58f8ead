from flask import flash, make_response

from crmapp.web.htmx import see_other
from tests.support.web import htmx


def saying(answer):
    def view():
        flash("Saved.", "success")
        return answer()

    return view


def test_a_part_carries_its_messages_along(client, stand_in):
    stand_in(saying(lambda: "<p>part</p>"))

    text = client.get("/health", headers=htmx()).text

    assert text.index("<p>part</p>") < text.index('<hx-partial hx-target="#toasts"')
    assert "Saved." in text


def test_a_message_is_shown_once(client, stand_in):
    stand_in(saying(lambda: "<p>part</p>"))
    client.get("/health", headers=htmx())

    assert "Saved." not in client.get("/login").text


def test_a_redirect_keeps_its_message_for_the_page_it_leads_to(client, stand_in):
    stand_in(saying(lambda: see_other("/login")))

    first = client.get("/health", headers=htmx())

    assert first.text == ""
    assert "Saved." in client.get("/login").text


def test_what_waits_for_the_next_page_is_not_shown_on_the_one_that_is_left(client, stand_in):
    stand_in(saying(lambda: see_other("/login")))
    client.get("/health", headers=htmx())

    stand_in(lambda: "<p>part</p>")
    late = client.get("/health", headers=htmx())

    assert late.text == "<p>part</p>"
    assert "Saved." in client.get("/login").text


def test_a_file_is_left_alone(client, stand_in):
    stand_in(saying(lambda: make_response("a;b", 200, {"Content-Type": "text/csv"})))

    assert client.get("/health", headers=htmx()).text == "a;b"


def test_a_page_shows_its_messages_by_itself(client, stand_in):
    stand_in(saying(lambda: "<p>plain</p>"))

    assert client.get("/health").text == "<p>plain</p>"
    assert "toast ok" in client.get("/login").text
