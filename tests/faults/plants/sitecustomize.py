"""Python reads this first in every process of an installation under fault; crmapp does not know."""

import os

from tests.faults.plants import planting

planting.plant(os.environ)
