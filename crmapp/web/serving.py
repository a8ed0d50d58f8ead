"""Tells bulk work that people are being served, so that it pauses: the age of one small file."""

from __future__ import annotations

import time
from pathlib import Path

from flask import Flask, request

from crmapp.config import Settings

_ONCE_A_SECOND = 1.0
_QUIET = {"assets", "health"}


class Serving:
    """Touches the file at the first request of each second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._touched = 0.0

    def __call__(self) -> None:
        now = time.monotonic()
        if request.blueprint in _QUIET or now - self._touched < _ONCE_A_SECOND:
            return
        self._touched = now
        try:
            self._path.touch()
        except OSError:  # a full or read-only disk must not keep anybody from reading
            return


def init_app(app: Flask, settings: Settings) -> None:
    """Touch ``settings.serving_file`` while requests come in."""
    app.before_request(Serving(settings.serving_file))
