"""The pretend Sage Intacct: its XML gateway and its REST API over one company in SQLite."""

from crmapp.connectors.sandbox.intacct.app import create_app

__all__ = ["create_app"]
