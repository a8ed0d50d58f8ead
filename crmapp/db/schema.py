"""The schema in the database, and the one that the code expects."""

from __future__ import annotations

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine

from crmapp.config import ROOT
from crmapp.db.session import WRITE
from crmapp.errors import ConfigurationError
from crmapp.i18n import N_

_NEWER = N_("a newer version of crmapp has changed this database. Start that version.")


def migrate(engine: Engine) -> bool:
    """Bring the database to the newest schema; say whether there was something to do.

    Raises:
        ConfigurationError: a newer version of crmapp made the schema.
    """
    with engine.connect().execution_options(**{WRITE: True}) as connection:
        if _is_current(connection):
            return False
        config = _config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ConfigurationError(_NEWER) from error
        connection.commit()
        return True


def is_current(engine: Engine) -> bool:
    """Say whether the database has the schema that this code expects."""
    with engine.connect() as connection:
        return _is_current(connection)


def _is_current(connection: Connection) -> bool:
    found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == _heads()


@cache
def _heads() -> set[str]:
    return set(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "crmapp" / "migrations"))
    return config
