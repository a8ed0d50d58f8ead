"""Set a CRM mapping up in an installation that runs elsewhere, and start its runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from crmapp import create_app
from crmapp.db import session
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.models import CrmMapping, User
from crmapp.services import crm_mappings, feed_sources, feeds
from crmapp.services.feed_checks import Wanted
from tests.support.processes import Installation

COLUMNS = FieldMapping({"name": "name", "number": "number", "billing_city": "city"})


def set_up(place: Installation, name: str, database: Path) -> None:
    """Keep a CRM mapping ``name`` of the table ``customer`` of an SQLite database."""
    _there(place, "set_up", name, str(database))


def start(place: Installation, name: str, *, dry: bool = False) -> int:
    """Start a run that reads everything; return its id."""
    return int(_there(place, "start", name, "dry" if dry else "run"))


def _there(place: Installation, *words: str) -> str:
    command = [sys.executable, "-m", __name__, *words]
    done = subprocess.run(command, env=place.env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _set_up(name: str, database: str, by: User) -> None:
    wanted = Wanted(name, {"url": f"sqlite:///{database}", "table": "customer"}, "number")
    found = feed_sources.check("sql", wanted, by=by)
    source_id = feed_sources.add("sql", wanted, found, by=by)
    crm_mappings.add(name, Content((FedBy(source_id, COLUMNS),)), by=by)


def _start(name: str, how: str, by: User) -> int:
    mapping_id = session.scalars(select(CrmMapping.id).where(CrmMapping.name == name)).one()
    return feeds.start(mapping_id, by=by, dry=how == "dry", whole=True)


def _main(what: str, *words: str) -> None:
    with create_app().app_context():
        by = session.scalars(select(User).where(User.email.like("alice@%"))).one()
        did = _set_up(*words, by) if what == "set_up" else _start(*words, by)
        sys.stdout.write(f"{did or ''}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
