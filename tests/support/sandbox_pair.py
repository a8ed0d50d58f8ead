"""Both pretend systems, connected as an implementer would."""

from __future__ import annotations

from crmapp.models import User
from crmapp.services import connections
from tests.support.connections import connect, rest, salesforce, xml


def connect_both(org: str, intacct: str, *, by: User, by_rest: bool = False) -> None:
    """Set both connections up, and test them."""
    connect("salesforce", salesforce(org), by=by)
    connect("intacct", (rest if by_rest else xml)(intacct), by=by)
    for system in ("salesforce", "intacct"):
        problem = connections.check(system, by=by)
        assert problem is None, problem
