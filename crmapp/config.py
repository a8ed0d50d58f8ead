"""Every setting, read from the environment once."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from crmapp.errors import ConfigurationError

Number = TypeVar("Number", int, float)
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
    secret_key: str = ""  # SECRET_KEY: made once and kept in ``home`` unless given
    htmx_source: str = "cdn"  # HTMX_SOURCE: cdn (with a timed local fallback) or local
    default_locale: str = "en"  # CRMAPP_LOCALE: en or fr
    public_url: str = ""  # CRMAPP_PUBLIC_URL: the address in e-mails
    secure_cookies: bool = False  # CRMAPP_SECURE_COOKIES: 1 behind HTTPS
    workers: int = 2  # CRMAPP_WORKERS: RQ worker processes
    web_processes: int = 2  # CRMAPP_WEB_PROCESSES: gunicorn processes
    lease: float = 30.0  # CRMAPP_LEASE: how long a claimed run may be silent
    time_slice: float = 60.0  # CRMAPP_TIME_SLICE: how long a job works before it wakes itself again
    sweep_interval: float = 2.0  # CRMAPP_SWEEP_INTERVAL
    max_upload: int = 32 * 1024 * 1024  # CRMAPP_MAX_UPLOAD: bytes of one request's body
    demo: bool = True  # CRMAPP_DEMO: 0 keeps the demo out of a new installation

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Raises:
            ConfigurationError: a value is not usable; the message names the variable.
        """
        home = Path(environ.get("CRMAPP_HOME") or ROOT / "instance").resolve()
        url = environ.get("DATABASE_URL") or f"sqlite:///{home / 'crmapp.db'}"
        return cls(
            home=home,
            database_url=_sqlalchemy_url(url),
            redis_url=environ.get("REDIS_URL") or None,
            host=environ.get("HOST") or "127.0.0.1",
            port=_port(environ),
            smtp_url=_smtp_url(environ),
            mail_from=environ.get("CRMAPP_MAIL_FROM") or "crmapp@localhost",
            secret_key=environ.get("SECRET_KEY") or "",
            htmx_source=_choice(environ, "HTMX_SOURCE", ("cdn", "local")),
            default_locale=_choice(environ, "CRMAPP_LOCALE", ("en", "fr")),
            public_url=(environ.get("CRMAPP_PUBLIC_URL") or "").rstrip("/"),
            secure_cookies=environ.get("CRMAPP_SECURE_COOKIES") == "1",
            workers=_number(environ, "CRMAPP_WORKERS", 2, int),
            web_processes=_number(environ, "CRMAPP_WEB_PROCESSES", 2, int),
            lease=_number(environ, "CRMAPP_LEASE", 30.0, float),
            time_slice=_number(environ, "CRMAPP_TIME_SLICE", 60.0, float),
            sweep_interval=_number(environ, "CRMAPP_SWEEP_INTERVAL", 2.0, float),
            max_upload=_number(environ, "CRMAPP_MAX_UPLOAD", 32 * 1024 * 1024, int),
            demo=environ.get("CRMAPP_DEMO") != "0",
        )

    @property
    def datasets_dir(self) -> Path:
        """Where dataset files (``*.yml``) and their tables lie."""
        return ROOT / "datasets"

    @property
    def snapshots_dir(self) -> Path:
        return self.home / "snapshots"

    @property
    def artefacts_dir(self) -> Path:
        return self.home / "artefacts"

    @property
    def serving_file(self) -> Path:
        """Touched by the web while it serves; bulk work on SQLite pauses while it is fresh."""
        return self.home / "serving"

    def session_key(self) -> str:
        """The key that signs sessions: given, or made once and kept in ``home``."""
        if self.secret_key:
            return self.secret_key
        path = self.home / "secret_key"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "w") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_text()


def _sqlalchemy_url(url: str) -> str:
    """Name the driver: ``postgres://`` and ``postgresql://`` mean psycopg 3 here."""
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg{separator}{rest}"
    if scheme not in ("sqlite", "postgresql+psycopg"):
        raise ConfigurationError(
            f"DATABASE_URL starts with {scheme!r}; use sqlite:///… or postgresql://…"
        )
    return url


def _number(environ: Mapping[str, str], name: str, default: Number, kind: type[Number]) -> Number:
    try:
        value = kind(environ.get(name) or default)
    except ValueError:
        value = kind(-1)
    if value < 0:
        raise ConfigurationError(f"{name}={environ[name]!r} is not a positive number.")
    return value


def _port(environ: Mapping[str, str]) -> int:
    port = _number(environ, "PORT", 8000, int)
    if port > _HIGHEST_PORT:
        raise ConfigurationError(f"PORT={port} is too high: ports end at {_HIGHEST_PORT}.")
    return port


def _smtp_url(environ: Mapping[str, str]) -> str | None:
    url = environ.get("CRMAPP_SMTP_URL") or None
    if url and not url.startswith(("smtp://", "smtps://")):
        raise ConfigurationError("CRMAPP_SMTP_URL: use smtp[s]://user:password@host:port.")
    return url


def _choice(environ: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = environ.get(name) or allowed[0]
    if value not in allowed:
        raise ConfigurationError(f"{name}={value!r}: use {' or '.join(allowed)}.")
    return value


_HIGHEST_PORT = 65535
_active: list[Settings] = []


def settings() -> Settings:
    """The settings in force: those given to ``create_app``, else read from the environment."""
    return _active[-1] if _active else use(Settings.from_env())


def use(chosen: Settings) -> Settings:
    """Make ``chosen`` the settings in force and return them."""
    _active[:] = [chosen]
    return chosen
