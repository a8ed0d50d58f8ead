"""What OpenID Connect asks of a provider: where its doors are, its keys, and who somebody is.

As OpenID Connect Core 1.0, Discovery 1.0 and RP-Initiated Logout 1.0 have it, with RFC 7636
(PKCE), RFC 9207 (the issuer in the answer) and the keys of RFC 7517.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt

from crmapp.connectors import oauth
from crmapp.connectors.addresses import Reach
from crmapp.connectors.answers import Answer
from crmapp.connectors.door import Door, Request
from crmapp.connectors.errors import AuthFailed, ConnectorError, Retryable, WrongInstance
from crmapp.i18n import N_, Text

SCOPE = "openid email profile"
WELL_KNOWN = "/.well-known/openid-configuration"
ANYWHERE = (r"[a-z0-9.-]+",)
"""A provider may be anywhere that is public: :class:`Reach` sees to the rest."""
ALGORITHMS = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""How an answer may be signed, by the kind of the key: never by a secret, never not at all."""
LEEWAY = 60
"""Seconds that the clocks of both sides may differ."""
LARGEST = 2**20
WITHIN = 10.0
_HOST = re.compile(r"[a-z0-9.:\[\]-]+")


@dataclass(frozen=True)
class Client:
    """What the provider knows us as; without a secret we are a public client."""

    issuer: str
    client_id: str
    secret: str = field(default="", repr=False)
    sandbox: bool = False

    def door(self) -> Door:
        """Open the door to the provider; it is a context that closes it."""
        return Door(reach(self.sandbox), secrets=lambda: [self.secret] if self.secret else [])


@dataclass(frozen=True)
class Doors:
    """The provider's addresses, as it tells them; an empty one is not offered."""

    authorization: str
    token: str
    keys: str
    userinfo: str = ""
    end_session: str = ""
    by_header: bool = True
    names_itself: bool = False


@dataclass(frozen=True)
class Expected:
    """What belongs to one sign-in, and to no other."""

    nonce: str
    verifier: str
    callback: str


def reach(sandbox: bool) -> Reach:
    """Return what a provider may be: by HTTPS in public, a sandbox anywhere."""
    return Reach("OpenID Connect", ANYWHERE, sandbox)


def discover(door: Door, issuer: str) -> Doors:
    """Read where the provider's doors are.

    Raises:
        ConnectorError: what is wrong, in a sentence for whoever set it up.
    """
    url = issuer.rstrip("/") + WELL_KNOWN
    told = _read(door, url)
    if told.get("issuer") != issuer:
        raise ConnectorError(
            Text(
                N_("The provider calls itself %(theirs)s, not %(ours)s. Enter exactly that."),
                {"theirs": str(told.get("issuer") or "–")[:200], "ours": issuer},
            )
        )
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(told.get(name), str):
            raise ConnectorError(
                Text(N_("What %(url)s says lacks %(name)s."), {"url": url, "name": name})
            )
        door.checked(told[name])
    ways = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Doors(
        authorization=told["authorization_endpoint"],
        token=told["token_endpoint"],
        keys=told["jwks_uri"],
        userinfo=_text(told.get("userinfo_endpoint")),
        end_session=_allowed(door, _text(told.get("end_session_endpoint"))),
        by_header="client_secret_basic" in ways,
        names_itself=told.get("authorization_response_iss_parameter_supported") is True,
    )


def keys(door: Door, doors: Doors) -> Mapping[str, jwt.PyJWK]:
    """Read the keys that the provider signs with, by their ids, as they are at this moment.

    Raises:
        ConnectorError: there are none.
    """
    told = _read(door, doors.keys).get("keys")
    found: dict[str, jwt.PyJWK] = {}
    for each in told if isinstance(told, list) else ():
        if isinstance(each, dict) and each.get("kty") in ALGORITHMS and each.get("use") != "enc":
            try:
                found[str(each.get("kid", ""))] = jwt.PyJWK(each)
            except jwt.PyJWTError:
                continue  # a kind that we do not know
    if not found:
        raise ConnectorError(
            Text(
                N_("The provider shows no key at %(url)s, so nothing that it says can be checked."),
                {"url": doors.keys},
            )
        )
    return found


def person_url(doors: Doors, client: Client, state: str, expected: Expected) -> str:
    """Return where a person goes to sign in."""
    challenge = oauth.Pkce.of(expected.verifier).challenge
    url = oauth.person_url(
        doors.authorization, client.client_id, SCOPE, expected.callback, state, challenge
    )
    if "?" in doors.authorization:
        url = url.replace(doors.authorization + "?", doors.authorization + "&", 1)
    return f"{url}&{urlencode({'nonce': expected.nonce})}"


