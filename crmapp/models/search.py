"""Searching records by any part of their text, on every database.

SQLite keeps a trigram index (FTS5) of ``search_text``, PostgreSQL a ``pg_trgm`` one. Words of one
or two letters ("3M") cannot be found by trigrams: they look at the beginning of the name.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Dialect, and_, column, literal_column, select, table, true

from crmapp.domain.search import fold
from crmapp.models.account import Account
from crmapp.models.contact import Contact

SHORT = 3
LAST = "\U0010ffff"


def matches(
    model: type[Account] | type[Contact], words: str, dialect: Dialect
) -> ColumnElement[bool]:
    """Build the condition that the record's text contains ``words``, however they were typed."""
    folded = fold(words)
    if not folded:
        return true()
    if len(folded) < SHORT:
        return and_(model.name_key >= folded, model.name_key < folded + LAST)  # an index's range
    parts = [part for part in folded.split(" ") if len(part) >= SHORT] or [folded]
    if dialect.name == "sqlite":
        quoted = " ".join('"' + part.replace('"', '""') + '"' for part in parts)
        index = table(f"{model.__tablename__}_search", column("rowid"))
        found = select(index.c.rowid).where(literal_column(index.name).op("MATCH")(quoted))
        return model.id.in_(found)
    return and_(*(model.search_text.contains(part, autoescape=True) for part in parts))
