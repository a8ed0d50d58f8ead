"""A process that asks for one run to be planned, and is made to stop while it does."""

from __future__ import annotations

from crmapp.config import Settings
from crmapp.services import upserts
from tests.faults.clerk import mona
from tests.faults.crowd import what_was_sent
from tests.faults.ground import opened
from tests.faults.made import MAPPING

if __name__ == "__main__":
    with opened(Settings.from_env()):
        upserts.plan_later(what_was_sent()["run"], MAPPING, confirmed=None, by=mona())
