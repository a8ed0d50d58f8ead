"""Searching records by any part of their text, on every database.

SQLite keeps a trigram index (FTS5) of ``search_text``, PostgreSQL a ``pg_trgm`` one. Words of one
or two letters ("3M") cannot be found by trigrams: they look at the beginning of the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    FromClause,
    TableClause,
    and_,
    column,
    literal_column,
    select,
    table,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

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
        return begins(model.name_key, folded)
    parts = [part for part in folded.split(" ") if len(part) >= SHORT] or [folded]
    if dialect.name == "sqlite":
        return model.id.in_(select(_index(model).c.rowid).where(_all_in(model, parts, dialect)))
    return _all_in(model, parts, dialect)


def begins(column_: InstrumentedAttribute[Any], start: str) -> ColumnElement[bool]:
    """Build the condition that a column begins with ``start``, as a range that an index has."""
    return and_(column_ >= start, column_ < start + LAST)


def indexed(
    model: type[Account] | type[Contact], words: str, dialect: Dialect
) -> Iterator[tuple[FromClause, ColumnElement[bool]]]:
    """Yield where to read records whose text contains ``words``, and the condition.

    At first those in which the words begin words, then those in which they stand anywhere. Records
    come as the index finds them: a few are there without looking for all.
    """
    rows = model.__table__
    for lead in (" ", ""):
        parts = [lead + part for part in fold(words).split(" ") if len(lead + part) >= SHORT]
        if parts and dialect.name == "sqlite":
            index = _index(model)
            yield index.join(rows, rows.c.id == index.c.rowid), _all_in(model, parts, dialect)
        elif parts:
            yield rows, _all_in(model, parts, dialect)


def _index(model: type[Account] | type[Contact]) -> TableClause:
    return table(f"{model.__tablename__}_search", column("rowid"))


def _all_in(
    model: type[Account] | type[Contact], parts: list[str], dialect: Dialect
) -> ColumnElement[bool]:
    """Build the condition of the trigram index that each part stands in the record's text."""
    if dialect.name == "sqlite":
        quoted = " ".join('"' + part.replace('"', '""') + '"' for part in parts)
        return literal_column(_index(model).name).op("MATCH")(quoted)
    return and_(*(model.search_text.contains(part, autoescape=True) for part in parts))
