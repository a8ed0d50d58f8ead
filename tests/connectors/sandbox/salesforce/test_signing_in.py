from __future__ import annotations

import base64
import hashlib
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from crmapp.connectors.sandbox.salesforce.apps import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    SECURITY_TOKEN,
    USERNAME,
)
from tests.connectors.sandbox.salesforce.conftest import CREDENTIALS

BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
VERIFIER = "a-verifier-that-is-long-enough-for-pkce-0123456789"
BACK = "http://localhost:8000/callback"


@pytest.fixture
def token(server):
    """Return a function that asks the token endpoint."""
    return lambda **form: httpx.post(f"{server.url}/services/oauth2/token", data=form)


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def assertion(api, key):
    """Register a key, and return a function that makes assertions."""
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    api.control("app", client_id=CLIENT_ID, public_key=public.decode())

    def make(**changed):
        claims = {
            "iss": CLIENT_ID,
            "sub": USERNAME,
            "aud": "https://login.salesforce.com",
            "exp": int(time.time()) + 120,
        }
        signed = changed.pop("signed_with", key)
        pem = signed.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return jwt.encode(claims | changed, pem, algorithm="RS256")

    return make


@pytest.fixture
def code(server):
    """Return a function that lets a person allow access, and returns the code."""

    def ask(**changed):
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": BACK,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
            "state": "s&t",
        } | changed
        page = httpx.get(f"{server.url}/services/oauth2/authorize", params=asked)
        assert "Allow access?" in page.text
        answer = httpx.post(
            f"{server.url}/services/oauth2/authorize", data=asked | {"answer": "allow"}
        )
        assert answer.headers["Location"].startswith(BACK)
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert back["state"] == ["s&t"]
        return back["code"][0]

    return ask


def refused(answer):
    said = answer.json()
    return answer.status_code, said["error"], said["error_description"]


def works(server, access):
    url = f"{server.url}/services/data/v66.0/limits"
    return httpx.get(url, headers={"Authorization": f"Bearer {access}"}).status_code == 200


def test_an_app_signs_in_with_its_own_credentials(token, server):
    said = token(**CREDENTIALS).json()

    assert said.keys() == {
        "access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at",
    }  # fmt: skip
    assert said["instance_url"] == server.url
    assert works(server, said["access_token"])


@pytest.mark.parametrize(
    "changed, error",
    [
        ({"client_secret": "wrong"}, ("invalid_client", "invalid client credentials")),
        ({"client_secret": ""}, ("invalid_client", "invalid client credentials")),
        ({"client_id": "nobody"}, ("invalid_client_id", "client identifier invalid")),
        ({"grant_type": "magic"}, ("unsupported_grant_type", "grant type not supported")),
    ],
)
def test_wrong_credentials_are_refused(token, changed, error):
    assert refused(token(**CREDENTIALS | changed)) == (400, *error)


def test_the_credentials_may_come_in_the_header(server):
    answer = httpx.post(
        f"{server.url}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(CLIENT_ID, CLIENT_SECRET),
    )

    assert works(server, answer.json()["access_token"])


def test_an_assertion_signs_in(token, server, assertion):
    said = token(grant_type=BEARER, assertion=assertion()).json()

    assert works(server, said["access_token"])
    assert "refresh_token" not in said


def test_an_assertion_that_ends_in_milliseconds_signs_in(token, server, assertion):
    """As that of Salesforce's own command line does."""
    said = token(grant_type=BEARER, assertion=assertion(exp=1_796_000_000_300)).json()

    assert works(server, said["access_token"])


def test_an_assertion_that_ends_at_once_signs_in(token, server, assertion):
    """As that of CumulusCI does, since the clocks of two machines may differ."""
    said = token(grant_type=BEARER, assertion=assertion(exp=int(time.time()) - 1)).json()

    assert works(server, said["access_token"])


@pytest.mark.parametrize(
    "changed, description",
    [
        ({"aud": "https://elsewhere.example"}, "audience is invalid"),
        ({"exp": 1}, "expired authorization code"),
        ({"sub": "nobody@demo.example"}, "user hasn't approved this consumer"),
    ],
)
def test_a_wrong_assertion_is_refused(token, assertion, changed, description):
    answer = token(grant_type=BEARER, assertion=assertion(**changed))

    assert refused(answer) == (400, "invalid_grant", description)


def test_an_assertion_that_somebody_else_signed_is_refused(token, assertion):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    answer = token(grant_type=BEARER, assertion=assertion(signed_with=other))

    assert refused(answer) == (400, "invalid_grant", "invalid assertion")


def exchange(token, code, **changed):
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": CLIENT_ID,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }
    return token(**form | changed)


def test_a_person_allows_access_with_pkce(token, server, code):
    said = exchange(token, code()).json()

    assert works(server, said["access_token"])
    assert said["refresh_token"]


def test_a_code_works_once(token, code):
    once = code()
    exchange(token, once)

    assert refused(exchange(token, once))[1:] == ("invalid_grant", "expired authorization code")


def test_a_wrong_verifier_is_refused(token, code):
    answer = exchange(token, code(), code_verifier="another")

    assert refused(answer) == (400, "invalid_grant", "invalid code verifier")


def test_a_code_is_for_one_address(token, code):
    answer = exchange(token, code(), redirect_uri="http://localhost:8000/other")

    assert refused(answer)[1] == "redirect_uri_mismatch"


