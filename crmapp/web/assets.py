"""Static files under one address per release, so that browsers keep them for ever.

``static_url("icons.svg")`` is ``/static/<release>/icons.svg``, where the release is a hash of the
whole static folder. The style sheets are sent as one, in the order of their names, and so are the
scripts; the icon of the tab stands in the page: a first view takes six requests at most.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import quote

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    has_request_context,
    request,
    send_from_directory,
)

STATIC = Path(__file__).resolve().parent.parent / "static"
FOR_EVER = 365 * 24 * 3600

bp = Blueprint("assets", __name__, url_prefix="/static")


def init_app(app: Flask) -> None:
    """Serve the static folder and give templates ``static_url``."""
    app.config["ASSETS_RELEASE"] = _release()
    app.register_blueprint(bp)
    app.add_template_global(static_url)
    app.add_template_global(tab_icon)


def static_url(name: str) -> str:
    """Return the address of a static file, ``app.css`` or ``app.js``, in this release."""
    return f"{_root()}{bp.url_prefix}/{_current_release()}/{name}"


@cache
def tab_icon() -> str:
    """Return the icon of the browser's tab as an address that holds it."""
    return f"data:image/svg+xml,{quote((STATIC / 'favicon.svg').read_text().strip())}"


@bp.get("/<release>/app.css")
def stylesheet(release: str) -> Response:
    """Send all style sheets as one."""
    return _for_ever(Response(bundle("*.css"), mimetype="text/css"), release)


@bp.get("/<release>/app.js")
def script(release: str) -> Response:
    """Send all small scripts as one."""
    return _for_ever(Response(bundle("*.js"), mimetype="text/javascript"), release)


@bp.get("/<release>/<path:name>")
def file(release: str, name: str) -> Response:
    """Send a file of the static folder."""
    return _for_ever(send_from_directory(STATIC, name), release)


def bundle(pattern: str) -> str:
    """Join the files of the folder ``css`` or ``js`` in the order of their names."""
    folder = STATIC / pattern.removeprefix("*.")
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob(pattern)))


def _root() -> str:
    """Return the path under which crmapp is served; ``url_for`` is slow for 30 icons a page."""
    return request.script_root if has_request_context() else ""


def _current_release() -> str:
    return _release() if current_app.debug else current_app.config["ASSETS_RELEASE"]


def _for_ever(response: Response, release: str) -> Response:
    response.cache_control.public = True
    if release == _current_release():
        response.cache_control.max_age = FOR_EVER
        response.cache_control.immutable = True
    return response


def _release() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
