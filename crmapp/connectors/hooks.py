"""Messages to webhooks: one POST, to a checked address, without redirects, within a time limit."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

import httpx

from crmapp.connectors.addresses import Reach, at_most
from crmapp.connectors.answers import unreachable
from crmapp.connectors.door import USER_AGENT, Transport
from crmapp.connectors.errors import ConnectorError, WrongInstance
from crmapp.i18n import N_, Text

LIMIT = 10.0
"""Seconds for a message and its answer."""
KEPT = 1_000
"""So many characters of an answer are kept."""
_READ = 4 * KEPT  # bytes: no character is longer
_ANYWHERE = r".+"
PRIVATE = N_(
    "%(host)s leads to a private address. Ask whoever runs crmapp to name it in"
    " CRMAPP_WEBHOOK_HOSTS."
)


@dataclass(frozen=True)
class Told:
    """What became of a message: the receiver's state of HTTP and words, or why there are none."""

    status: int | None
    seconds: float
    answer: str = ""
    error: str = ""

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def reach(own: Collection[str]) -> Reach:
    """Return what webhooks reach: hosts out in the world by HTTPS, and ``own`` wherever they are.

    ``own`` are the hosts that the operator names.
    """
    return Reach("webhooks", (_ANYWHERE,), own=frozenset(own))


def need_public(url: str, own: Collection[str]) -> None:
    """Check an address before it is kept.

    Raises:
        WrongInstance: it is none, is not reached by HTTPS, or is private.
        Unreachable: its host has no such name.
    """
    parts = reach(own).checked(url)
    host = (parts.hostname or "").rstrip(".").lower()
    try:
        reach(own).addresses(host, parts.port or 443)
    except WrongInstance as error:
        raise WrongInstance(Text(PRIVATE, {"host": host})) from error


class Teller:
    """Sends messages; the connections of one stay open until it is closed."""

    def __init__(self, own: Collection[str], limit: float = LIMIT) -> None:
        self._reach = reach(own)
        self._limit = limit
        self._client = httpx.Client(
            transport=Transport(self._reach, None),
            headers={"User-Agent": USER_AGENT, "Content-Type": "application/json"},
            timeout=limit,
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def tell(self, url: str, body: bytes, headers: Mapping[str, str]) -> Told:
        """Send one message, once, and return what became of it.

        The address is checked again where it leads to now, and that very address is spoken with.
        """
        begun = time.monotonic()
        try:
            with at_most(self._limit):
                host = self._reach.checked(url).hostname or ""
                status, words = self._sent(url, body, headers)
        except ConnectorError as error:
            return Told(None, time.monotonic() - begun, error=_cause(error))
        except httpx.HTTPError as error:
            return Told(None, time.monotonic() - begun, error=_cause(unreachable(error, host)))
        return Told(status, time.monotonic() - begun, words)

    def _sent(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        with self._client.stream("POST", url, content=body, headers=dict(headers)) as response:
            status, words = response.status_code, b""
            try:
                for part in response.iter_raw():
                    words += part[: _READ - len(words)]
                    if len(words) >= _READ:
                        break
            except httpx.HTTPError:
                pass  # it has said what it made of the message; the rest is only for people
            return status, words.decode("utf-8", "replace").replace("\x00", "")[:KEPT]


def _cause(error: ConnectorError) -> str:
    """Return a code that the log of requests has words for."""
    return str(getattr(error, "cause", "")) or type(error).__name__
