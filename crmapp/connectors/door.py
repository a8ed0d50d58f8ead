"""The one door to the network: time limits, checked addresses, few retries, a redacted log."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx
import tenacity

from crmapp.connectors.addresses import Reach, Way, at_most, deadline, is_over, left, no_address
from crmapp.connectors.answers import Answer, Explained, retry_after, unreachable
from crmapp.connectors.errors import Cause, ConnectorError, Retryable, Unreachable, WrongInstance
from crmapp.connectors.port import Exchange
from crmapp.connectors.redaction import redacted, redacted_path, shortened
from crmapp.i18n import N_, Text

USER_AGENT = "crmapp/0.1"
CONNECT, READ = 5.0, 60.0
MAX_BYTES = 64 * 2**20
TRIES = 3
PATIENCE = 5.0
"""How long the door itself waits for a busy system, in seconds; longer waits are the caller's."""
BUSY = frozenset({429, 502, 503, 504})
LONGEST = 4000
"""Characters of the remote's words that are looked through for secrets before they are kept."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})


Explain = Callable[[Answer], Explained]
Log = Callable[[Exchange], None]


def no_explanation(answer: Answer) -> Explained:
    """Explain an answer by its status alone."""
    return Explained(str(answer.status), answer.text) if answer.status >= 400 else Explained()


def no_log(_exchange: Exchange) -> None:
    """Keep nothing."""


@dataclass(frozen=True)
class Request:
    """One request; ``idempotent`` says that sending it twice does no harm."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Sequence[tuple[str, str]] = ()
    content: bytes | None = field(default=None, repr=False)
    idempotent: bool = False
    within: float | None = None
    """Seconds for all of it, with tries and pauses; only the look-up of a name may exceed it."""
    max_bytes: int = MAX_BYTES
    patience: float = 0.0
    """Seconds that the other side may be silent longer than usual, because it has much to do."""


class Door:
    """Sends requests to the addresses of one connection.

    ``secrets`` returns what must never stand in the log, whatever it is called there. ``turns``
    lets so many requests be under way at a time.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        log: Log = no_log,
        explain: Explain = no_explanation,
        secrets: Callable[[], Sequence[str]] = tuple,
        ca_file: Path | None = None,
        turns: threading.Semaphore | None = None,
        pause: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._reach = reach
        self._log = log
        self._explain = explain
        self._secrets = secrets
        self._turns = turns
        self._pause = pause
        self._client = httpx.Client(
            transport=transport or Transport(reach, ca_file),
            headers={"User-Agent": USER_AGENT},
            timeout=httpx.Timeout(READ, connect=CONNECT),
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._client.close()

    @property
    def is_sandbox(self) -> bool:
        return self._reach.sandbox

    def checked(self, url: str) -> str:
        """Return ``url`` if this connection may speak with it.

        Raises:
            WrongInstance: it must not.
        """
        self._reach.checked(url)
        return url

    def send(self, request: Request) -> Answer:
        """Return the answer, of whatever status.

        An idempotent request is tried a few times, with short pauses.

        Raises:
            Unreachable: no whole answer came.
            Retryable: the other side is busy (429, 502, 503, 504).
            WrongInstance: the address, or one it redirects to, is not allowed.
        """
        with at_most(request.within):
            tries = tenacity.Retrying(
                stop=lambda state: _enough(state, TRIES if request.idempotent else 1),
                retry=tenacity.retry_if_exception(_worth_another_try),
                wait=_pause_before,
                sleep=self._pause,
                reraise=True,
            )
            try:
                return tries(self._once, request)
            except _Busy as busy:
                raise Retryable(busy.message, after=busy.after, remote=busy.remote) from busy

    def _once(self, request: Request) -> Answer:
        answer = self._exchanged(request, request.url)
        if answer.status in REDIRECTS:
            answer = self._exchanged(request, _redirect(request, answer))
            if answer.status in REDIRECTS:
                raise _leads_away(answer)
        if answer.status in BUSY:
            kind = _Busy if answer.status == HTTPStatus.TOO_MANY_REQUESTS else Retryable
            raise kind(after=retry_after(answer), remote=shortened(self._words(answer)))
        return answer

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._turns is None:
            yield
            return
        if not self._turns.acquire(timeout=left(None)):
            raise Unreachable(
                N_("Other requests to the same system take too long. It is asked again later."),
                cause=Cause.TIME,
            )
        try:
            yield
        finally:
            self._turns.release()

    def _exchanged(self, request: Request, url: str) -> Answer:
        """Send one request to ``url`` and log it, whatever becomes of it."""
        self._reach.checked(url)
        built = self._built(request, url)
        begun, at = time.monotonic(), datetime.now(UTC)
        answer: Answer | None = None
        error = ""
        try:
            with self._turn():
                answer = self._received(built, request.max_bytes)
            return answer
        except ConnectorError as failure:
            error = str(getattr(failure, "cause", "")) or type(failure).__name__
            raise
        finally:
            self._keep(built, request, answer, error, at, time.monotonic() - begun)

    def _built(self, request: Request, url: str) -> httpx.Request:
        try:
            return self._client.build_request(
                request.method,
                url,
                headers=dict(request.headers),
                params=list(request.params) or None,
                content=request.content,
                timeout=httpx.Timeout(READ + request.patience, connect=CONNECT),
            )
        except UnicodeEncodeError as error:
            raise ConnectorError(
                N_("A setting has characters that cannot be sent. Enter it again.")
            ) from error
        except (httpx.InvalidURL, UnicodeError) as error:  # the latter from a name in punycode
            raise no_address(url) from error

    def _received(self, built: httpx.Request, max_bytes: int) -> Answer:
        try:
            response = self._client.send(built, stream=True)
            try:
                body = _read(response, max_bytes)
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise unreachable(error, built.url.host) from error
        except UnicodeError as error:  # httpx reads where a redirect leads, followed or not
            raise WrongInstance from error
        return Answer(response.status_code, response.headers, body, str(built.url))

    def _keep(
        self,
        built: httpx.Request,
        request: Request,
        answer: Answer | None,
        error: str,
        at: datetime,
        seconds: float,
    ) -> None:
        explained = Explained(error) if answer is None else self._explain(answer)
        known = self._secrets()
        self._log(
            Exchange(
                at=at,
                method=request.method,
                path=shortened(
                    redacted_path(built.url.path, built.url.query.decode("ascii"), known), 2000
                ),
                status=answer.status if answer else None,
                seconds=seconds,
                sent=len(request.content or b""),
                received=len(answer.body) if answer else 0,
                error=shortened(redacted(explained.error, known), 100),
                detail=shortened(redacted(explained.detail[:LONGEST], known)),
            )
        )

    def _words(self, answer: Answer) -> str:
        return redacted(self._explain(answer).detail or answer.text[:2000], self._secrets())


class _Busy(Retryable):
    """A request that was refused before anything was done, so that any may be sent again."""


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom everybody trusts; to read that anew takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)


class Transport(httpx.HTTPTransport):
    """httpx's transport over connections that lead only where the connection may reach."""

    def __init__(self, reach: Reach, ca_file: Path | None) -> None:
        trusted = ssl.create_default_context(cafile=str(ca_file)) if ca_file else _trusted()
        super().__init__(verify=trusted, trust_env=False)
        # httpx offers no way to choose what connects; its pool does.
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted,
            max_connections=10,
            max_keepalive_connections=4,
            keepalive_expiry=30.0,
            network_backend=Way(reach),
        )


