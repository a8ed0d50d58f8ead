"""What is signed for a browser to send back: sessions, and the token against forgery."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import current_app, session
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode

from crmapp.web.context import kept

LEAST = 500
"""Bytes that are not worth compressing: a cookie has room for them."""
_NAME = "csrf_token"
_SALT = "wtf-csrf-token"  # Flask-WTF's, which reads what is written here


class Serializer(URLSafeTimedSerializer):
    """Writes what the library reads, and compresses only what is long."""

    def dump_payload(self, obj: Any) -> bytes:
        text = self.serializer.dumps(obj, **self.serializer_kwargs)
        plain = text.encode() if isinstance(text, str) else text
        return super().dump_payload(obj) if len(plain) > LEAST else base64_encode(plain)


def csrf_token() -> str:
    """Return what Flask-WTF's ``generate_csrf`` does, from a serializer that is made once."""
    here = kept()
    if _NAME not in here and _NAME in session:
        here[_NAME] = _serializer(str(current_app.secret_key)).dumps(session[_NAME])
    return str(here.get(_NAME) or generate_csrf())


@lru_cache(maxsize=1)
def _serializer(secret: str) -> Serializer:
    return Serializer(secret, salt=_SALT)
