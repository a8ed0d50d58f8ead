"""Every setting, read from the environment once."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL

from crmapp import variables
from crmapp.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


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
    webhook_hosts: tuple[str, ...] = ()  # CRMAPP_WEBHOOK_HOSTS: private hosts that are told
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
            database_url=variables.sqlalchemy_url(environ.get("DATABASE_URL") or ours),
            redis_url=environ.get("REDIS_URL") or None,
            host=environ.get("HOST") or "127.0.0.1",
            port=variables.number(environ, "PORT", 8000, 0, 65535),
            smtp_url=variables.smtp_url(environ),
            mail_from=variables.mail_from(environ),
            imap_url=variables.imap_url(environ),
            secret_key=variables.secret_key(environ),
            encryption_keys=variables.encryption_keys(environ),
            htmx_source=variables.choice(environ, "HTMX_SOURCE", ("cdn", "local")),
            default_locale=variables.choice(environ, "CRMAPP_LOCALE", ("en", "fr")),
            public_url=variables.public_url(environ),
            secure_cookies=variables.choice(environ, "CRMAPP_SECURE_COOKIES", ("0", "1")) == "1",
            workers=variables.number(environ, "CRMAPP_WORKERS", 2),
            web_processes=variables.number(environ, "CRMAPP_WEB_PROCESSES", 2),
            lease=variables.number(environ, "CRMAPP_LEASE", 20.0, _SHORTEST),
            time_slice=variables.number(environ, "CRMAPP_TIME_SLICE", 60.0, _SHORTEST),
            sweep_interval=variables.number(environ, "CRMAPP_SWEEP_INTERVAL", 2.0, _SHORTEST),
            max_upload=variables.number(environ, "CRMAPP_MAX_UPLOAD", 32 * 1024 * 1024),
            max_table=variables.number(environ, "CRMAPP_MAX_TABLE", 512 * 1024 * 1024),
            attachment_bytes=variables.number(environ, "CRMAPP_ATTACHMENT_BYTES", 25 * 1024 * 1024),
            attachment_scan=variables.scan(environ),
            mail_drop_domain=variables.mail_drop_domain(environ),
            sql_sources=variables.sql_sources(environ),
            source_folders=variables.source_folders(environ),
            source_hosts=variables.source_hosts(environ),
            webhook_hosts=variables.webhook_hosts(environ),
            metrics_token=environ.get("CRMAPP_METRICS_TOKEN") or "",
            proxies=variables.number(environ, "CRMAPP_PROXIES", 0, 0, 9),
            demo=variables.choice(environ, "CRMAPP_DEMO", ("1", "0")) == "1",
            sandboxes=variables.choice(environ, "CRMAPP_SANDBOXES", ("1", "0")) == "1",
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


_SHORTEST = 0.1
_active: list[Settings] = []


def settings() -> Settings:
    """The settings in force: those given to ``create_app``, else read from the environment."""
    return _active[-1] if _active else use(Settings.from_env())


def use(chosen: Settings) -> Settings:
    """Make ``chosen`` the settings in force and return them."""
    _active[:] = [chosen]
    return chosen
