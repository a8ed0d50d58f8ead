"""Every setting, read from the environment once."""

from __future__ import annotations

import base64
import math
import os
import re
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from crmapp.errors import ConfigurationError

Number = TypeVar("Number", int, float)
ROOT = Path(__file__).resolve().parent.parent
SQL_SOURCE = "CRMAPP_SQL_"
_PSYCOPG = "postgresql+psycopg"
_HOST_NAME = re.compile(r"\.?(?:[a-z0-9_-]+\.)*[a-z0-9_-]*[a-z_][a-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator may decide; each field names its environment variable in its comment.

    Times are seconds. ``docs/settings.md`` documents the same list for operators.
    """

    home: Path  # CRMAPP_HOME: database, snapshots, artefacts, queue and keys of this installation
    database_url: str  # DATABASE_URL: SQLite in ``home`` unless given
    redis_url: str | None = None  # REDIS_URL: the embedded Valkey unless given
    host: str = "127.0.0.1"  # HOST
    port: int = 8000  # PORT
    smtp_url: str | None = None  # CRMAPP_SMTP_URL: smtp[s]://user:password@host:port; else log
    mail_from: str = "crmapp@localhost"  # CRMAPP_MAIL_FROM
    imap_url: str | None = None  # CRMAPP_IMAP_URL: imap[s]://user:password@host:port/folder
    secret_key: str = ""  # SECRET_KEY: made once and kept in ``home`` unless given
    encryption_keys: tuple[str, ...] = ()  # CRMAPP_ENCRYPTION_KEYS: newest first; kept in ``home``
    htmx_source: str = "cdn"  # HTMX_SOURCE: cdn (with a timed local fallback) or local
    default_locale: str = "en"  # CRMAPP_LOCALE: en or fr
    public_url: str = ""  # CRMAPP_PUBLIC_URL: the address in e-mails
    secure_cookies: bool = False  # CRMAPP_SECURE_COOKIES: 1 behind HTTPS
    workers: int = 2  # CRMAPP_WORKERS: RQ worker processes
    web_processes: int = 2  # CRMAPP_WEB_PROCESSES: gunicorn processes
    lease: float = 20.0  # CRMAPP_LEASE: how long a claimed run may be silent
    time_slice: float = 60.0  # CRMAPP_TIME_SLICE: how long a job works before it wakes itself again
    sweep_interval: float = 2.0  # CRMAPP_SWEEP_INTERVAL
    max_upload: int = 32 * 1024 * 1024  # CRMAPP_MAX_UPLOAD: bytes of one request's body
    max_table: int = 512 * 1024 * 1024  # CRMAPP_MAX_TABLE: bytes of a table sent for a database
    attachment_bytes: int = 25 * 1024 * 1024  # CRMAPP_ATTACHMENT_BYTES: the largest attached file
    attachment_scan: tuple[str, ...] = ()  # CRMAPP_ATTACHMENT_SCAN: a command that gets its path
    mail_drop_domain: str = ""  # CRMAPP_MAIL_DROP_DOMAIN: of accounts' own e-mail addresses
    sql_sources: Mapping[str, str] = field(default_factory=dict)  # CRMAPP_SQL_: name → address
    source_folders: tuple[Path, ...] = ()  # CRMAPP_SOURCE_FOLDERS: where sources' files may lie
    source_hosts: tuple[str, ...] = ()  # CRMAPP_SOURCE_HOSTS: private hosts that sources may be on
    metrics_token: str = ""  # CRMAPP_METRICS_TOKEN: who reads /metrics from elsewhere shows it
    proxies: int = 0  # CRMAPP_PROXIES: reverse proxies of ours that a request comes through
    demo: bool = True  # CRMAPP_DEMO: 0 keeps the demo out of a new installation
    sandboxes: bool = True  # CRMAPP_SANDBOXES: 0 runs no pretend systems beside the demo

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Raises:
            ConfigurationError: a value is not usable; the message names the variable.
        """
        home = Path(environ.get("CRMAPP_HOME") or ROOT / "instance").resolve()
        ours = URL.create("sqlite", database=str(home / "crmapp.db")).render_as_string()
        return cls(
            home=home,
            database_url=_sqlalchemy_url(environ.get("DATABASE_URL") or ours),
            redis_url=environ.get("REDIS_URL") or None,
            host=environ.get("HOST") or "127.0.0.1",
            port=_number(environ, "PORT", 8000, 0, 65535),
            smtp_url=_smtp_url(environ),
            mail_from=_mail_from(environ),
            imap_url=_imap_url(environ),
            secret_key=_secret_key(environ),
            encryption_keys=_encryption_keys(environ),
            htmx_source=_choice(environ, "HTMX_SOURCE", ("cdn", "local")),
            default_locale=_choice(environ, "CRMAPP_LOCALE", ("en", "fr")),
            public_url=_public_url(environ),
            secure_cookies=_choice(environ, "CRMAPP_SECURE_COOKIES", ("0", "1")) == "1",
            workers=_number(environ, "CRMAPP_WORKERS", 2),
            web_processes=_number(environ, "CRMAPP_WEB_PROCESSES", 2),
            lease=_number(environ, "CRMAPP_LEASE", 20.0, _SHORTEST),
            time_slice=_number(environ, "CRMAPP_TIME_SLICE", 60.0, _SHORTEST),
            sweep_interval=_number(environ, "CRMAPP_SWEEP_INTERVAL", 2.0, _SHORTEST),
            max_upload=_number(environ, "CRMAPP_MAX_UPLOAD", 32 * 1024 * 1024),
            max_table=_number(environ, "CRMAPP_MAX_TABLE", 512 * 1024 * 1024),
            attachment_bytes=_number(environ, "CRMAPP_ATTACHMENT_BYTES", 25 * 1024 * 1024),
            attachment_scan=_scan(environ),
            mail_drop_domain=_mail_drop_domain(environ),
            sql_sources=_sql_sources(environ),
            source_folders=_source_folders(environ),
            source_hosts=_source_hosts(environ),
            metrics_token=environ.get("CRMAPP_METRICS_TOKEN") or "",
            proxies=_number(environ, "CRMAPP_PROXIES", 0, 0, 9),
            demo=_choice(environ, "CRMAPP_DEMO", ("1", "0")) == "1",
            sandboxes=_choice(environ, "CRMAPP_SANDBOXES", ("1", "0")) == "1",
        )

    @property
    def address(self) -> str:
        """Where people reach this installation: what a request says of it is anybody's word."""
        host = "localhost" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104  # compared with, not listened on
        own = f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
        return self.public_url or own

    @property
    def datasets_dir(self) -> Path:
        """Where dataset files (``*.yml``) and their tables lie."""
        return ROOT / "datasets"

    @property
    def snapshots_dir(self) -> Path:
        return self.home / "snapshots"

    @property
    def databases_dir(self) -> Path:
        """Where the tables lie that people sent in the browser, a folder for each database."""
        return self.home / "databases"

    @property
    def artefacts_dir(self) -> Path:
        return self.home / "artefacts"

    @property
    def attachments_dir(self) -> Path:
        """Where attached files lie, by their content."""
        return self.home / "attachments"

    @property
    def encryption_keys_file(self) -> Path:
        """The keys that encrypt secrets, a line each, newest first, unless they are given."""
        return self.home / "encryption_keys"

    @property
    def restoring_file(self) -> Path:
        """Lies there while a restore is half done: nothing starts, and restore has to run again."""
        return self.home / "restoring"

    @property
    def serving_file(self) -> Path:
        """Touched by the web while it serves; bulk work on SQLite pauses while it is fresh."""
        return self.home / "serving"

    @property
    def swept_file(self) -> Path:
        """Touched by the sweeper at the end of each sweep."""
        return self.home / "swept"

    @property
    def metrics_dir(self) -> Path:
        """Where the web processes count how long answers take."""
        return self.home / "metrics"

    def refuse_half_restored(self) -> None:
        """Let nothing start where a restore was broken off.

        Raises:
            ConfigurationError
        """
        if self.restoring_file.exists():
            raise ConfigurationError(
                f"A restore into {self.home} was broken off. Run it again:"
                f" crmapp restore {self.restoring_file.read_text().strip()}"
            )

    def session_key(self) -> str:
        """The key that signs sessions: given, or made once and kept in ``home``."""
        if self.secret_key:
            return self.secret_key
        path = self.home / "secret_key"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "w") as file:
                file.write(secrets.token_urlsafe(48))
            fresh.replace(path)
        return path.read_text()


