"""Requests to Tryton in the name of the connection's user."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from crmapp.connectors.answers import Answer
from crmapp.connectors.cursors import now_there
from crmapp.connectors.door import Door, Request
from crmapp.connectors.errors import ConnectorError, Unreachable
from crmapp.connectors.tryton.refusals import no_tryton, refused, refused_sign_in
from crmapp.connectors.tryton.settings import TrytonSettings

CONTEXT = ("language", "company", "companies", "company_filter", "employee")
"""What of the user's preferences Tryton's own clients send along: some values depend on it."""


@dataclass(frozen=True)
class SignedIn:
    """A session of Tryton's."""

    user: int
    token: str = field(repr=False)
    header: str = field(repr=False)
    preferences: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def context(self) -> dict[str, Any]:
        return {name: self.preferences[name] for name in CONTEXT if name in self.preferences}


@dataclass(frozen=True)
class Result:
    """What a call returned, and the time at which Tryton began to answer, or a little earlier."""

    value: Any
    at: datetime


class Session:
    """Signs in at the first call, anew when the session has ended, and out when it is closed."""

    def __init__(self, settings: TrytonSettings, door: Door) -> None:
        self._settings = settings
        self._door = door
        self._signed_in: SignedIn | None = None
        self._lock = threading.Lock()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not stand in the log: the password, and the session in use."""
        open = self._signed_in
        return (*self._settings.secrets, *((open.token, open.header) if open else ()))

    @property
    def preferences(self) -> Mapping[str, Any]:
        return self._open(None).preferences

    def call(self, method: str, *params: Any, about: str) -> Result:
        """Return what a method of a model answers; the context comes last by itself.

        Raises:
            ConnectorError: Tryton refuses, whatever it says. ``about`` is what is named then.
        """
        before = datetime.now(UTC)
        open = self._open(None)
        answer = self._sent(method, [*params, open.context], open.header)
        if answer.status == 401:
            open = self._open(open)
            answer = self._sent(method, [*params, open.context], open.header)
        return Result(_result(answer, about), min(before, now_there(answer.headers)))

    def ask(self, method: str, *params: Any, about: str) -> Any:
        """Return the value of :meth:`call`."""
        return self.call(method, *params, about=about).value

    def methods(self) -> list[str]:
        """Return the names of all that can be called."""
        answer = self._sent("system.listMethods", [], self._open(None).header)
        return [str(each) for each in _result(answer, "system.listMethods")]

    def version(self) -> str:
        """Return the version of the server, which takes no sign-in: is it Tryton at all?

        Raises:
            WrongInstance: something else answers.
        """
        answer = self._posted("/rpc/", "common.server.version", [])
        try:
            version = answer.json()["result"] if answer.status == 200 else None
        except (Unreachable, TypeError, KeyError):
            version = None
        if not isinstance(version, str):
            raise no_tryton(answer)
        return version

    def sign_in_anew(self) -> None:
        """Sign in by what the settings say now, whether or not a session is open."""
        self._open(self._signed_in)

    def close(self) -> None:
        """Sign out, as far as that is possible: Tryton ends the session by itself one day."""
        open, self._signed_in = self._signed_in, None
        if open:
            try:
                self._sent("common.db.logout", [], open.header)
            except ConnectorError:
                return

    def _open(self, ended: SignedIn | None) -> SignedIn:
        """Return the session; a new one if there is none, or it is the one that has ended."""
        with self._lock:
            if self._signed_in is None or self._signed_in is ended:
                self._signed_in = self._sign_in()
            return self._signed_in

    def _sign_in(self) -> SignedIn:
        settings = self._settings
        credentials = [settings.user, {"password": settings.password}]
        answer = self._posted(self._path, "common.db.login", credentials)
        if error := refused_sign_in(answer, settings.database):
            raise error
        try:
            user, token = int(answer.json()["result"][0]), str(answer.json()["result"][1])
        except (TypeError, KeyError, IndexError, ValueError) as error:
            raise no_tryton(answer) from error
        text = f"{settings.user}:{user}:{token}".encode()
        header = f"Session {base64.b64encode(text).decode('ascii')}"
        preferences = self._sent("model.res.user.get_preferences", [False, {}], header)
        return SignedIn(user, token, header, _result(preferences, "res.user") or {})

    @property
    def _path(self) -> str:
        return f"/{quote(self._settings.database, safe='')}/rpc/"

    def _sent(self, method: str, params: list[Any], header: str) -> Answer:
        return self._posted(self._path, method, params, {"Authorization": header})

    def _posted(
        self, path: str, method: str, params: list[Any], headers: Mapping[str, str] | None = None
    ) -> Answer:
        body = {"id": 1, "method": method, "params": params}
        return self._door.send(
            Request(
                "POST",
                f"{self._settings.base}{path}",
                headers={"Content-Type": "application/json", **(headers or {})},
                content=json.dumps(body, ensure_ascii=False).encode(),
                idempotent=method != "common.db.login",  # each failure brings the limit nearer
            )
        )


def _result(answer: Answer, about: str) -> Any:
    if error := refused(answer, about):
        raise error
    body = answer.json()
    if not isinstance(body, dict) or "result" not in body:
        raise no_tryton(answer)
    return body["result"]
