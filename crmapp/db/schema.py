"""The schema in the database, and the one that the code expects."""

from __future__ import annotations

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine

from crmapp.config import ROOT
from crmapp.db.session import WRITE
from crmapp.errors import ConfigurationError
from crmapp.i18n import N_

_NEWER = N_("a newer version of crmapp has changed this database. Start that version.")


def migrate(engine: Engine, to: str = "head") -> bool:
    """Bring the database to the newest schema, or to an older one; say whether it was another.

    Raises:
        ConfigurationError: a newer version of crmapp made the schema.
    """
    with engine.connect().execution_options(**{WRITE: True}) as connection:
        if _is_current(connection):
            return False
        config = _config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, to)
        except CommandError as error:
            raise ConfigurationError(_NEWER) from error
        connection.commit()
        return True


def is_current(engine: Engine) -> bool:
    """Say whether the database has the schema that this code expects."""
    with engine.connect() as connection:
        return _is_current(connection)


def revision(engine: Engine) -> str:
    """Return the schema that the database has; an empty text if it has none."""
    with engine.connect() as connection:
        return ",".join(MigrationContext.configure(connection).get_current_heads())


def steps_from(revision: str) -> list[str] | None:
    """Return what :func:`migrate` would do to such a database, a line for each step.

    ``None`` if this code does not know that schema: a newer version made it.
    """
    scripts = ScriptDirectory.from_config(_config())
    try:
        found = list(scripts.iterate_revisions("heads", revision or "base"))
    except (CommandError, RevisionError):
        return None
    return [f"{each.revision}: {(each.doc or '').splitlines()[0]}" for each in reversed(found)]


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
