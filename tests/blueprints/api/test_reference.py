"""The page of the API: its examples can be sent, its lines pasted, and it says what is checked."""

from __future__ import annotations

import json
import re
import shlex
from html import unescape

import pytest

from crmapp.blueprints.api import wording
from crmapp.blueprints.api.door import OPERATIONS
from crmapp.domain.scopes import Scope

SENDING = {name: known for name, known in OPERATIONS.items() if known.sends}


def part(text: str, name: str) -> str:
    """Return what the page says of an operation."""
    found = text[text.index(f'id="{name}" data-words') :]
    return found[: found.index("</pre>\n  <button")]


@pytest.fixture
def text(make, as_user) -> str:
    return as_user(make.carol).get("/help/api").text


def test_every_scope_belongs_to_a_part_of_the_page(text):
    assert {wording.group(scope) for scope in Scope} == set(wording.GROUPS)
    assert all(f"<code>{scope}</code>" in text for scope in Scope)


def test_every_argument_says_what_it_is_for(client):
    paths = client.get("/api/v1/openapi.json").json["paths"]
    sent = [
        each for path in paths.values() for known in path.values() for each in known["parameters"]
    ]

    untold = {each["name"] for each in sent if each["description"] == wording.OWN_FIELD}

    assert untold == set()
    assert {each["name"] for each in sent} == set(wording.ARGUMENTS)


def test_every_body_has_an_example_of_members_that_there_are(client):
    schemas = client.get("/api/v1/openapi.json").json["components"]["schemas"]

    assert SENDING.keys() == wording.EXAMPLES.keys()
    for name, known in SENDING.items():
        schema = schemas[known.sends]
        assert set(wording.EXAMPLES[name]) <= set(schema["properties"])
        assert set(schema.get("required", ())) <= set(wording.EXAMPLES[name])


def test_the_examples_of_what_is_created_are_taken(make, program, sales):
    account, theirs = make.account("Acme"), program(make.alice)
    addresses = {
        "create_account": "/accounts",
        "add_contact": f"/accounts/{account.id}/contacts",
        "add_activity": f"/accounts/{account.id}/activities",
        "add_pick_list_value": "/pick-lists/terms/values",
        "draft_run": "/runs",
    }

    answers = {
        name: theirs.post(address, dict(wording.EXAMPLES[name])).status_code
        for name, address in addresses.items()
    }

    assert answers == dict.fromkeys(addresses, 201)


def test_an_example_holds_what_this_installation_asks_for(make, as_user):
    make.field("Zone", required=True)

    shown = part(as_user(make.carol).get("/help/api").text, "create_account")

    example = re.search(r"<textarea[^>]*>(.*?)</textarea>", shown, re.DOTALL)
    assert json.loads(unescape(example[1])).keys() == {"name", "c_zone", "billing_city"}


def test_each_line_for_a_terminal_is_one_request(text):
    for name, known in OPERATIONS.items():
        command = unescape(re.findall(r"<pre><code>(curl .*?)</code>", part(text, name))[0])
        words = shlex.split(command)
        assert words[0] == "curl"
        assert ("-X" in words) == (known.method != "GET")
        assert ("--json" in words) == bool(known.sends)
        assert words[-1].startswith("http")
        assert "{" not in words[-1]


def test_what_an_answer_holds_is_told_down_to_its_lists(text):
    shown = part(text, "list_datasets")

    assert "<code>items[].dimensions[].properties[].kind</code>" in shown
    assert "<code>next</code>" in shown
    assert "string | null" in shown


def test_a_value_is_shown_with_its_bounds(text):
    shown = part(text, "list_accounts")

    assert "1 … 200" in shown
    assert "at most 100 characters" in part(text, "create_account")
    assert "<option>yes</option>" in part(text, "list_contacts")


def test_the_page_holds_nothing_that_a_program_would_keep_secret(make, as_user, program):
    token = program(make.carol).token

    assert token not in as_user(make.carol).get("/help/api").text


def test_the_page_is_light_enough_for_a_phone(text):
    assert len(text.encode()) < 400_000
