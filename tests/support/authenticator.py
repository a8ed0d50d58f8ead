"""A device that keeps passkeys, as browsers ask it: what WebAuthn says it answers, in JSON."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class Authenticator:
    """Holds one key. ``origin`` is what the browser says of the page that asks."""

    def __init__(self, origin: str = "http://localhost", flags: int = PRESENT | VERIFIED) -> None:
        self.origin, self.flags, self.counter = origin, flags, 0
        self.key, self.id = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16)
        self.handle = b""

    def create(self, options: dict[str, Any]) -> str:
        """Make the key, and tell its public half."""
        self.handle = _bytes(options["user"]["id"])
        point = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        told = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(public)
        said = self._said(options["rp"]["id"], self.flags | ATTESTED) + told
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": said})
        client = self._client("webauthn.create", options)
        return self._written(attestationObject=_text(attestation), clientDataJSON=_text(client))

    def get(self, options: dict[str, Any]) -> str:
        """Prove that the key is here."""
        self.counter += 1
        said = self._said(options["rpId"], self.flags)
        client = self._client("webauthn.get", options)
        signed = said + hashlib.sha256(client).digest()
        return self._written(
            authenticatorData=_text(said),
            clientDataJSON=_text(client),
            signature=_text(self.key.sign(signed, ec.ECDSA(SHA256()))),
            userHandle=_text(self.handle),
        )

    def _said(self, party: str, flags: int) -> bytes:
        hashed = hashlib.sha256(party.encode()).digest()
        return hashed + bytes([flags]) + self.counter.to_bytes(4)

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(told).encode()

    def _written(self, **response: str) -> str:
        own = {"id": _text(self.id), "rawId": _text(self.id), "type": "public-key"}
        return json.dumps({**own, "response": response})


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
