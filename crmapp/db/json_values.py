"""What stands in a JSON column under a key, for conditions and orders: one meaning on all.

Keys are written into the statement, where an index on the same expression can be found: they come
from our own names, never from people's text.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import ColumnElement, String, TableValuedAlias, cast, func, literal, select
from sqlalchemy import literal_column as written
from sqlalchemy.dialects.postgresql import JSONB

from crmapp.db.bulk import dialect

_KEY = re.compile(r"[a-z][a-z0-9_]*")


def value_at(column: ColumnElement[Any], key: str) -> ColumnElement[Any]:
    """Return the value under ``key``: text as text; null if there is none."""
    if dialect() == "postgresql":
        return column.op("->>", return_type=String())(written(f"'{_safe(key)}'"))
    return func.json_extract(column, written(f"'$.{_safe(key)}'"), type_=String())


def items_at(column: ColumnElement[Any], key: str) -> TableValuedAlias:
    """Return the items of the list under ``key``, as a table with the column ``value``."""
    if dialect() == "postgresql":
        kept = column.op("->", return_type=JSONB())(written(f"'{_safe(key)}'"))
        return func.jsonb_array_elements_text(kept).table_valued("value", joins_implicitly=True)
    return func.json_each(column, written(f"'$.{_safe(key)}'")).table_valued(
        "value", joins_implicitly=True
    )


def has_item(column: ColumnElement[Any], key: str, item: str) -> ColumnElement[bool]:
    """Build the condition that the list under ``key`` has ``item``."""
    if dialect() == "postgresql":
        wanted = cast(literal(json.dumps({_safe(key): [item]})), JSONB)
        return column.op("@>", is_comparison=True)(wanted)
    each = items_at(column, key)
    return select(each.c.value).where(each.c.value == item).exists()


def _safe(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of ours")
    return key
