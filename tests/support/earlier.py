"""The database as an earlier version of crmapp left it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from sqlalchemy import Connection

from crmapp.db import db, session
from crmapp.db.schema import _config
from crmapp.db.session import WRITE


@contextmanager
def taken_back_to(revision: str) -> Iterator[Connection]:
    """Take the schema back; what is written in the block stands there before it is brought up."""
    session.remove()
    with db.engine.connect().execution_options(**{WRITE: True}) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        yield connection
        connection.commit()
