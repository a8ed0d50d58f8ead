"""Python reads this first in every process of an installation under fault; crmapp does not know."""

import os

from tests.faults.plants import planting

try:
    planting.plant(os.environ)
except (AssertionError, AttributeError, KeyError) as error:
    raise SystemExit(f"cannot plant what a fault test needs: {error!r}") from error
