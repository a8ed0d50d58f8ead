"""Databases of the grid whose rows a query finds in an SQL database that the operator has named."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from crmapp.analytics.intake import design as designs
from crmapp.analytics.intake import queries
from crmapp.analytics.intake.tables import Reading
from crmapp.config import settings
from crmapp.domain.reading_queries import LONGEST
from crmapp.errors import Invalid, NotFound, TableError
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import databases, tables
from crmapp.services.rights import need


def connections() -> list[str]:
    """The names of the SQL databases that may be asked."""
    return sorted(settings().sql_sources)


def start(connection: str, query: str, title: str, *, by: User) -> int:
    """Draft a database from what a query finds. Return the draft's id.

    Raises:
        Forbidden
        Invalid: there is no such connection, or the query cannot be used.
    """
    need(databases.RIGHT, by=by)
    folder = secrets.token_hex(8)
    title = title.strip()[: designs.LONGEST_LABEL] or connection.capitalize()
    draft = databases.proposed(folder, _source(connection, query), title, "query")
    return databases.add_draft(folder, draft, by=by)


def ask_anew(dataset_id: int, query: str, *, by: User) -> None:
    """Let a draft's rows be what another query finds; columns that are there as before stay.

    Raises:
        Forbidden
        NotFound: there is no such database, or it is made from files.
        Invalid: the query cannot be used.
    """
    stored = databases.get(dataset_id, by=by)
    draft = databases.draft_of(stored)
    if "sql" not in draft.source:
        raise NotFound
    source = _source(draft.source["sql"]["connection"], query)
    fresh = databases.proposed(stored.folder, source, draft.design.label_en, "query")
    design = databases.merged(fresh.design, draft.design)
    databases.keep_draft(dataset_id, replace(fresh, design=design))


def _source(connection: str, query: str) -> dict[str, Any]:
    query = query.strip().rstrip(";").rstrip()
    if not query:
        raise Invalid({"query": N_("Write the query whose rows the database is made of.")})
    if len(query) > LONGEST:
        most = {"most": LONGEST}
        raise Invalid({"query": Text(N_("A query may have up to %(most)s letters."), most)})
    try:
        tables.address_of(connection)
    except TableError as error:
        raise Invalid({"connection": error.message}) from error
    asked = {"connection": connection, "query": query}
    return {"sql": asked, "files": [], "reading": Reading(queries.FORMAT).as_json()}
