from __future__ import annotations

import pytest

from crmapp.connectors.redaction import GONE, redacted, redacted_path, shortened

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvs3cret\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cret\r\nAccept: kept",
        "kept, the header was OAuth s3cret.s3cret",
        '{"access_token": "s3cret", "kept": 1}',
        '{"refresh_token":"a\\"s3cret","kept":1}',
        '{"kept": 1, "client_secret": "s3cret',
        "{'password': 's3cret', 'kept': 1}",
        "grant_type=kept&client_secret=s3cret&code=s3cret%3D%3D",
        "<control><senderid>kept</senderid><password>s3cret</password></control>",
        "<kept/><login><userid>u</userid><password>s3cret",
        "<api><sessionid>s3cret..</sessionid><endpoint>kept</endpoint></api>",
        "kept eyJhbGciOiJSUzI1NiJ9.eyJzs3cret.s3cret-s3cret",
        "kept 00D000000000001!AQ0As3cret.s3cret",
        f"kept {KEY}",
    ],
)
def test_secrets_go_and_the_rest_stays(text):
    shown = redacted(text)

    assert "s3cret" not in shown
    assert "kept" in shown
    assert GONE in shown


def test_a_known_secret_goes_whatever_it_is_called():
    assert redacted("odd=Pa55 and Pa55word", ["Pa55", "Pa55word", ""]) == f"odd={GONE} and {GONE}"


@pytest.mark.parametrize(
    "text",
    [
        '{"code": "operationFailed", "errorCode": "INVALID_FIELD"}',
        "No such column 'Token__c' on entity 'Account'",
        "<error><errorno>BL01001973</errorno></error>",
        "zipcode=8001",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redacted(text) == text


def test_a_path_keeps_its_question_and_loses_its_secrets():
    shown = redacted_path("/query", "q=SELECT+Id%2C+Name&access_token=s3cret&code=s3cret")

    assert shown.startswith("/query?q=SELECT+Id,+Name&")
    assert "s3cret" not in shown


def test_long_words_are_shortened_to_one_line():
    assert shortened("a\n b" * 10, 6) == "a ba b"[:5] + "…"
