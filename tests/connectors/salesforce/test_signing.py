from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crmapp.connectors.errors import (
    AuthFailed,
    PermissionMissing,
    Retryable,
    Unreachable,
    WrongInstance,
)
from crmapp.connectors.oauth import Pkce
from crmapp.connectors.registry import open_door
from crmapp.connectors.salesforce.settings import Flow
from crmapp.connectors.salesforce.signing import authorize_url, exchange, sign_in
from tests.connectors.salesforce.scripted import ACME, TOKENS, answer
from tests.connectors.wire import Script

WEB = replace(ACME, flow=Flow.WEB, client_secret="")
GRANTED = {
    "access_token": "access-2",
    "instance_url": "https://acme.my.salesforce.com",
    "id": "https://login.salesforce.com/id/00D/005",
    "token_type": "Bearer",
    "issued_at": "1700000000000",
    "signature": "x",
}


def asking(*answers):
    script = Script(answers)
    door = open_door("salesforce", ACME, lambda _exchange: None, transport=script.transport)
    return door, script


def form(script):
    (request,) = script.requests
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def test_client_credentials_are_exchanged_at_the_my_domain():
    door, script = asking(answer(GRANTED))

    tokens = sign_in(ACME, door)(None)

    assert str(script.requests[0].url) == "https://acme.my.salesforce.com/services/oauth2/token"
    assert form(script) == {
        "grant_type": "client_credentials",
        "client_id": "client-1",
        "client_secret": "secret-1",
    }
    assert (tokens.access, tokens.refresh) == ("access-2", None)
    assert "access-2" not in repr(tokens)


@pytest.mark.parametrize(
    "address, audience",
    [
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
    ],
)
def test_a_signed_token_says_who_for_whom_and_until_when(address, audience):
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    door, script = asking(answer({**GRANTED, "instance_url": address}))
    settings = replace(
        ACME, instance_url=address, flow=Flow.JWT, private_key=pem, username="sync@acme.example"
    )

    sign_in(settings, door)(None)

    sent = form(script)
    claims = jwt.decode(
        sent["assertion"], key.public_key(), algorithms=["RS256"], audience=audience
    )
    assert sent["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (claims["iss"], claims["sub"]) == ("client-1", "sync@acme.example")


def test_a_private_key_that_is_none_is_told():
    door, script = asking()
    settings = replace(ACME, flow=Flow.JWT, private_key="no key", username="sync@acme.example")

    with pytest.raises(AuthFailed, match="private key cannot be read"):
        sign_in(settings, door)(None)

    assert script.requests == []


def test_a_person_is_sent_to_salesforce_with_a_challenge():
    pkce = Pkce.of("v" * 43)

    url = urlsplit(authorize_url(WEB, "https://crm.example/back", "state-1", pkce.challenge))

    query = parse_qs(url.query)
    assert url.netloc == "acme.my.salesforce.com"
    assert query["code_challenge_method"] == ["S256"]
    assert query["state"] == ["state-1"]
    assert query["redirect_uri"] == ["https://crm.example/back"]
    # RFC 7636, appendix B
    known = Pkce.of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert known.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert len(Pkce.fresh().verifier) >= 43


def test_her_code_is_exchanged_with_the_verifier():
    door, script = asking(answer({**GRANTED, "refresh_token": "refresh-2"}))

    tokens = exchange(WEB, door, "code-1", "verifier-1", "https://crm.example/back")

    assert form(script) == {
        "grant_type": "authorization_code",
        "client_id": "client-1",
        "code": "code-1",
        "code_verifier": "verifier-1",
        "redirect_uri": "https://crm.example/back",
    }
    assert tokens.refresh == "refresh-2"


@pytest.mark.parametrize("told, kept", [("refresh-2", "refresh-2"), (None, "refresh-1")])
def test_a_refresh_token_that_is_rotated_replaces_the_old_one(told, kept):
    more = {"refresh_token": told} if told else {}
    door, script = asking(answer({**GRANTED, **more}))

    tokens = sign_in(WEB, door)(TOKENS)

    assert form(script)["refresh_token"] == "refresh-1"
    assert tokens.refresh == kept


def test_a_refresh_token_is_never_sent_twice():
    """Whether the first time counted is not known, and a second use may end the sign-in."""
    door, script = asking(answer("busy", 503), answer(GRANTED))

    with pytest.raises(Retryable):
        sign_in(WEB, door)(TOKENS)

    assert len(script.requests) == 1


def test_nobody_has_signed_in_yet():
    door, _ = asking()

    with pytest.raises(AuthFailed, match="Nobody has signed in"):
        sign_in(WEB, door)(None)


@pytest.mark.parametrize(
    "code, words, error, sentence",
    [
        ("invalid_client_id", "client identifier invalid", AuthFailed, "consumer key"),
        ("invalid_client", "invalid client credentials", AuthFailed, "consumer secret"),
        (
            "invalid_grant",
            "request not supported on this domain",
            WrongInstance,
            "My Domain",
        ),
        (
            "invalid_grant",
            "no client credentials user enabled",
            AuthFailed,
            "External Client App",
        ),
        (
            "invalid_grant",
            "user hasn't approved this consumer",
            PermissionMissing,
            "pre-authorise",
        ),
        ("invalid_grant", "ip restricted", PermissionMissing, "IP"),
        ("invalid_grant", "expired access/refresh token", AuthFailed, "Sign in again"),
        ("invalid_grant", "invalid assertion", AuthFailed, "certificate"),
        ("invalid_grant", "audience is invalid", AuthFailed, "audience"),
        ("inactive_user", "user is inactive", AuthFailed, "not active"),
        ("unsupported_grant_type", "grant type not supported", AuthFailed, "not enabled"),
        ("something_new", "said so", AuthFailed, "External Client App"),
    ],
)
def test_a_refused_sign_in_says_what_to_do(code, words, error, sentence):
    door, _ = asking(answer({"error": code, "error_description": words}, 400))

    with pytest.raises(error, match=sentence) as failed:
        sign_in(ACME, door)(None)

    assert type(failed.value) is error
    assert words in failed.value.remote


@pytest.mark.parametrize("given", [answer("<html>hello</html>"), answer("<html>", 404)])
def test_what_is_not_salesforce_is_told(given):
    door, _ = asking(given)

    with pytest.raises((WrongInstance, Unreachable)):
        sign_in(ACME, door)(None)


def test_tokens_are_not_taken_to_an_address_that_is_not_salesforce():
    door, _ = asking(answer({**GRANTED, "instance_url": "https://evil.example"}))

    with pytest.raises(WrongInstance, match=r"evil\.example"):
        sign_in(ACME, door)(None)
