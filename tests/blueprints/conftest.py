"""What tests of pages share."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from crmapp.config import Settings
from tests.factories import Make
from tests.support.snapshots import lay_out_sales


@pytest.fixture
def sales(settings: Settings) -> None:
    """The demo's sales, as a database that is ready."""
    lay_out_sales(settings)


@pytest.fixture
def alice(make: Make, as_user) -> FlaskClient:
    """An administrator's browser."""
    return as_user(make.alice)
