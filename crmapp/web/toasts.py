"""Messages of ``flash()``: pages show them in their shell, fragments carry them along as toasts."""

from __future__ import annotations

from flask import Flask, Response, render_template, session

from crmapp.web.htmx import wants_fragment


def init_app(app: Flask) -> None:
    """Append waiting messages to every fragment, last."""
    app.after_request(_append)


def _append(response: Response) -> Response:
    if not session.get("_flashes") or not wants_fragment() or not _takes_toasts(response):
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
