"""The schema in the database, and the one that the code expects."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from crmapp.config import ROOT
from crmapp.db.session import WRITE


def migrate(engine: Engine) -> bool:
    """Bring the database to the newest schema; say whether there was something to do."""
    with engine.connect().execution_options(**{WRITE: True}) as connection:
        if _is_current(connection):
            return False
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        return True


def is_current(engine: Engine) -> bool:
    """Say whether the database has the schema that this code expects."""
    with engine.connect() as connection:
        return _is_current(connection)


def _is_current(connection: Connection) -> bool:
    found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == set(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "crmapp" / "migrations"))
    return config
