"""OpenID providers for tests: a certified one in a process of its own, and one that forges."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask, jsonify, request

from crmapp.connectors.sandbox.serving import Server
from tests.support.node import NODE, environment, install

FOLDER = Path(__file__).with_name("identity_provider")
CLIENT_ID = "crmapp"
SECRET = "a secret / of + signs"


@contextmanager
def certified(callback: str, home: str) -> Iterator[str]:
    """Run the certified provider and return its issuer."""
    install(FOLDER)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = subprocess.Popen(
        [NODE, FOLDER / "serve.mjs", str(port), callback, home],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert started.stdout is not None
        assert any(line == "ready\n" for line in started.stdout)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(started.pid, signal.SIGKILL)  # what it runs by is a program that runs another
        started.wait()
        started.stdout.close()


def signs_in(url: str, login: str) -> str:
    """Sign in as ``login`` at the certified provider; return the path that it leads back to."""
    with httpx.Client(trust_env=False) as browser:
        answer = browser.get(url)
        issuer = urlsplit(url).netloc
        while True:
            if answer.is_redirect:
                there = httpx.URL(url).join(answer.headers["location"])
                if there.netloc.decode() != issuer:
                    return there.raw_path.decode()
                answer = browser.get(there)
                continue
            assert answer.status_code == 200, answer.text
            action = html.unescape(re.findall(r'action="([^"]+)"', answer.text)[0])
            (prompt,) = re.findall(r'name="prompt" value="(\w+)"', answer.text)
            sent = {"prompt": prompt, "login": login, "password": "anything"}
            answer = browser.post(httpx.URL(url).join(action), data=sent)


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Forger:
    """A provider of one process that says whatever a test has it say."""

    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=lambda: {"first": KEY})
    claims: dict[str, Any] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    document: dict[str, Any] = field(default_factory=dict)
    signed_by: rsa.RSAPrivateKey | bytes | None = None
    algorithm: str = "RS256"
    kid: str | None = "first"
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    nonce: str = ""
    about: str = ""
    """What it says of itself, if it is not a document."""

    def app(self) -> Flask:
        """Return it as an application."""
        app = Flask("forger")
        app.add_url_rule("/.well-known/openid-configuration", "about", self._about)
        app.add_url_rule("/keys", "keys", self._keys)
        app.add_url_rule("/token", "token", self._token, methods=["POST"])
        return app

    def back(self, url: str, **instead: str) -> str:
        """Return the address that somebody comes back by who was sent to ``url``."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.nonce = asked["nonce"]
        came = {"code": "a code", "state": asked["state"], **instead}
        return str(httpx.URL(asked["redirect_uri"]).copy_with(params=came).raw_path.decode())

    def _about(self) -> Any:
        if self.about:
            return self.about
        return jsonify(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "end_session_endpoint": f"{self.url}/end",
                **self.document,
            }
        )

    def _keys(self) -> Any:
        public = {
            kid: json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            for kid, key in self.keys.items()
        }
        return jsonify({"keys": [{**each, "kid": kid} for kid, each in public.items()]})

    def _token(self) -> Any:
        self.asked.append(request.form.to_dict())
        if request.form["code"] in self.used:
            return jsonify({"error": "invalid_grant"}), 400
        self.used.add(request.form["code"])
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "4711", "aud": CLIENT_ID, "iat": now, "exp": now + 300,
            "nonce": self.nonce, "email": "bob@crm.example", "email_verified": True, **self.claims,
        }  # fmt: skip
        said = {name: value for name, value in claims.items() if name not in self.lacks}
        return jsonify({"id_token": self.signed(said), "token_type": "Bearer"})

    def signed(self, claims: dict[str, Any]) -> str:
        """Sign what is claimed as the test has it."""
        key: Any = None if self.algorithm == "none" else self.signed_by or self.keys["first"]
        headers = {"kid": self.kid} if self.kid is not None else {}
        if isinstance(key, bytes):  # the library refuses to confuse a public key with a secret
            return _by_secret(key, claims, headers)
        return jwt.encode(claims, key, algorithm=self.algorithm, headers=headers)


KEY = new_key()


@contextmanager
def forging() -> Iterator[Forger]:
    """Serve a forger."""
    forger = Forger()
    with Server(forger.app()) as server:
        forger.url = server.url
        yield forger


def _by_secret(secret: bytes, claims: dict[str, Any], headers: dict[str, str]) -> str:
    hmac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    parts = [{"alg": "HS256", "typ": "JWT", **headers}, claims]
    text = b".".join(jwt.utils.base64url_encode(json.dumps(part).encode()) for part in parts)
    return (text + b"." + jwt.utils.base64url_encode(hmac.sign(text, secret))).decode()
