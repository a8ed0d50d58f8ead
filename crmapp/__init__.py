"""crmapp: wires the rooms of the house together and decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from crmapp import config
from crmapp.config import Settings
from crmapp.db.session import ENGINE_OPTIONS, db, prepare_engine
from crmapp.domain.search import fold
from crmapp.models import folded
from crmapp.services import audit, crm_mappings, feed_sources, file_sources, grids, retries, sources
from crmapp.web import (
    access,
    assets,
    audited,
    auth,
    compression,
    errors,
    extensions,
    htmx,
    kept,
    logs,
    merged,
    metrics,
    navigation,
    reader,
    security,
    serving,
    sessions,
    templating,
    toasts,
    viewing,
)

BLUEPRINTS = (
    "health",
    "preferences",
    "accounts",
    "contacts",
    "activities",
    "day",
    "calendar",
    "provider",
    "grid",
    "databases",
    "upserts",
    "imports",
    "mappings",
    "runs",
    "settings",
    "palette",
    "help",
    "api",
)


class Application(Flask):
    """Flask, but it need not look whether a function is asynchronous: none of ours is."""

    jinja_environment = templating.Templates

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application with ``settings``, or with those of the environment."""
    logs.configure()
    settings = config.use(settings or Settings.from_env())
    settings.home.mkdir(parents=True, exist_ok=True)
    app = Application(__name__, static_folder=None)
    app.extensions["crmapp"] = settings
    if settings.proxies:  # they say from where a request comes; anybody else is not believed
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0)  # type: ignore[method-assign]  # Flask documents it so
    _connect(app, settings)
    metrics.init_app(app, settings)
    compression.init_app(app)
    errors.init_app(app)
    merged.init_app(app)
    security.init_app(app, settings)
    extensions.init_app(app, settings)
    auth.init_app(app, settings)
    audited.init_app(app)
    sessions.init_app(app)
    reader.init_app(app)
    access.init_app(app)
    viewing.init_app(app)
    htmx.init_app(app)
    toasts.init_app(app)
    assets.init_app(app)
    navigation.init_app(app)
    templating.init_app(app)
    kept.init_app(app)
    serving.init_app(app, settings)
    audit.listen()
    sources.register("grid", grids.GridSource, grids.renew)
    sources.register(file_sources.KIND, file_sources.FileSource, stage=file_sources.stage)
    sources.register(retries.KIND, retries.RetrySource)
    feed_sources.register_use(crm_mappings.uses)
    for name in BLUEPRINTS:
        _open(app, name)
    return app


def _connect(app: Flask, settings: Settings) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = ENGINE_OPTIONS
    db.init_app(app)
    with app.app_context():
        for engine in db.engines.values():
            prepare_engine(engine, {folded.NAME: fold})


def _open(app: Flask, name: str) -> None:
    module = f"{__name__}.blueprints.{name}"
    if find_spec(module):
        app.register_blueprint(import_module(module).bp)
