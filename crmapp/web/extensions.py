"""The Flask extensions, made once and bound to the app by ``create_app``."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, current_app
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect
from redis.backoff import NoBackoff
from redis.retry import Retry

from crmapp.config import Settings
from crmapp.web.context import this_request

babel = Babel()


class Protection(CSRFProtect):
    """The library's, but it asks first whether a request could change anything: few can."""

    def protect(self, apply_exemptions: bool = False) -> None:
        if this_request().method in current_app.config["WTF_CSRF_METHODS"]:
            super().protect(apply_exemptions)


csrf = Protection()
limiter = Limiter(key_func=get_remote_address)

SIGN_IN_LIMIT = "60 per minute; 600 per hour"
"""For one address, right ones too: a whole office may be behind it. A person has limits herself."""
GUESS_LIMIT = "10 per minute; 100 per hour"
"""For one address, where only who guesses comes so often."""


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the extensions that need nothing but settings; ``web/auth.py`` binds Flask-Security.

    A view with a limit asks the limiter itself, so its hooks, which look at each request, hang on
    an application that serves none.
    """
    app.config.update(WTF_CSRF_TIME_LIMIT=None)
    csrf.init_app(app)
    unserved = Flask("limits")
    unserved.config.update(limiter_config(settings.redis_url))
    limiter.init_app(unserved)


def limiter_config(redis_url: str | None) -> dict[str, Any]:
    """Count attempts in the queue's server, or in memory when there is none or it is away.

    One that is away may cost a sign-in one second, once.
    """
    options: dict[str, Any] = {}
    if redis_url:
        no_retry = Retry(NoBackoff(), 0)
        options = {"socket_connect_timeout": 1.0, "socket_timeout": 1.0, "retry": no_retry}
    return {
        "RATELIMIT_STORAGE_URI": re.sub(r"^unix:", "redis+unix:", redis_url or "memory://"),
        "RATELIMIT_STORAGE_OPTIONS": options,
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_KEY_PREFIX": "crmapp",
    }
