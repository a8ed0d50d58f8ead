"""What stands in a JSON column under a key, for conditions and orders: one meaning on all.

Keys are written into the statement, where an index on the same expression can be found: they come
from our own names, never from people's text.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    String,
    TableValuedAlias,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy import literal_column as written
from sqlalchemy.dialects.postgresql import JSONB

from crmapp.db.bulk import dialect
from crmapp.db.session import session

_KEY = re.compile(r"[a-z][a-z0-9_]*")


def value_at(held: ColumnElement[Any], key: str) -> ColumnElement[Any]:
    """Return the value under ``key``: text as text; null if there is none."""
    if dialect() == "postgresql":
        return held.op("->>", return_type=String())(written(f"'{_safe(key)}'"))
    return func.json_extract(held, written(f"'$.{_safe(key)}'"), type_=String())


def number_at(held: ColumnElement[Any], key: str) -> ColumnElement[Any]:
    """Return the number under ``key``, kept as a number or as its digits; null if there is none."""
    return cast(value_at(held, key), Double)


def is_true(held: ColumnElement[Any], key: str) -> ColumnElement[bool]:
    """Build the condition that ``true`` stands under ``key``."""
    yes = "'true'" if dialect() == "postgresql" else "1"
    return value_at(held, key) == written(yes)


def index_values(target: FromClause, key: str, *, numeric: bool) -> None:
    """Keep living rows that have a value under ``key`` in the order of that value, then of names.

    Whoever has none costs nothing. The rows are found by conditions on :func:`value_at`, or with
    ``numeric`` on :func:`number_at`, that are not null.
    """
    value = (number_at if numeric else value_at)(column("custom"), key)
    said = value.compile(session.connection(), compile_kwargs={"literal_binds": True})
    session.connection().exec_driver_sql(
        f"CREATE INDEX IF NOT EXISTS {_index_name(target, key)} ON {target.description}"
        f" (({said}), name_key, id) WHERE deleted_at IS NULL AND ({said}) IS NOT NULL"
    )


def drop_index(target: FromClause, key: str) -> None:
    """Forget the order that :func:`index_values` keeps, if it does."""
    session.connection().exec_driver_sql(f"DROP INDEX IF EXISTS {_index_name(target, key)}")


def _index_name(target: FromClause, key: str) -> str:
    return f"ix_{target.description}_{_safe(key)}"


def with_value(held: ColumnElement[Any], key: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what is ``held`` with ``value``, a number or text, under ``key``."""
    if dialect() == "postgresql":
        return held.op("||")(func.jsonb_build_object(written(f"'{_safe(key)}'"), value))
    return func.json_set(held, written(f"'$.{_safe(key)}'"), value)


def merged(held: ColumnElement[Any], more: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what is ``held`` with ``more``; what is null there is left out."""
    if dialect() == "postgresql":
        return func.jsonb_strip_nulls(held.op("||")(more))
    return func.json_patch(held, more)


def items_at(held: ColumnElement[Any], key: str) -> TableValuedAlias:
    """Return the items of the list under ``key``, as a table with the column ``value``."""
    if dialect() == "postgresql":
        kept = held.op("->", return_type=JSONB())(written(f"'{_safe(key)}'"))
        return func.jsonb_array_elements_text(kept).table_valued("value", joins_implicitly=True)
    return func.json_each(held, written(f"'$.{_safe(key)}'")).table_valued(
        "value", joins_implicitly=True
    )


def items_of(held: ColumnElement[Any]) -> TableValuedAlias:
    """Return the items of a column that is a list, as a table with the column ``value``."""
    each = func.jsonb_array_elements_text if dialect() == "postgresql" else func.json_each
    return each(held).table_valued("value", joins_implicitly=True)


def is_among(item: str, held: ColumnElement[Any]) -> ColumnElement[bool]:
    """Build the condition that a column that is a list has ``item``."""
    if dialect() == "postgresql":
        return held.op("@>", is_comparison=True)(cast(literal(json.dumps([item])), JSONB))
    each = items_of(held)
    return select(each.c.value).where(each.c.value == item).exists()


def has_item(held: ColumnElement[Any], key: str, item: str) -> ColumnElement[bool]:
    """Build the condition that the list under ``key`` has ``item``."""
    if dialect() == "postgresql":
        wanted = cast(literal(json.dumps({_safe(key): [item]})), JSONB)
        return held.op("@>", is_comparison=True)(wanted)
    each = items_at(held, key)
    return select(each.c.value).where(each.c.value == item).exists()


def _safe(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of ours")
    return key
