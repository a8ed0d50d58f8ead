"""How each setting is written in the environment: read, or refused by a sentence that names it."""

from __future__ import annotations

import base64
import math
import os
import re
import shlex
from collections.abc import Mapping
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from crmapp.errors import ConfigurationError

Number = TypeVar("Number", int, float)
SQL_SOURCE = "CRMAPP_SQL_"
_PSYCOPG = "postgresql+psycopg"
_HOST_NAME = re.compile(r"\.?(?:[a-z0-9_-]+\.)*[a-z0-9_-]*[a-z_][a-z0-9_-]*")
_SHORTEST_KEY = 32


def sql_sources(environ: Mapping[str, str]) -> dict[str, str]:
    """Read ``CRMAPP_SQL_ERP=postgresql://…`` as ``{"erp": …}``; the address stays secret."""
    found: dict[str, str] = {}
    for variable, address in environ.items():
        name = variable.removeprefix(SQL_SOURCE)
        if name == variable or not address:
            continue
        scheme, separator, rest = address.partition("://")
        scheme = {"postgres": _PSYCOPG, "postgresql": _PSYCOPG}.get(scheme, scheme)
        try:
            make_url(f"{scheme}{separator}{rest}").get_dialect()
        except (ArgumentError, NoSuchModuleError, ValueError) as error:
            raise ConfigurationError(
                f"{variable} is no address of a database, such as postgresql://reader:…@host/erp."
            ) from error
        found[name.lower()] = f"{scheme}{separator}{rest}"
    return found


