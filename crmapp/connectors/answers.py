"""What comes back from another system, and what it means if nothing whole does."""

from __future__ import annotations

import email.utils
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from crmapp.connectors.errors import Cause, Unreachable
from crmapp.connectors.redaction import redacted, shortened
from crmapp.i18n import N_, Text


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str = ""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body as JSON, numbers with a point as Decimal.

        Raises:
            Unreachable: it is no JSON, or only the beginning of some.
        """
        try:
            return json.loads(self.body, parse_float=Decimal)
        except ValueError as error:
            raise not_whole(self.text) from error


@dataclass(frozen=True)
class Explained:
    """What an answer says went wrong: the remote's code, and its words."""

    error: str = ""
    detail: str = ""


def unreachable(error: httpx.HTTPError, host: str) -> Unreachable:
    """Return what an error of the network means."""
    if isinstance(error, httpx.TimeoutException):
        cause = Cause.TIME
    elif isinstance(error, httpx.ConnectError):
        cause = Cause.TLS if _is_about_tls(error) else Cause.REFUSED
    else:
        cause = Cause.CUT
    return Unreachable(
        Text(_SENTENCES[cause], {"host": host}),
        cause=cause,
        remote=shortened(redacted(str(error)), 200),
    )


_SENTENCES = {
    Cause.TLS: N_("No secure connection to %(host)s could be made. Check its certificate."),
    Cause.TIME: N_("%(host)s does not answer in time. It is asked again later."),
    Cause.REFUSED: N_("%(host)s cannot be reached. Check the address and the network."),
    Cause.CUT: N_("The connection to %(host)s was cut before the answer was whole."),
}


def _is_about_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def not_whole(text: str) -> Unreachable:
    """Return the error for an answer that is not what was asked for, or only its beginning."""
    return Unreachable(
        N_("The other system's answer is not whole, or not its own. It is asked again later."),
        cause=Cause.CUT,
        remote=shortened(redacted(text), 200),
    )


def retry_after(answer: Answer) -> float | None:
    """Return how many seconds an answer asks to wait (``Retry-After``, ``X-IA-…-Retry-After``)."""
    values = [
        value for name, value in answer.headers.items() if name.lower().endswith("retry-after")
    ]
    seconds = [each for each in map(_seconds, values) if each is not None]
    return max(seconds, default=None)


def _seconds(value: str) -> float | None:
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((moment - datetime.now(moment.tzinfo or UTC)).total_seconds(), 0.0)
