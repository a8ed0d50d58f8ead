"""People who walk through the installation of all stories, each in her own way."""

from __future__ import annotations

import pytest

from tests.browser.placed import cookies, walks
from tests.support.processes import Installation


@pytest.fixture(scope="package")
def place(site: Installation) -> Installation:
    return site


__all__ = ["cookies", "walks"]
