"""The seam to htmx 4: the only place that reads ``HX-`` request headers or writes the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, make_response, redirect, render_template, request
from werkzeug.urls import iri_to_uri


def init_app(app: Flask) -> None:
    """Keep caches from serving a fragment as a page."""
    app.after_request(_vary)


def is_htmx() -> bool:
    """Whether htmx made this request, for a fragment or for a whole page."""
    return request.headers.get("HX-Request") == "true"


def wants_fragment() -> bool:
    """Whether the answer goes into a part of the page; history restores want the whole."""
    return (
        is_htmx()
        and request.headers.get("HX-Request-Type") != "full"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def targets_drawer() -> bool:
    """Whether the fragment will stand in the drawer."""
    return request.headers.get("HX-Target", "").endswith("#drawer-body")


def page(template: str, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """Answer with ``template``, or with the partial ``fragment`` when htmx asks for a part."""
    if fragment and wants_fragment():
        g.fragment = True
        return make_response(render_template(fragment, **context), status)
    return make_response(render_template(template, **context), status)


def see_other(url: str) -> Response:
    """Send the reader to another page, also when htmx asked: it then loads that page whole."""
    if not is_htmx():
        return redirect(url, 303)  # type: ignore[return-value]  # Flask types it as the base Response
    response = make_response("", 200)
    response.headers["HX-Redirect"] = iri_to_uri(url)
    return response


def put_address(response: Response, url: str, push: bool = False) -> Response:
    """Let the browser show ``url`` for a fragment that came by another address.

    ``push``: as a new step, so that Back leads to the page before.
    """
    if wants_fragment():
        response.headers["HX-Push-Url" if push else "HX-Replace-Url"] = iri_to_uri(url)
    return response


def trigger(response: Response, events: Mapping[str, Mapping[str, Any]]) -> Response:
    """Let ``response`` fire ``events`` on the page: ``{"accounts:changed": {"ids": [1]}}``."""
    targeted = {name: {"target": "body", **detail} for name, detail in events.items()}
    response.headers["HX-Trigger"] = json.dumps(targeted)
    return response


def _vary(response: Response) -> Response:
    vary(response, "HX-Request, HX-Request-Type")
    return response


def vary(response: Response, names: str) -> None:
    """Say that an answer depends on headers of the request, by their names, with commas.

    Most answers are given three; ``response.vary`` would read and write them anew for each.
    """
    known = response.headers.get("Vary")
    response.headers["Vary"] = f"{known}, {names}" if known else names
