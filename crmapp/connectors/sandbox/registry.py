"""Which sandboxes there are; each is loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from crmapp.connectors.sandbox.faulty import Faulty

# Each is a function from the folder that it may keep its file in to the application.
SANDBOXES = {
    "salesforce": "crmapp.connectors.sandbox.salesforce:create_app",
    "intacct": "crmapp.connectors.sandbox.intacct:create_app",
}
PORTS = {"salesforce": 8801, "intacct": 8802}


def create_app(name: str, folder: Path) -> Faulty:
    """Make the sandbox ``name``, whose file lies in ``folder``."""
    module, _, function = SANDBOXES[name].partition(":")
    return cast(Faulty, getattr(import_module(module), function)(folder))
