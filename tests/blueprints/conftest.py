"""What tests of pages share."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from crmapp.config import Settings
from crmapp.services import identity_provider
from crmapp.services.identity_provider import Wanted
from tests.factories import Make
from tests.support.openid import CLIENT_ID, SECRET, certified, forging
from tests.support.snapshots import lay_out_sales


@pytest.fixture
def sales(settings: Settings) -> None:
    """The demo's sales, as a database that is ready."""
    lay_out_sales(settings)


@pytest.fixture
def alice(make: Make, as_user) -> FlaskClient:
    """An administrator's browser."""
    return as_user(make.alice)


@pytest.fixture
def forger():
    """An identity provider that says whatever a test has it say."""
    with forging() as forger:
        yield forger


@pytest.fixture(scope="session")
def real(application):
    """The issuer of a certified identity provider."""
    address = application.extensions["crmapp"].address
    with certified(f"{address}/login/provider/back", f"{address}/login") as issuer:
        yield issuer


@pytest.fixture
def set_up(make):
    """Return a function that sets an identity provider up."""

    def set_up(issuer, **more):
        wanted = {"client_id": CLIENT_ID, "label": "Acme", "secret": SECRET, "sandbox": True}
        row = identity_provider.state(by=make.alice)
        seen = row.state if row else ""
        identity_provider.save(Wanted(issuer=issuer, **wanted | more), seen, by=make.alice)

    return set_up
