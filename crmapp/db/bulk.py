"""Set-based verbs for bulk work, one meaning on every database.

All expect to run inside :func:`crmapp.db.unit_of_work`. Row sets travel as one JSON or array
parameter, never as a list of literals, so the number of rows does not change the statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    column,
    func,
    select,
    table,
    text,
    update,
)
from sqlalchemy.schema import Table

from crmapp.db.session import session


def dialect() -> str:
    """The name of the database in use: ``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


def reserve_ids(target: Table, count: int) -> list[int]:
    """Take ``count`` fresh primary keys of ``target``.

    On SQLite the write lock makes them ours; on PostgreSQL the sequence does.
    """
    if dialect() == "postgresql":
        sequence = f"{target.name}_id_seq"
        rows = session.execute(
            text("SELECT nextval(CAST(:sequence AS regclass)) FROM generate_series(1, :count)"),
            {"sequence": f'"{sequence}"', "count": count},
        )
        return [row[0] for row in rows]
    last = session.scalar(select(func.max(target.c.id))) or 0
    kept = session.scalar(
        select(column("seq"))
        .select_from(table("sqlite_sequence"))
        .where(column("name") == target.name)
    )
    first = max(last, kept or 0) + 1
    return list(range(first, first + count))


def insert_rows(target: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same keys; by COPY on PostgreSQL, by executemany on SQLite."""
    if not rows:
        return
    if dialect() == "postgresql":
        _copy(target, rows)
    else:
        session.connection().execute(target.insert(), list(rows))


def update_rows(target: Table, rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> None:
    """Set the columns ``names`` of the rows whose ``id`` is in ``rows``."""
    if not rows:
        return
    names = list(names)
    statement = (
        update(target)
        .where(target.c.id == bindparam("b_id"))
        .values({name: bindparam(f"b_{name}", type_=target.c[name].type) for name in names})
    )
    session.connection().execute(
        statement,
        [{"b_id": row["id"], **{f"b_{name}": row[name] for name in names}} for row in rows],
    )


def is_one_of(where: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Build ``where IN values`` with one parameter, however many values there are."""
    if dialect() == "postgresql":
        kind = ARRAY(BigInteger if isinstance(where.type, Integer) else Text)
        return where == func.any(bindparam(None, list(values), type_=kind))
    each = func.json_each(json.dumps(list(values), ensure_ascii=False)).table_valued("value")
    return where.in_(select(each.c.value))


def _copy(target: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    connection = session.connection()
    names = list(rows[0])
    columns = ", ".join(f'"{name}"' for name in names)
    bind = [target.c[name].type._cached_bind_processor(connection.dialect) for name in names]
    cursor = connection.connection.cursor()
    with cursor.copy(f'COPY "{target.name}" ({columns}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(
                [
                    row[name] if convert is None else convert(row[name])
                    for name, convert in zip(names, bind, strict=True)
                ]
            )
    cursor.close()
