"""Alembic's door: run the migrations over the connection of :mod:`crmapp.db.schema`."""

from alembic import context
from sqlalchemy import Connection

from crmapp.db import Base

SEARCH_TABLES = ("account_search", "contact_search")


def _is_ours(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
    """Leave out the tables that the full-text index keeps for itself."""
    return kind != "table" or not (name or "").startswith((*SEARCH_TABLES, "alembic_"))


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        include_object=_is_ours,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_migrate(context.config.attributes["connection"])
