"""A pretend Salesforce: OAuth, REST, SOQL, Composite and Bulk 2.0 over one small org."""

from __future__ import annotations

from pathlib import Path

from crmapp.connectors.sandbox.faulty import Faulty


def create_app(folder: Path) -> Faulty:
    """Make the application; what it keeps lies in ``folder``."""
    from crmapp.connectors.sandbox.salesforce.app import Salesforce

    return Salesforce(folder).app
