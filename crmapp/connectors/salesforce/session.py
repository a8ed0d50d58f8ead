"""Requests to Salesforce in the name of the connection's user."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crmapp.connectors.answers import Answer
from crmapp.connectors.door import MAX_BYTES, Door, Request
from crmapp.connectors.errors import AuthFailed
from crmapp.connectors.port import Tokens, TokenStore, Usage
from crmapp.connectors.salesforce.refusals import EXPIRED, refusals, refused
from crmapp.connectors.salesforce.settings import SalesforceSettings
from crmapp.connectors.salesforce.signing import sign_in

_USED = re.compile(r"(?:^|[;,\s])api-usage=(\d+)/(\d+)")


@dataclass(frozen=True)
class Call:
    """A request below ``/services/data/vXX.X``, or at ``path`` itself if it is a whole one.

    ``object`` is what it is about: it is named if Salesforce says that there is no such thing.
    """

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    json: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = True
    max_bytes: int = MAX_BYTES
    object: str = ""


class Session:
    """Signs in when it must, once at a time, and translates what Salesforce refuses."""

    def __init__(self, settings: SalesforceSettings, door: Door, tokens: TokenStore) -> None:
        self._settings = settings
        self._door = door
        self._tokens = tokens
        self._sign_in = sign_in(settings, door)
        self._last: Tokens | None = None
        self._usage: Usage | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not stand in the log: the settings' secrets, and the tokens in use."""
        kept = (self._last.access, self._last.refresh or "") if self._last else ()
        return (*self._settings.secrets, *kept)

    @property
    def usage(self) -> Usage | None:
        return self._usage

    def whole(self, path: str) -> str:
        """Return a path with the version of the interface in front."""
        return path if path.startswith("/") else f"/services/data/v{self._settings.version}/{path}"

    def send(self, call: Call) -> Answer:
        """Return the answer to a request that Salesforce accepts.

        A session that has run out is renewed once, and the request sent once more.

        Raises:
            ConnectorError: Salesforce refuses, whatever it says.
        """
        tokens = self._signed_in()
        answer = self._sent(call, tokens)
        if _has_expired(answer):
            tokens = self._renewed(tokens.access)
            answer = self._sent(call, tokens)
        if 200 <= answer.status < 300:
            return answer
        raise refused(answer, call.object)

    def get(self, path: str, *params: tuple[str, str], **more: Any) -> Any:
        """Return the JSON at ``path``."""
        return self.send(Call("GET", path, params, **more)).json()

    def public(self, path: str) -> Answer:
        """Return the answer at a path that needs no sign-in."""
        return self._door.send(Request("GET", f"{self._settings.base}{path}", idempotent=True))

    def sign_in_anew(self) -> None:
        """Sign in by what the settings say now, whether or not a session is open."""
        tokens = self._tokens.current()
        self._last = self._tokens.renew(tokens.access if tokens else None, self._sign_in)

    def _signed_in(self) -> Tokens:
        tokens = self._tokens.current()
        if tokens is None:
            return self._renewed(None)
        self._last = tokens
        return tokens

    def _renewed(self, refused_token: str | None) -> Tokens:
        self._last = self._tokens.renew(refused_token, self._sign_in)
        if refused_token is not None and self._last.access == refused_token:
            raise AuthFailed()
        return self._last

    def _sent(self, call: Call, tokens: Tokens) -> Answer:
        base = (tokens.instance_url or self._settings.base).rstrip("/")
        content, headers = call.content, dict(call.headers)
        if call.json is not None:
            content = json.dumps(call.json, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json; charset=UTF-8"
        answer = self._door.send(
            Request(
                call.method,
                base + self.whole(call.path),
                headers={
                    "Accept": "application/json",
                    **headers,
                    "Authorization": f"Bearer {tokens.access}",
                },
                params=call.params,
                content=content,
                idempotent=call.idempotent,
                max_bytes=call.max_bytes,
            )
        )
        self._count(answer)
        return answer

    def _count(self, answer: Answer) -> None:
        """Keep what the answer says of the quota: ``api-usage=18/15000; per-app-api-usage=…``."""
        if found := _USED.search(answer.headers.get("sforce-limit-info", "")):
            self._usage = Usage(int(found[1]), int(found[2]), "day", datetime.now(UTC))


def _has_expired(answer: Answer) -> bool:
    if answer.status == 403 and answer.body.startswith(b"Bad_OAuth_Token"):
        return True  # so says the part that tells who one is
    if answer.status != 401:
        return False
    found = refusals(answer)
    return not found or any(each.code in (EXPIRED, "INVALID_AUTH_HEADER", "") for each in found)
