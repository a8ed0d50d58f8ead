"""Adds a CRM mapping to an installation that runs: two tables of a SQLite database as its sources.

Its own process does it (``python -m tests.support.kept_mappings database name``): the installation
has a home and settings of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from crmapp.cli.installation import installation
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.ownership import Owner
from crmapp.models import User
from crmapp.services import crm_mappings, feed_sources, users
from crmapp.services.feed_checks import Wanted
from tests.support.processes import Installation

MAPPING = FieldMapping({"name": "name", "number": "number", "billing_city": "city"})
TABLES = {"ERP": "customer", "Depot": "shop"}
"""How its sources are called, before its own name, and what each reads."""


def keep_mapping(place: Installation, database: Path, name: str) -> None:
    """Add one that is called ``name``."""
    command = [sys.executable, "-m", "tests.support.kept_mappings", str(database), name]
    done = subprocess.run(command, env=place.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def main(database: str, name: str) -> None:
    with installation():
        by = users.administrator()
        ids = [_source(database, f"{each} {name}", table, by) for each, table in TABLES.items()]
        fed = [FedBy(id_, MAPPING, {"billing_city": Owner.CRM}) for id_ in ids]
        crm_mappings.add(name, Content(tuple(fed)), by=by)


def _source(database: str, name: str, table: str, by: User) -> int:
    typed = {"url": f"sqlite:///{database}", "table": table}
    wanted = Wanted(name, typed, key_column="number")
    found = feed_sources.check("sql", wanted, by=by)
    return feed_sources.add("sql", wanted, found, by=by)


if __name__ == "__main__":
    main(*sys.argv[1:])
