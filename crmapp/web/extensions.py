"""The Flask extensions, made once and bound to the app by ``create_app``."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_migrate import Migrate
from flask_security import Security
from flask_wtf import CSRFProtect

from crmapp.config import Settings
from crmapp.db import db

babel = Babel()
csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address)
migrate = Migrate(db=db, render_as_batch=True)
security = Security()


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the extensions that need nothing but settings; ``web/auth.py`` binds Flask-Security."""
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        RATELIMIT_STORAGE_URI=_limiter_storage(settings.redis_url),
        RATELIMIT_STORAGE_OPTIONS=_limiter_options(settings.redis_url),
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_KEY_PREFIX="crmapp",
    )
    csrf.init_app(app)
    limiter.init_app(app)
    migrate.init_app(app, directory=f"{app.root_path}/migrations")


def _limiter_storage(redis_url: str | None) -> str:
    """Name the store as the ``limits`` library spells it; memory when there is no queue server."""
    if not redis_url:
        return "memory://"
    return redis_url.replace("unix://", "redis+unix://", 1) if "unix:" in redis_url else redis_url


def _limiter_options(redis_url: str | None) -> dict[str, float]:
    """A queue server that is away may cost a sign-in one second, once."""
    if not redis_url:
        return {}
    return {"socket_connect_timeout": 1.0, "socket_timeout": 1.0}
