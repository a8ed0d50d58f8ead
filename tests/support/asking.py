"""Set up, in an installation that runs, a CRM mapping over a database of customers, and run it.

``python -m tests.support.asking <name> <database>``, in the installation's environment.
"""

from __future__ import annotations

import sys

from sqlalchemy import select

from crmapp import create_app
from crmapp.db import session
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.permissions import Role
from crmapp.models import User
from crmapp.services import crm_mappings, feed_sources, feeds
from crmapp.services.feed_checks import Wanted

COLUMNS = {"name": "name", "number": "number", "billing_city": "city"}


def main(name: str, database: str) -> None:
    with create_app().app_context():
        alice = session.scalars(select(User).where(User.role == Role.ADMIN.value)).first()
        assert alice is not None
        wanted = Wanted(
            name, {"url": f"sqlite:///{database}", "table": "customer"}, key_column="number"
        )
        found = feed_sources.check("sql", wanted, by=alice)
        source_id = feed_sources.add("sql", wanted, found, by=alice)
        content = Content((FedBy(source_id, FieldMapping(COLUMNS)),))
        feeds.start(crm_mappings.add(name, content, by=alice), by=alice)


if __name__ == "__main__":
    main(*sys.argv[1:])
