"""What ``crmapp doctor`` asks of other servers: letters, HTTPS and the time."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
from sqlalchemy import func, select

from crmapp.config import Settings
from crmapp.db import db, session, utcnow
from crmapp.mail.messages import Message
from crmapp.mail.post import Envelope, Refused, Smtp, Undeliverable
from crmapp.models import AuditEvent, Change
from crmapp.services.notifications import message_id

_SOON = 21
"""Days before its end in which a certificate should have been renewed by itself."""
_LATE, _WRONG = 5.0, 30.0
"""Seconds that a clock may differ, and from which on codes of two-step sign-in are refused."""
_HALF_A_YEAR = 15552000
_TIMEOUT = 10.0
_ROWS = 100
"""So many of the newest rows are looked at."""
Answer = tuple[str, str]
"""The state of a finding, and its detail."""


@dataclass(frozen=True)
class Asked:
    """What the public address answered; ``ahead`` is by how many seconds its clock is."""

    status: int
    hsts: str
    expires: datetime | None
    ahead: float | None


def asked(settings: Settings) -> Asked | None:
    """Ask the public address for ``/health``, if one is set.

    Raises:
        OSError: it does not answer, or its certificate is not good.
    """
    if not settings.public_url:
        return None
    context = ssl.create_default_context()
    url = f"{settings.public_url}/health"
    try:
        with (
            httpx.Client(verify=context, timeout=_TIMEOUT, trust_env=False) as client,
            client.stream("GET", url) as response,
        ):
            now = time.time()
            stream = response.extensions["network_stream"]
            return Asked(
                response.status_code,
                response.headers.get("Strict-Transport-Security", ""),
                _end(stream.get_extra_info("ssl_object")),
                _ahead(response.headers.get("Date", ""), now),
            )
    except httpx.HTTPError as error:
        raise OSError(str(error) or type(error).__name__) from error


def _end(connection: ssl.SSLObject | ssl.SSLSocket | None) -> datetime | None:
    told = (connection.getpeercert() or {}) if connection else {}
    end = told.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(end)), UTC) if end else None


def _ahead(date: str, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except ValueError:
        return None


def https(settings: Settings, answer: Asked | OSError | None) -> Answer:
    """Look at the public address, its certificate, the cookies and the proxies."""
    url = settings.public_url
    if not url:
        return "warn", (
            "CRMAPP_PUBLIC_URL is not set: links in letters lead to"
            f" {settings.address}. Set it once people reach crmapp from elsewhere"
        )
    if urlsplit(url).scheme != "https":
        return "fail", (
            f"{url} is not encrypted: put a proxy with a certificate before it, and set"
            " CRMAPP_PUBLIC_URL to its https address (docs/operating.md)"
        )
    if isinstance(answer, OSError):
        return "fail", f"{url}: {answer}"
    if answer is None or answer.status != 200:
        return "fail", f"{url}/health answers {answer.status if answer else 'nothing'}, not 200"
    return _of_https(settings, answer)


def _of_https(settings: Settings, answer: Asked) -> Answer:
    days = (answer.expires - utcnow()).days if answer.expires else 0
    if not settings.secure_cookies:
        return "fail", "CRMAPP_SECURE_COOKIES is not 1: set it, so that cookies go by HTTPS only"
    if not settings.proxies:
        return "fail", (
            "crmapp speaks no HTTPS, so a proxy does, and CRMAPP_PROXIES is 0: everybody comes from"
            " the proxy's address. Set it to the number of proxies"
        )
    if days < _SOON:
        return "warn", f"the certificate ends in {days} days: see why it was not renewed"
    if _age(answer.hsts) < _HALF_A_YEAR:
        return "warn", (
            "the answer says no Strict-Transport-Security of half a year: let the proxy leave that"
            " header alone"
        )
    return "ok", f"{settings.public_url}, its certificate is good for {days} days"


def _age(hsts: str) -> int:
    for part in hsts.lower().split(";"):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and value.strip('"').isdigit():
            return int(value.strip('"'))
    return 0


def mail(settings: Settings, letter_to: str) -> Answer:
    """Connect to the mail server and sign in; send a letter only if an address is given."""
    if settings.smtp_url is None:
        return "warn", "CRMAPP_SMTP_URL is not set: letters are only listed in Admin > Mail"
    server = Smtp(settings.smtp_url, settings.mail_from)
    host = urlsplit(settings.smtp_url).hostname
    try:
        encrypted = server.greet()
        if letter_to:
            server.carry(_letter(letter_to))
    except (Undeliverable, Refused) as error:
        return "fail", f"{host}: {error}. Check CRMAPP_SMTP_URL and CRMAPP_MAIL_FROM"
    sent = f"; a letter is on its way to {letter_to}" if letter_to else ""
    if not encrypted:
        return "warn", f"{host} answers, but offers no encryption (STARTTLS){sent}"
    return "ok", f"{host} answers, encrypted, as {settings.mail_from}{sent}"


def _letter(to: str) -> Envelope:
    text = "crmapp doctor sent this letter to see whether it arrives. It did."
    words = Message("A letter from crmapp doctor", text, None)
    return Envelope(message_id(f"doctor:{time.time_ns()}"), to, words, utcnow())


def clock(answer: Asked | OSError | None) -> Answer:
    """Compare this clock with the database's, the public address's and the newest row's."""
    found = {"the newest row of the database": _behind_rows()}
    if db.engine.dialect.name == "postgresql":
        theirs: datetime = session.scalar(select(func.clock_timestamp())) or utcnow()
        found["the database server"] = (theirs - utcnow()).total_seconds()
    if isinstance(answer, Asked) and answer.ahead is not None:
        found["what answers at the public address"] = answer.ahead
    session.rollback()
    who, off = max(found.items(), key=lambda each: abs(each[1]))
    if abs(off) < _LATE:
        return "ok", f"{utcnow():%Y-%m-%d %H:%M:%S} UTC"
    way = "behind" if off > 0 else "ahead of"
    state = "fail" if abs(off) >= _WRONG else "warn"
    return state, (
        f"this clock is {abs(off):.0f} s {way} {who}: let both machines set theirs by NTP"
        " (timedatectl set-ntp true)"
    )


def _behind_rows() -> float:
    """Return by how many seconds a row is in the future: the clock has stepped back since."""
    found = [0.0]
    for table in (AuditEvent, Change):
        for at in session.scalars(select(table.at).order_by(table.id.desc()).limit(_ROWS)):
            found.append((at - utcnow()).total_seconds())
    return max(found)