def _sql_sources(environ: Mapping[str, str]) -> dict[str, str]:
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


def _scan(environ: Mapping[str, str]) -> tuple[str, ...]:
    text = environ.get("CRMAPP_ATTACHMENT_SCAN") or ""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ConfigurationError(
            f"CRMAPP_ATTACHMENT_SCAN={text!r} is no command, such as clamdscan --fdpass."
        ) from error


def _mail_drop_domain(environ: Mapping[str, str]) -> str:
    domain = (environ.get("CRMAPP_MAIL_DROP_DOMAIN") or "").lower()
    if domain and (domain[0] == "." or not _HOST_NAME.fullmatch(domain)):
        raise ConfigurationError(
            f"CRMAPP_MAIL_DROP_DOMAIN={domain!r} is no domain, such as crm.example.com."
        )
    return domain


def _source_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
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


def _source_hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
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


def _is_network(text: str) -> bool:
    try:
        return ip_network(text).prefixlen > 0
    except ValueError:
        return False


def _sqlalchemy_url(text: str) -> str:
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


def _number(
    environ: Mapping[str, str],
    name: str,
    default: Number,
    least: float = 1,
    most: float = math.inf,
) -> Number:
    text = environ.get(name)
    try:
        value = type(default)(text or default)
    except ValueError:
        value = type(default)(-1)
    if not least <= value <= most or not math.isfinite(value):
        end = "on" if most == math.inf else f"to {most}"
        raise ConfigurationError(f"{name}={text!r} is not a number from {least} {end}.")
    return value