def _read(response: httpx.Response, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > max_bytes:
            raise ConnectorError(
                Text(
                    N_("The answer is larger than %(size)s MB. Choose fewer fields."),
                    {"size": max_bytes // 2**20},
                )
            )
        if is_over():  # a peer that drips keeps within every single time limit
            raise Unreachable(N_("The answer took too long."), cause=Cause.TIME)
    return bytes(body)


class Speaker:
    """What speaks through one door, and closes it when it is left."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._door.close()


def _redirect(request: Request, answer: Answer) -> str:
    """Return where to go instead, if that is the same host and nothing is sent along."""
    target = urljoin(answer.url, answer.headers.get("location", ""))
    here, there = urlsplit(answer.url), urlsplit(target)
    if request.method not in ("GET", "HEAD") or here[:2] != there[:2]:
        raise _leads_away(answer)
    return target


def _leads_away(answer: Answer) -> WrongInstance:
    there = urlsplit(urljoin(answer.url, answer.headers.get("location", ""))).hostname or "?"
    return WrongInstance(
        Text(N_("The address leads to another one, %(host)s. Enter that one."), {"host": there})
    )


def _worth_another_try(error: BaseException) -> bool:
    if isinstance(error, Unreachable):
        return error.cause in (Cause.CUT, Cause.REFUSED)
    return isinstance(error, Retryable) and (error.after is None or error.after <= PATIENCE)


def _pause_before(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error, "after", None)
    jitter = tenacity.wait_random_exponential(multiplier=0.2, max=2.0)(state)
    return jitter if asked is None else asked + jitter


def _enough(state: tenacity.RetryCallState, tries: int) -> bool:
    """Say whether that was the last try, or the next would begin after the deadline."""
    end = deadline.get()
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Busy):
        tries = TRIES
    if state.attempt_number >= tries or end is None:
        return state.attempt_number >= tries
    asked = getattr(error, "after", None)
    return end - time.monotonic() <= (asked or 0.0) + 0.5
