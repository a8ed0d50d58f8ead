from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from werkzeug.test import Client

from crmapp.connectors.sandbox.intacct import company
from tests.support.intacct import REST, USER

BACK = "http://127.0.0.1:5000/connections/back"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "response_type": "code", "client_id": company.CLIENT, "redirect_uri": BACK, "state": "s-1",
    "code_challenge": CHALLENGE, "code_challenge_method": "S256", "scope": "offline_access",
}  # fmt: skip
CONFIRMED = {
    "answer": "allow", "company": company.COMPANY, "user": USER, "password": company.PASSWORD,
    "entity": "",
}  # fmt: skip


@pytest.fixture
def client(sandbox):
    return Client(sandbox)


def confirm(client, **changed):
    return client.post(f"{REST}/oauth2/authorize", data=ASKED | CONFIRMED | changed)


def returned(response):
    assert response.status_code == 302, response.text
    return {key: value[0] for key, value in parse_qs(urlsplit(response.location).query).items()}


def token(client, **given):
    return client.post(f"{REST}/oauth2/token", data={"client_id": company.CLIENT} | given)


def redeem(client, code, /, **changed):
    given = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }  # fmt: skip
    return token(client, **given | changed)


def granted(client):
    return redeem(client, returned(confirm(client))["code"]).json


def refresh(client, grant):
    return token(client, grant_type="refresh_token", refresh_token=grant["refresh_token"])


def works(client, access):
    headers = {"Authorization": f"Bearer {access}"}
    return client.get(f"{REST}/objects/accounts-receivable/term", headers=headers).status_code


def test_the_page_repeats_what_was_asked_and_escapes_it(client):
    page = client.get(f"{REST}/oauth2/authorize", query_string=ASKED | {"state": '"><b>'}).text

    assert 'name="state" value="&quot;&gt;&lt;b&gt;"' in page
    assert re.search(r'name="user" value="crmapp_sync"', page)


def test_a_user_who_confirms_sends_the_browser_back_with_a_code(client):
    back = returned(confirm(client))

    assert back["state"] == "s-1"
    made = redeem(client, back["code"]).json
    assert made["token_type"] == "Bearer"
    assert made["expires_in"] == 12 * 3600
    assert works(client, made["access_token"]) == 200


def test_an_access_token_says_whom_it_is_for(client):
    claims = jwt.decode(granted(client)["access_token"], options={"verify_signature": False})

    assert claims["userId"] == USER
    assert claims["cnyId"] == company.COMPANY
    assert claims["exp"] - claims["iat"] == 12 * 3600


def test_a_user_who_denies_sends_the_browser_back_without_one(client):
    assert returned(confirm(client, answer="deny")) == {"error": "access_denied", "state": "s-1"}


def test_a_user_with_a_wrong_password_is_asked_again(client):
    response = confirm(client, password="wrong")

    assert response.status_code == 200
    assert "Sign-in information is incorrect" in response.text


@pytest.mark.parametrize(
    "changed", [{"client_id": "x"}, {"redirect_uri": "http://else.example/"}, {"redirect_uri": ""}]
)
def test_an_unregistered_client_is_sent_nowhere(client, changed):
    response = client.get(f"{REST}/oauth2/authorize", query_string=ASKED | changed)

    assert response.status_code == 400
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "w" * 43}, {"redirect_uri": "https://else.example"}, {"code": "x"}],
)
def test_a_code_needs_its_verifier_and_its_redirect_uri(client, changed):
    assert redeem(client, returned(confirm(client))["code"], **changed).status_code == 400


def test_without_pkce_a_code_needs_the_clients_secret(client):
    first, second = (returned(confirm(client, code_challenge=""))["code"] for _ in range(2))

    assert redeem(client, first).status_code == 401
    assert redeem(client, second, client_secret=company.CLIENT_SECRET).status_code == 200


def test_a_code_is_good_once(client):
    code = returned(confirm(client))["code"]
    redeem(client, code)

    assert redeem(client, code).status_code == 400


def test_a_refresh_token_ends_with_its_use(client):
    first = granted(client)
    second = refresh(client, first).json
    again = refresh(client, first)

    assert works(client, second["access_token"]) == 200
    assert again.status_code == 400
    assert again.json["error"]["errorId"] == "REST-2102"
    assert refresh(client, second).status_code == 200


def test_a_second_grant_for_the_same_user_ends_the_first_ones_refresh_token(client):
    first, second = granted(client), granted(client)

    assert refresh(client, first).json["error"]["code"] == "tokenInvalid"
    assert works(client, first["access_token"]) == 200
    assert refresh(client, second).status_code == 200


def test_expired_access_tokens_can_be_refreshed(client):
    grant = granted(client)
    client.post("/__control/expire-tokens", json={})

    assert works(client, grant["access_token"]) == 401
    assert works(client, refresh(client, grant).json["access_token"]) == 200


def test_client_credentials_act_for_a_user_in_an_entity(client):
    given = {"grant_type": "client_credentials", "username": f"{USER}@{company.COMPANY}|200"}
    basic = b64encode(f"{company.CLIENT}:{company.CLIENT_SECRET}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}

    made = client.post(f"{REST}/oauth2/token", json=given, headers=headers).json

    assert set(made) == {"access_token", "refresh_token", "token_type", "expires_in"}
    claims = jwt.decode(made["access_token"], options={"verify_signature": False})
    assert claims["entityId"] == "200"


@pytest.mark.parametrize(
    "changed, status",
    [
        ({"client_secret": "wrong"}, 401),
        ({"username": "nobody@crmapp-demo"}, 401),
        ({"username": f"{USER}@elsewhere"}, 401),
        ({"username": f"{USER}@{company.COMPANY}|999"}, 400),
        ({"grant_type": "password"}, 400),
    ],
)
def test_credentials_that_are_wrong_are_refused_without_an_envelope(client, changed, status):
    given = {
        "grant_type": "client_credentials", "client_secret": company.CLIENT_SECRET,
        "username": f"{USER}@{company.COMPANY}",
    }  # fmt: skip

    response = token(client, **given | changed)

    assert response.status_code == status
    assert set(response.json) == {"code", "message", "supportId"}


@pytest.mark.parametrize("header", ["", "Bearer x", "Basic eDp5", "Bearer a.b.c"])
def test_whoever_has_no_token_stays_outside(client, header):
    response = client.get(
        f"{REST}/objects/accounts-receivable/customer", headers={"Authorization": header}
    )

    assert response.status_code == 401
    assert response.json["error"]["errorId"] == "REST-2102"


def test_a_revoked_token_is_no_longer_good(client):
    grant = granted(client)

    client.post(f"{REST}/oauth2/revoke", data={"token": grant["access_token"]})

    assert works(client, grant["access_token"]) == 401