def _smtp_url(environ: Mapping[str, str]) -> str | None:
    url = environ.get("CRMAPP_SMTP_URL") or None
    if url and not _names_server(url, ("smtp", "smtps")):
        raise ConfigurationError("CRMAPP_SMTP_URL: use smtp[s]://user:password@host:port.")
    return url


def _imap_url(environ: Mapping[str, str]) -> str | None:
    url = environ.get("CRMAPP_IMAP_URL") or None
    if url is None:
        return None
    if not _names_server(url, ("imap", "imaps")) or not urlsplit(url).username:
        raise ConfigurationError("CRMAPP_IMAP_URL: use imaps://user:password@host:port/folder.")
    if not _mail_drop_domain(environ):
        raise ConfigurationError(
            "CRMAPP_IMAP_URL needs CRMAPP_MAIL_DROP_DOMAIN: the domain of the addresses whose mail"
            " comes to that mailbox."
        )
    return url


def _public_url(environ: Mapping[str, str]) -> str:
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


def _mail_from(environ: Mapping[str, str]) -> str:
    sender = environ.get("CRMAPP_MAIL_FROM") or "crmapp@localhost"
    name, _, host = parseaddr(sender)[1].rpartition("@")
    if not name or not host or not sender.isprintable():
        raise ConfigurationError(f"CRMAPP_MAIL_FROM={sender!r}: use an address, name@host.")
    return sender


def _secret_key(environ: Mapping[str, str]) -> str:
    key = environ.get("SECRET_KEY") or ""
    if 0 < len(key) < _SHORTEST_KEY:
        raise ConfigurationError(f"SECRET_KEY is too short: use {_SHORTEST_KEY} characters.")
    return key


def _encryption_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
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


def _choice(environ: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = environ.get(name) or allowed[0]
    if value not in allowed:
        raise ConfigurationError(f"{name}={value!r}: use {' or '.join(allowed)}.")
    return value


_SHORTEST = 0.1
_SHORTEST_KEY = 32
_active: list[Settings] = []


def settings() -> Settings:
    """The settings in force: those given to ``create_app``, else read from the environment."""
    return _active[-1] if _active else use(Settings.from_env())


def use(chosen: Settings) -> Settings:
    """Make ``chosen`` the settings in force and return them."""
    _active[:] = [chosen]
    return chosen
