"""The schema as an operator gets it: by the migrations."""

from __future__ import annotations

from flask_migrate import upgrade

from crmapp.config import ROOT
from crmapp.db import db

MIGRATIONS = ROOT / "crmapp" / "migrations"


def make_schema() -> None:
    """Bring the database of the application in context to the newest schema."""
    if (MIGRATIONS / "env.py").exists():
        upgrade(directory=str(MIGRATIONS))
    else:
        db.create_all()
