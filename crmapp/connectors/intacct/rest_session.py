"""Requests to Intacct's REST API in the name of the connection's user."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crmapp.connectors.answers import Answer, not_whole
from crmapp.connectors.cursors import now_there
from crmapp.connectors.door import Door, Request
from crmapp.connectors.errors import AuthFailed, ConnectorError, Retryable, Unreachable
from crmapp.connectors.intacct.refusals import Problem, refused
from crmapp.connectors.intacct.rest_errors import problems_of
from crmapp.connectors.intacct.settings import IntacctRestSettings
from crmapp.connectors.intacct.signing import sign_in
from crmapp.connectors.port import Tokens, TokenStore
from crmapp.connectors.redaction import redacted, shortened


@dataclass(frozen=True)
class Call:
    """A request below the interface's address; ``object`` is what it is about."""

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    json: Any = None
    idempotent: bool = True
    object: str = ""
    idempotency_key: str = ""
    patience: float = 0.0
    """Seconds that the answer may take longer than usual to begin."""


class Session:
    """Signs in when it must, once at a time, and translates what Intacct refuses."""

    def __init__(self, settings: IntacctRestSettings, door: Door, tokens: TokenStore) -> None:
        self._settings = settings
        self._door = door
        self._tokens = tokens
        self._sign_in = sign_in(settings, door)
        self._last: Tokens | None = None
        self.requests = 0
        self.now_there = datetime.now(UTC)  # as of the last answer

    @property
    def secrets(self) -> tuple[str, ...]:
        kept = (self._last.access, self._last.refresh or "") if self._last else ()
        return (*self._settings.secrets, *kept)

    def send(self, call: Call) -> Any:
        """Return the JSON of an answer that Intacct accepts, be it for some of several rows.

        A token that is not good any more is renewed once, and the request sent once more.

        Raises:
            ConnectorError: Intacct refuses the request as a whole.
        """
        tokens = self._signed_in()
        answer = self._sent(call, tokens)
        if answer.status == 401:
            tokens = self._renewed(tokens.access)
            answer = self._sent(call, tokens)
        if answer.status == 401:
            raise AuthFailed(remote=_words(answer))
        if answer.status == 204:
            return {}
        body = self._body(answer)
        if answer.status >= 300 and not isinstance(body.get("ia::result"), list):
            raise refused(problems_of(answer) or (Problem("", _words(answer)),), call.object)
        return body

    def sign_in_anew(self) -> None:
        """Sign in by what the settings say now, whether or not a token is kept."""
        tokens = self._tokens.current()
        self._renewed(tokens.access if tokens else None)

    def _body(self, answer: Answer) -> dict[str, Any]:
        try:
            body = answer.json()
        except Unreachable:
            raise _no_json(answer) from None
        if not isinstance(body, dict):
            raise not_whole(answer.text)
        if answer.status >= 500:
            raise Retryable(remote=_words(answer))
        return body

    def _signed_in(self) -> Tokens:
        tokens = self._tokens.current()
        if tokens is None:
            return self._renewed(None)
        if tokens.expires_at and tokens.expires_at <= datetime.now(UTC):
            return self._renewed(tokens.access)
        self._last = tokens
        return tokens

    def _renewed(self, refused_token: str | None) -> Tokens:
        self._last = self._tokens.renew(refused_token, self._sign_in)
        return self._last

    def _sent(self, call: Call, tokens: Tokens) -> Answer:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {tokens.access}"}
        content = None
        if call.json is not None:
            content = json.dumps(call.json, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        if call.idempotency_key:
            headers["Idempotency-Key"] = call.idempotency_key
        if self._settings.entity:
            headers["X-IA-API-Param-Entity"] = self._settings.entity
        self.requests += 1
        answer = self._door.send(
            Request(
                call.method,
                f"{self._settings.base}/{call.path}",
                headers=headers,
                params=call.params,
                content=content,
                idempotent=call.idempotent,
                patience=call.patience,
            )
        )
        self.now_there = now_there(answer.headers)
        return answer


def _no_json(answer: Answer) -> ConnectorError:
    """Return what a page instead of JSON means: what stands before Intacct is in trouble."""
    if answer.status >= 500:
        return Retryable(remote=_words(answer))
    return not_whole(answer.text)


def _words(answer: Answer) -> str:
    return shortened(redacted(answer.text[:2000]), 500)