def test_only_registered_addresses_receive_codes(api, server):
    api.control("app", client_id=CLIENT_ID, redirect_uris=[BACK])
    asked = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": "http://evil.example"}

    answer = httpx.get(f"{server.url}/services/oauth2/authorize", params=asked)

    assert refused(answer)[1] == "redirect_uri_mismatch"


def test_a_person_may_refuse(server):
    asked = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": BACK,
        "answer": "deny",
    }

    answer = httpx.post(f"{server.url}/services/oauth2/authorize", data=asked)

    assert "error=access_denied" in answer.headers["Location"]


def refresh(token, kept):
    return token(grant_type="refresh_token", refresh_token=kept, client_id=CLIENT_ID)


def test_a_refresh_token_serves_again_and_again(token, server, code):
    kept = exchange(token, code()).json()["refresh_token"]

    answers = [refresh(token, kept).json() for _ in range(2)]

    assert all(works(server, each["access_token"]) for each in answers)
    assert not any("refresh_token" in each for each in answers)


def test_a_rotated_refresh_token_dies_with_its_use(api, token, server, code):
    api.control("app", client_id=CLIENT_ID, rotates=True)
    first = exchange(token, code()).json()["refresh_token"]

    second = refresh(token, first).json()
    again = refresh(token, first)

    assert second["refresh_token"] != first
    assert works(server, second["access_token"])
    assert refused(again) == (400, "invalid_grant", "expired access/refresh token")
    assert refresh(token, second["refresh_token"]).status_code == 200


def test_an_expired_token_is_refused_and_a_refreshed_one_works(api, token, server, code):
    kept = exchange(token, code()).json()
    api.control("expire_tokens")

    refused_answer = api.get("/limits")
    fresh = refresh(token, kept["refresh_token"]).json()

    assert refused_answer.status_code == 401
    assert refused_answer.json() == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]
    assert works(server, fresh["access_token"])


def test_a_revoked_token_is_dead(token, server, code):
    said = exchange(token, code()).json()

    answer = httpx.post(
        f"{server.url}/services/oauth2/revoke", data={"token": said["refresh_token"]}
    )

    assert answer.status_code == 200
    assert not works(server, said["access_token"])
    assert refused(refresh(token, said["refresh_token"]))[1] == "invalid_grant"


def test_a_password_signs_in_with_or_without_the_security_token(token):
    form = {
        "grant_type": "password",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "username": USERNAME,
    }

    answers = [
        token(**form, password=password)
        for password in (PASSWORD, PASSWORD + SECURITY_TOKEN, "wrong")
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert refused(answers[2])[1:] == ("invalid_grant", "authentication failure")


def test_the_identity_says_who_is_signed_in(token):
    said = token(**CREDENTIALS).json()
    header = {"Authorization": f"Bearer {said['access_token']}"}

    identity = httpx.get(said["id"], headers=header).json()
    userinfo = httpx.get(f"{said['instance_url']}/services/oauth2/userinfo", headers=header).json()
    nobody = httpx.get(said["id"], headers={"Authorization": "Bearer wrong"})

    assert identity["username"] == userinfo["preferred_username"] == USERNAME
    assert said["id"].endswith(f"{identity['organization_id']}/{identity['user_id']}")
    assert (nobody.status_code, nobody.text) == (403, "Bad_OAuth_Token")


def test_the_old_login_is_gone_from_newer_versions(server):
    def login(version, password):
        body = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
            f'<login xmlns="urn:partner.soap.sforce.com"><username>{USERNAME}</username>'
            f"<password>{password}</password></login></e:Body></e:Envelope>"
        )
        return httpx.post(f"{server.url}/services/Soap/u/{version}", content=body).text

    assert "<sessionId>" in login("59.0", PASSWORD)
    assert "INVALID_LOGIN" in login("59.0", "wrong")
    assert "UNSUPPORTED_API_VERSION" in login("66.0", PASSWORD)


def test_the_versions_are_known_without_signing_in(server):
    versions = httpx.get(f"{server.url}/services/data").json()

    assert {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"} in versions
    assert {"label": "Winter '26", "url": "/services/data/v65.0", "version": "65.0"} in versions
    assert len(versions) > 10
    assert httpx.get(f"{server.url}/services/data/v66.0").status_code == 401
    assert httpx.get(f"{server.url}/services/data/v20.0").status_code == 404


def test_a_token_says_how_long_it_lives(token, server):
    access = token(**CREDENTIALS).json()["access_token"]
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}

    said = httpx.post(
        f"{server.url}/services/oauth2/introspect", data=app | {"token": access}
    ).json()

    assert said["exp"] > said["iat"] == said["nbf"]
    assert (said["active"], said["username"]) == (True, USERNAME)
    assert said["sub"].startswith(f"{server.url}/id/")


def test_openid_connect_says_who_has_signed_in(token, code, server):
    told = httpx.get(f"{server.url}/.well-known/openid-configuration").json()
    [key] = httpx.get(told["jwks_uri"]).json()["keys"]
    given = code(scope="openid api", nonce="n1")

    said = exchange(token, given).json()
    claims = jwt.decode(said["id_token"], jwt.PyJWK(key), audience=CLIENT_ID)
    header = {"Authorization": f"Bearer {said['access_token']}"}
    user = httpx.get(told["userinfo_endpoint"], headers=header).json()

    assert (claims["iss"], claims["nonce"]) == (told["issuer"], "n1")
    assert claims["sub"] == user["sub"] == said["id"]
    assert {"photos", "picture", "profile", "address", "updated_at"} <= user.keys()
    assert "openid" in said["scope"].split()
    assert "id_token" not in exchange(token, code()).json()