def scan(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Read a command, as a shell would split it."""
    text = environ.get("CRMAPP_ATTACHMENT_SCAN") or ""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ConfigurationError(
            f"CRMAPP_ATTACHMENT_SCAN={text!r} is no command, such as clamdscan --fdpass."
        ) from error


def mail_drop_domain(environ: Mapping[str, str]) -> str:
    """Read the domain of the addresses that letters to accounts go to."""
    domain = (environ.get("CRMAPP_MAIL_DROP_DOMAIN") or "").lower()
    if domain and (domain[0] == "." or not _HOST_NAME.fullmatch(domain)):
        raise ConfigurationError(
            f"CRMAPP_MAIL_DROP_DOMAIN={domain!r} is no domain, such as crm.example.com."
        )
    return domain


def source_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Read whole paths."""
    texts = [
        each for each in (environ.get("CRMAPP_SOURCE_FOLDERS") or "").split(os.pathsep) if each
    ]
    for text in texts:
        if not Path(text).is_absolute() or Path(text).resolve() == Path("/"):
            raise ConfigurationError(
                f"CRMAPP_SOURCE_FOLDERS: {text!r} is no folder by its whole path, such as"
                f" /srv/erp; separate several by {os.pathsep!r}."
            )
    return tuple(map(Path, texts))


def source_hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Read names (``erp.corp``), ends of names (``.corp``), addresses and networks."""
    texts = (environ.get("CRMAPP_SOURCE_HOSTS") or "").lower().split(",")
    hosts = tuple(text.strip() for text in texts if text.strip())
    for host in hosts:
        if not _HOST_NAME.fullmatch(host) and not _is_network(host):
            raise ConfigurationError(
                f"CRMAPP_SOURCE_HOSTS: {host!r} names no host. Use names, addresses or networks"
                " such as erp.corp.example, .corp.example or 10.1.0.0/16, separated by commas."
            )
    return hosts


def webhook_hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Read names and addresses, each whole."""
    texts = (environ.get("CRMAPP_WEBHOOK_HOSTS") or "").lower().split(",")
    hosts = tuple(text.strip() for text in texts if text.strip())
    for host in hosts:
        if host.startswith(".") or not (_HOST_NAME.fullmatch(host) or _is_address(host)):
            raise ConfigurationError(
                f"CRMAPP_WEBHOOK_HOSTS: {host!r} names no host. Use names or addresses such as"
                " hub.corp.example or 10.1.0.7, separated by commas."
            )
    return hosts


def _is_address(text: str) -> bool:
    return "/" not in text and _is_network(text)


def _is_network(text: str) -> bool:
    try:
        return ip_network(text).prefixlen > 0
    except ValueError:
        return False


def sqlalchemy_url(text: str) -> str:
    """Name the driver: ``postgres://`` and ``postgresql://`` mean psycopg 3 here."""
    scheme, separator, rest = text.partition("://")
    if scheme in ("postgres", "postgresql"):
        scheme = _PSYCOPG
    if scheme not in ("sqlite", _PSYCOPG):
        raise ConfigurationError(
            f"DATABASE_URL starts with {scheme!r}; use sqlite:///… or postgresql://…"
        )
    try:
        url = make_url(f"{scheme}{separator}{rest}")
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError("DATABASE_URL cannot be read: check its host and port.") from error
    if scheme == "sqlite":
        if not url.database or url.database.startswith((":memory:", "file:")):
            raise ConfigurationError("DATABASE_URL names no file: use sqlite:///path/to/crmapp.db.")
        url = url.set(database=str(Path(url.database).absolute()))
    return url.render_as_string(hide_password=False)


def number(
    environ: Mapping[str, str],
    name: str,
    default: Number,
    least: float = 1,
    most: float = math.inf,
) -> Number:
    """Read a number like ``default``, from ``least`` to ``most``."""
    text = environ.get(name)
    try:
        value = type(default)(text or default)
    except ValueError:
        value = type(default)(-1)
    if not least <= value <= most or not math.isfinite(value):
        end = "on" if most == math.inf else f"to {most}"
        raise ConfigurationError(f"{name}={text!r} is not a number from {least} {end}.")
    return value


def smtp_url(environ: Mapping[str, str]) -> str | None:
    """Read the address of the server that sends mail."""
    url = environ.get("CRMAPP_SMTP_URL") or None
    if url and not _names_server(url, ("smtp", "smtps")):
        raise ConfigurationError("CRMAPP_SMTP_URL: use smtp[s]://user:password@host:port.")
    return url


def imap_url(environ: Mapping[str, str]) -> str | None:
    """Read the address of the mailbox."""
    url = environ.get("CRMAPP_IMAP_URL") or None
    if url is None:
        return None
    if not _names_server(url, ("imap", "imaps")) or not urlsplit(url).username:
        raise ConfigurationError("CRMAPP_IMAP_URL: use imaps://user:password@host:port/folder.")
    if not mail_drop_domain(environ):
        raise ConfigurationError(
            "CRMAPP_IMAP_URL needs CRMAPP_MAIL_DROP_DOMAIN: the domain of the addresses whose mail"
            " comes to that mailbox."
        )
    return url


def public_url(environ: Mapping[str, str]) -> str:
    """Read where people reach crmapp."""
    url = environ.get("CRMAPP_PUBLIC_URL") or ""
    if url and not _names_server(url, ("http", "https")):
        raise ConfigurationError(f"CRMAPP_PUBLIC_URL={url!r}: use http[s]://host.")
    return url.rstrip("/")


def _names_server(url: str, schemes: tuple[str, ...]) -> bool:
    """Say whether ``url`` is the address of a server that speaks one of ``schemes``."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:  # no such port, or half an IPv6 address
        return False
    return bool(known) and url.isprintable()


def mail_from(environ: Mapping[str, str]) -> str:
    """Read who mail comes from."""
    sender = environ.get("CRMAPP_MAIL_FROM") or "crmapp@localhost"
    name, _, host = parseaddr(sender)[1].rpartition("@")
    if not name or not host or not sender.isprintable():
        raise ConfigurationError(f"CRMAPP_MAIL_FROM={sender!r}: use an address, name@host.")
    return sender


def secret_key(environ: Mapping[str, str]) -> str:
    """Read the key that signs sessions."""
    key = environ.get("SECRET_KEY") or ""
    if 0 < len(key) < _SHORTEST_KEY:
        raise ConfigurationError(f"SECRET_KEY is too short: use {_SHORTEST_KEY} characters.")
    return key


def encryption_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Read the keys: each is 32 bytes in URL-safe base64, as ``crmapp keys new`` makes them."""
    text = environ.get("CRMAPP_ENCRYPTION_KEYS") or ""
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if not all(is_encryption_key(key) for key in keys):
        raise ConfigurationError(
            "CRMAPP_ENCRYPTION_KEYS holds what is no key: make one with `crmapp keys new`, and"
            " separate several by commas, the newest first."
        )
    return keys


def is_encryption_key(text: str) -> bool:
    """Say whether ``text`` is a key that secrets can be encrypted with."""
    try:
        return len(text) == 44 and len(base64.b64decode(text, altchars=b"-_", validate=True)) == 32
    except ValueError:
        return False


def choice(environ: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """Read one of the words that are allowed; the first of them if nothing is said."""
    value = environ.get(name) or allowed[0]
    if value not in allowed:
        raise ConfigurationError(f"{name}={value!r}: use {' or '.join(allowed)}.")
    return value
