"""Messages of ``flash()``: pages show them in their shell, fragments show their own as toasts.

A page that is about to be left may still ask for fragments, such as hints: what waits for the next
page is not theirs to show.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, message_flashed, render_template

from crmapp.web.htmx import wants_fragment


def init_app(app: Flask) -> None:
    """Append to every fragment what was said while it was made, last."""
    message_flashed.connect(_note, app)
    app.after_request(_append)


def _note(_app: Flask, **_said: Any) -> None:
    g.flashed = True


def _append(response: Response) -> Response:
    if not g.get("flashed") or not wants_fragment() or not _takes_toasts(response):
        return response
    swaps = render_template("_toasts.swaps.html")
    response.set_data(response.get_data(as_text=True) + swaps)
    return response


def _takes_toasts(response: Response) -> bool:
    """A redirect keeps its messages for the page it leads to, and a whole page has shown them."""
    if response.mimetype != "text/html" or response.is_streamed or response.status_code == 204:
        return False
    if {"Location", "HX-Redirect", "HX-Location", "HX-Refresh"} & set(response.headers.keys()):
        return False
    return not response.get_data()[:200].lstrip().lower().startswith(b"<!doctype")