def who(
    door: Door, doors: Doors, client: Client, code: str, expected: Expected
) -> Mapping[str, Any]:
    """Exchange a code for what the provider says of a person; all of it is checked.

    Raises:
        AuthFailed: the provider refuses the code, or what it says is not for this sign-in.
        ConnectorError: it cannot be asked.
    """
    told = _tokens(door, doors, client, code, expected)
    claims = checked(str(told.get("id_token") or ""), keys(door, doors), client, expected.nonce)
    if doors.userinfo and told.get("access_token"):
        return {**_userinfo(door, doors.userinfo, str(told["access_token"]), claims), **claims}
    return claims


def checked(
    token: str, known: Mapping[str, jwt.PyJWK], client: Client, nonce: str
) -> dict[str, Any]:
    """Return what an ID token says.

    Raises:
        AuthFailed: it is not signed by the provider, not for us, too old, or of another sign-in.
    """
    try:
        key = _key(token, known)
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=list(ALGORITHMS[key.key_type or ""]),
            audience=client.client_id,
            issuer=client.issuer,
            leeway=LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
        )
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise AuthFailed(remote=str(error)[:200]) from error
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise AuthFailed(remote="another nonce")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", "" if several else client.client_id) != client.client_id:
        raise AuthFailed(remote="for another party")
    return claims


def end_url(doors: Doors, client_id: str, back: str) -> str:
    """Return where a person signs out of the provider, empty if it does not offer that."""
    if not doors.end_session:
        return ""
    joint = "&" if "?" in doors.end_session else "?"
    asked = urlencode({"client_id": client_id, "post_logout_redirect_uri": back})
    return f"{doors.end_session}{joint}{asked}"


def _key(token: str, known: Mapping[str, jwt.PyJWK]) -> jwt.PyJWK:
    """Return the key that a token names; one that names none is of the only key there is."""
    kid: str | None = jwt.get_unverified_header(token).get("kid")
    if kid is None and len(known) == 1:
        return next(iter(known.values()))
    if kid is None or kid not in known:
        raise jwt.InvalidKeyError("signed by an unknown key")
    return known[kid]


def _tokens(
    door: Door, doors: Doors, client: Client, code: str, expected: Expected
) -> Mapping[str, Any]:
    form = oauth.by_code(code, expected.verifier, expected.callback)
    headers: dict[str, str] = {}
    if client.secret and doors.by_header:  # RFC 6749 §2.3.1: each encoded as in a form first
        pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
    else:
        form["client_id"] = client.client_id
        form |= {"client_secret": client.secret} if client.secret else {}
    answer = oauth.ask(door, doors.token, form, headers)
    told = _json(answer)
    if answer.status != 200:
        raise AuthFailed(remote=f"{answer.status} {told.get('error', '')}"[:200])
    return told


def _userinfo(door: Door, url: str, token: str, claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read what more the provider says of the same person."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    answer = door.send(
        Request("GET", url, headers=headers, idempotent=True, max_bytes=LARGEST, within=WITHIN)
    )
    told = _json(answer) if answer.status == 200 else {}
    return told if told.get("sub") == claims["sub"] else {}


def _read(door: Door, url: str) -> Mapping[str, Any]:
    """Read a document of the provider, which everybody may read."""
    headers = {"Accept": "application/json"}
    answer = door.send(
        Request("GET", url, headers=headers, idempotent=True, max_bytes=LARGEST, within=WITHIN)
    )
    if answer.status != 200:
        raise ConnectorError(
            Text(
                N_("There is nothing to read at %(url)s (status %(status)s). Check the address."),
                {"url": url, "status": answer.status},
            )
        )
    told = _json(answer)
    if not told:
        raise ConnectorError(
            Text(
                N_("What %(url)s answers is no JSON object. Check the address of the issuer."),
                {"url": url},
            )
        )
    return told


def _json(answer: Answer) -> dict[str, Any]:
    try:
        told = answer.json()
    except (Retryable, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _allowed(door: Door, url: str) -> str:
    """Return an address that a browser may be sent to, empty if this is none."""
    try:
        return url if url and _HOST.fullmatch(urlsplit(door.checked(url)).netloc) else ""
    except WrongInstance:
        return ""
