"""What all of them stand on."""

import pytest

from crmapp.web.extensions import limiter


@pytest.fixture(autouse=True)
def _no_limits_met(request):
    """What another test has asked counts for none here."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
        limiter.reset()
