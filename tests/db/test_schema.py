"""The migrations make what the models say."""

from __future__ import annotations

import warnings

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from crmapp.db import Base, db

OF_THE_SEARCH = ("account_search", "contact_search", "ix_account_search", "ix_contact_search")
"""What the full-text search keeps in each database; no model has it."""


def is_ours(_object, name, kind, _reflected, _compared):
    return kind == "column" or not name.startswith(OF_THE_SEARCH)


def test_migrations_make_what_the_models_say(app):
    options = {"compare_type": True, "include_object": is_ours}
    with db.engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # indexes on expressions are not compared
        found = compare_metadata(
            MigrationContext.configure(connection, opts=options), Base.metadata
        )

    assert found == []
