"""Searching records by any part of their text, on every database.

SQLite keeps a trigram index (FTS5) of ``search_text``, PostgreSQL a ``pg_trgm`` one. Words of one
or two letters ("3M") cannot be found by trigrams: they look at the beginning of the name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    FromClause,
    Select,
    TableClause,
    and_,
    bindparam,
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
        return and_(model.name_key >= folded, model.name_key < folded + LAST)  # an index's range
    parts = [part for part in folded.split(" ") if len(part) >= SHORT] or [folded]
    if dialect.name == "sqlite":
        return model.id.in_(select(_index(model).c.rowid).where(_all_in(model, parts, dialect)))
    return _all_in(model, parts, dialect)


def begins(column_: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Build the condition that a column begins so, as a range that an index has.

    Its values are those of :func:`range_of`.
    """
    name = column_.key
    return and_(column_ >= bindparam(f"{name}_start"), column_ < bindparam(f"{name}_end"))


def range_of(column_: InstrumentedAttribute[Any], start: str) -> dict[str, str]:
    """Return the values for :func:`begins`."""
    return {f"{column_.key}_start": start, f"{column_.key}_end": start + LAST}


def ids_of(
    model: type[Account] | type[Contact], count: int, dialect: Dialect
) -> Select[*tuple[Any, ...]]:
    """Ask for the ids of records whose text contains ``count`` parts, deleted ones included.

    Its values are those of :func:`values_of`.
    """
    if dialect.name == "sqlite":  # the index has the ids: no record need be read
        index = _index(model)
        return select(index.c.rowid).where(_match(index))
    table, match = indexed(model, count, dialect)
    return select(model.__table__.c.id).select_from(table).where(match)


def indexed(
    model: type[Account] | type[Contact], count: int, dialect: Dialect
) -> tuple[FromClause, ColumnElement[bool]]:
    """Return where to read records whose text contains ``count`` parts, and the condition.

    They come as the index finds them: a few are there without looking for all. Its values are
    those of :func:`values_of`.
    """
    rows = model.__table__
    if dialect.name == "sqlite":
        index = _index(model)
        return index.join(rows, rows.c.id == index.c.rowid), _match(index)
    return rows, and_(
        *(rows.c.search_text.like(bindparam(f"part{n}"), escape="\\") for n in range(count))
    )


def values_of(parts: Sequence[str], dialect: Dialect) -> dict[str, str]:
    """Return the values for :func:`indexed`."""
    if dialect.name == "sqlite":
        return {"parts": _quoted(parts)}
    plain = (re.sub(r"([%_\\])", r"\\\1", part) for part in parts)
    return {f"part{number}": f"%{part}%" for number, part in enumerate(plain)}


def _index(model: type[Account] | type[Contact]) -> TableClause:
    return table(f"{model.__tablename__}_search", column("rowid"))


def _match(index: TableClause) -> ColumnElement[bool]:
    return literal_column(index.name).op("MATCH")(bindparam("parts"))


def _all_in(
    model: type[Account] | type[Contact], parts: list[str], dialect: Dialect
) -> ColumnElement[bool]:
    """Build the condition of the trigram index that each part stands in the record's text."""
    if dialect.name == "sqlite":
        return literal_column(_index(model).name).op("MATCH")(_quoted(parts))
    return and_(*(model.search_text.contains(part, autoescape=True) for part in parts))


def _quoted(parts: Sequence[str]) -> str:
    """Write parts as the trigram index reads them: each is text and nothing else."""
    return " ".join('"' + part.replace('"', '""') + '"' for part in parts)
