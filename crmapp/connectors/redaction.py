"""Takes secrets out of what is kept of a conversation with another system."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

GONE = "[redacted]"

_NAMES = (
    r"authorization|proxy-authorization|cookie|set-cookie|x-sfdc-session"
    r"|password|passwd|pwd|userpassword|senderpassword|sender_password|user_password"
    r"|client_secret|clientsecret|secret|private_key|assertion|client_assertion"
    r"|access_token|refresh_token|id_token|token|code_verifier"
    r"|sessionid|session_id|sid|session|signature|api_key|apikey"
)
# In JSON and XML a "code" is what went wrong; in a form it is what a sign-in is exchanged for.
_IN_FORMS = rf"{_NAMES}|code"
_SECRET = re.compile(rf"(?:{_IN_FORMS})", re.IGNORECASE)
_HEADER = re.compile(
    r"(?im)^(\s*(?:authorization|proxy-authorization|cookie|set-cookie|x-sfdc-session)\s*:\s*)[^\r\n]+"
)
_SCHEME = re.compile(r"(?i)\b(Bearer|Basic|OAuth|Session)\s+[A-Za-z0-9._~+/!=-]{8,}")
_JSON = re.compile(rf"(?i)([\"'](?:{_NAMES})[\"']\s*:\s*)(\"(?:[^\"\\]|\\.)*\"?|'[^']*'?)")
_XML = re.compile(rf"(?is)(<(?:\w+:)?({_NAMES})(?:\s[^>]*)?>)(?!\s*<)[^<]*")
_FORM = re.compile(rf"(?i)(?<![\w-])((?:{_IN_FORMS})=)[^&\s\"'<>]+")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?")
_SALESFORCE_SESSION = re.compile(r"\b00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]+")
_KEY = re.compile(
    r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
)


def redacted(text: str, known: Iterable[str] = ()) -> str:
    """Return ``text`` without secrets: those in ``known``, and whatever is named like one.

    It knows headers, JSON, forms and XML, whole or cut short.
    """
    for secret in sorted({each for each in known if len(each) >= 4}, key=len, reverse=True):
        text = text.replace(secret, GONE)
    text = _KEY.sub(GONE, text)
    text = _HEADER.sub(rf"\1{GONE}", text)
    text = _JSON.sub(rf'\1"{GONE}"', text)
    text = _XML.sub(rf"\1{GONE}", text)
    text = _FORM.sub(rf"\1{GONE}", text)
    text = _SCHEME.sub(rf"\1 {GONE}", text)
    text = _JWT.sub(GONE, text)
    return _SALESFORCE_SESSION.sub(GONE, text)


def redacted_path(path: str, query: str, known: Iterable[str] = ()) -> str:
    """Return a path with its query as the log may keep it."""
    if not query:
        return redacted(path, known)
    pairs = [
        (name, GONE if _SECRET.fullmatch(name) else redacted(value, known))
        for name, value in parse_qsl(query, keep_blank_values=True)
    ]
    return f"{redacted(path, known)}?{urlencode(pairs, safe='[],:/')}"


def shortened(text: str, limit: int = 500) -> str:
    """Return ``text`` in one line of at most ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
