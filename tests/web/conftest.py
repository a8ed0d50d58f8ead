"""A page of the test's own, without a route of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmapp.web.access import public


@pytest.fixture
def stand_in(app, monkeypatch) -> Callable[[Any], None]:
    """Let a function answer at ``/health``, which everybody may open."""
    return lambda view: monkeypatch.setitem(app.view_functions, "health.live", public(view))


@pytest.fixture
def stand_in_home(app, monkeypatch) -> Callable[[Any], None]:
    """Let a function answer at ``/``, which needs a person."""
    return lambda view: monkeypatch.setitem(app.view_functions, "home", view)
