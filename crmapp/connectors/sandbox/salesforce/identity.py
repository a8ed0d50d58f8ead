"""Who somebody is: the identity address, OpenID Connect's words for it, and its signed token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from crmapp.connectors.sandbox.salesforce.database import ORG_ID, Database

CONFIGURATION = "/.well-known/openid-configuration"
KEYS = "/id/keys"
_SIGNED_WITH = "openid_key"
_KEY = "sandbox"
_LIVES = 2 * 60  # seconds
_PHOTOS = {"picture": "F", "thumbnail": "T"}
_API = ("rest", "sobjects", "query", "search", "recent", "tooling_rest")


def described(user: Mapping[str, Any], host: str) -> dict[str, Any]:
    """Return what the identity address says, and what OpenID Connect says in its own words."""
    identity = address(host, user["Id"])
    rest = f"{host}/services/data/v{{version}}/"
    paths = {"rest": "", "tooling_rest": "tooling/"}
    photos = {name: f"{host}/profilephoto/005/{size}" for name, size in _PHOTOS.items()}
    return {
        "id": identity,
        "sub": identity,
        "asserted_user": True,
        "user_id": user["Id"],
        "organization_id": ORG_ID,
        "username": user["Username"],
        "preferred_username": user["Username"],
        "nick_name": user["Alias"],
        "nickname": user["Alias"],
        "display_name": user["Name"],
        "name": user["Name"],
        "first_name": user["FirstName"],
        "given_name": user["FirstName"],
        "last_name": user["LastName"],
        "family_name": user["LastName"],
        "email": user["Email"],
        "email_verified": True,
        "active": user["IsActive"],
        "user_type": "STANDARD",
        "language": user["LanguageLocaleKey"],
        "locale": user["LocaleSidKey"],
        "zoneinfo": user["TimeZoneSidKey"],
        "timezone": user["TimeZoneSidKey"],
        "utcOffset": 3_600_000,
        "is_app_installed": True,
        "photos": photos,
        "picture": photos["picture"],
        "profile": f"{host}/{user['Id']}",
        "address": {},
        "mobile_phone": user["MobilePhone"],
        "last_modified_date": user["LastModifiedDate"],
        "updated_at": user["LastModifiedDate"],
        "urls": {
            **{name: rest + paths.get(name, f"{name}/") for name in _API},
            "profile": f"{host}/{user['Id']}",
            "custom_domain": host,
        },
    }


def configuration(host: str) -> dict[str, Any]:
    """Return what a client of OpenID Connect reads first."""
    oauth = f"{host}/services/oauth2"
    return {
        "issuer": host,
        "authorization_endpoint": f"{oauth}/authorize",
        "token_endpoint": f"{oauth}/token",
        "revocation_endpoint": f"{oauth}/revoke",
        "introspection_endpoint": f"{oauth}/introspect",
        "userinfo_endpoint": f"{oauth}/userinfo",
        "jwks_uri": f"{host}{KEYS}",
        "scopes_supported": ["api", "id", "openid", "profile", "email", "refresh_token", "full"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }


def keys(database: Database) -> dict[str, Any]:
    """Return the key that tokens are checked with."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_signing(database).public_key()))
    return {"keys": [{**public, "kid": _KEY, "use": "sig", "alg": "RS256"}]}


def id_token(
    database: Database, user: str, client_id: str, host: str, now: datetime, nonce: str = ""
) -> str:
    """Return the token that says who has signed in."""
    issued = int(now.timestamp())
    claims = {"iss": host, "sub": address(host, user), "aud": client_id, "iat": issued,
              "exp": issued + _LIVES}  # fmt: skip
    if nonce:
        claims["nonce"] = nonce
    return jwt.encode(claims, _signing(database), algorithm="RS256", headers={"kid": _KEY})


def _signing(database: Database) -> rsa.RSAPrivateKey:
    """Return the org's key; it is made when it is first asked for."""
    kept = database.meta(_SIGNED_WITH)
    if kept is None:
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        kept = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        database.keep(_SIGNED_WITH, kept)
    return cast(rsa.RSAPrivateKey, load_pem_private_key(kept.encode(), None))


def address(host: str, user: str) -> str:
    """Return the identity address of a user."""
    return f"{host}/id/{ORG_ID}/{user}"
