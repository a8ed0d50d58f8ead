"""Verbs for what databases do differently, set-based where work is in bulk: one meaning on all.

All expect to run inside :func:`crmapp.db.unit_of_work`. Row sets travel as one JSON or array
parameter, never as a list of literals, so the number of rows does not change the statement.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    MetaData,
    Select,
    Text,
    TypeDecorator,
    UnaryExpression,
    any_,
    bindparam,
    column,
    func,
    literal,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.schema import CreateTable, DropTable, Table
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.types import TypeEngine

from crmapp.db.base import Base, UtcDateTime
from crmapp.db.session import json_text, session

T = TypeVar("T")


def dialect() -> str:
    """The name of the database in use: ``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


def seconds_now(name: str | None = None) -> ColumnElement[Any]:
    """The present second since the epoch, on the database's clock; SQLite has this process's.

    ``name`` is the database's kind, for who has no session.
    """
    if (name or dialect()) == "postgresql":
        return func.extract("epoch", func.clock_timestamp())
    return literal(time.time())


def insert_into(target: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Begin an INSERT that may say what to do about a row that is there already."""
    if dialect() == "postgresql":
        return postgresql.insert(target)
    return sqlite.insert(target)


def reserve_ids(target: Table, count: int) -> list[int]:
    """Take ``count`` fresh primary keys of ``target``.

    On SQLite the write lock makes them ours; on PostgreSQL the sequence does, and the transaction
    has its number first: :mod:`crmapp.db.horizon` counts on it.
    """
    if dialect() == "postgresql":
        sequence = f"{target.name}_id_seq"
        rows = session.execute(
            text(
                "SELECT nextval(CAST(:sequence AS regclass))"
                " FROM pg_current_xact_id(), generate_series(1, :count)"
            ),
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


def defaults_of(target: Table) -> dict[str, Any]:
    """Return what columns of ``target`` hold of which nothing is said."""
    defaults: dict[str, Any] = {each.name: each.default for each in target.columns if each.default}
    return {
        name: default.arg(None) if default.is_callable else default.arg
        for name, default in defaults.items()
    }


def insert_rows(target: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same keys; by COPY on PostgreSQL, staged on SQLite.

    What is one object in all rows is not staged.
    """
    if not rows:
        return
    names = list(rows[0])
    if dialect() == "postgresql" or len(rows) == 1:
        _fill(target.name, names, _tuples(target, rows, names))
        return
    same = [n for n, first in rows[0].items() if all(row[n] is first for row in rows)]
    own = [name for name in names if name not in same] or [same.pop()]
    values = next(_tuples(target, rows[:1], same), ())
    with _staged(target, rows, own) as connection:
        connection.exec_driver_sql(
            f'INSERT INTO "{target.name}" ({_listed([*own, *same])})'  # noqa: S608  (our columns)
            f" SELECT {', '.join([_listed(own), *'?' * len(same)])} FROM staged",
            values,
        )


def merge_rows(
    target: Table, rows: Sequence[Mapping[str, Any]], key: Sequence[str], names: Sequence[str]
) -> None:
    """Insert rows, each with a ``key`` of its own; where it is there already, set ``names``."""
    if not rows:
        return
    columns = _listed(rows[0])
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in names)
    with _staged(target, rows, list(rows[0])) as connection:
        connection.exec_driver_sql(
            f'INSERT INTO "{target.name}" ({columns}) SELECT {columns} FROM staged WHERE true'  # noqa: S608  (our columns)
            f" ON CONFLICT ({_listed(key)}) DO UPDATE SET {sets}"
        )


def update_rows(target: Table, rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> None:
    """Set the columns ``names`` of the rows whose ``id`` is in ``rows``."""
    if not rows:
        return
    names = list(names)
    if len(rows) == 1:
        _update_one(target, rows[0], names)
        return
    sets = ", ".join(f'"{name}" = staged."{name}"' for name in names)
    with _staged(target, rows, [*names, "id"]) as connection:
        connection.exec_driver_sql(
            f'UPDATE "{target.name}" SET {sets} FROM staged WHERE "{target.name}".id = staged.id'  # noqa: S608  (our columns)
        )


def _update_one(target: Table, row: Mapping[str, Any], names: Sequence[str]) -> None:
    """Spare a person's edit the table that many rows are worth."""
    values = {name: row[name] for name in names}
    session.execute(update(target).where(target.c.id == row["id"]).values(values))


@contextmanager
def _staged(
    target: Table, rows: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> Iterator[Connection]:
    """Hold ``rows`` in the temporary table ``staged``, from where one statement takes them all.

    One statement, because SQLite's trigram index writes itself out at the end of each that has
    triggers: once for all rows instead of once per row.
    """
    connection = session.connection()
    connection.exec_driver_sql(
        f'CREATE TEMPORARY TABLE staged AS SELECT {_listed(names)} FROM "{target.name}" WHERE false'  # noqa: S608  (our columns)
    )
    _fill("staged", names, _tuples(target, rows, names))
    yield connection
    connection.exec_driver_sql("DROP TABLE staged")


@contextmanager
def staged(columns: Sequence[Column[Any]], rows: Iterable[tuple[Any, ...]]) -> Iterator[Table]:
    """Hold rows, each with a key and what :func:`ready` made of its values, in a temporary table.

    ``columns`` are the key's, which is called ``id``, and theirs.
    """
    held = Table("staged", MetaData(), *columns, prefixes=["TEMPORARY"])
    session.execute(CreateTable(held))
    _fill(held.name, [each.name for each in columns], rows)
    yield held
    session.execute(DropTable(held))


def lock_staged(target: Table, held: Table) -> None:
    """Lock the rows whose ``id`` is in a :func:`staged` table, in the order in which all do.

    SQLite has one writer at a time anyway.
    """
    if dialect() == "postgresql":
        rows = select(target.c.id).where(target.c.id.in_(select(held.c.id))).order_by(target.c.id)
        session.execute(select(func.count()).select_from(rows.with_for_update().subquery()))


def ready(kind: TypeEngine[Any]) -> Callable[[Any], Any]:
    """Return what makes a value of a column ready for the driver."""
    return _converter(kind, session.connection().dialect) or (lambda value: value)


def update_from(
    target: Table, held: Table, own: Mapping[str, ColumnElement[Any]], same: Mapping[str, Any]
) -> None:
    """Set columns of the rows whose ``id`` is in a :func:`staged` table.

    ``own`` says by its columns what each row gets, ``same`` what all get. On SQLite rows are looked
    up there one by one, as they are changed: joined, they would all be set aside before.
    """
    this = target.c.id == held.c.id
    if dialect() == "postgresql":
        session.execute(update(target).where(this).values({**own, **same}))
        return
    found = {name: select(each).where(this).scalar_subquery() for name, each in own.items()}
    among = target.c.id.in_(select(held.c.id))
    session.execute(update(target).where(among).values({**found, **same}))


def _fill(table_name: str, names: Sequence[str], values: Iterable[tuple[Any, ...]]) -> None:
    """Put rows into a table, each as the driver takes it."""
    connection = session.connection()
    if dialect() == "postgresql":
        _copy(connection, f'COPY "{table_name}" ({_listed(names)}) FROM STDIN', values)
        return
    marks = ", ".join("?" * len(names))
    connection.exec_driver_sql(
        f'INSERT INTO "{table_name}" ({_listed(names)}) VALUES ({marks})',  # noqa: S608  (our columns)
        list(values),
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _copy(connection: Connection, statement: str, values: Iterable[tuple[Any, ...]]) -> None:
    """Send rows by COPY; what the driver raises becomes what SQLAlchemy would have raised."""
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for each in values:
                copy.write_row(each)
        cursor.close()
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, dialect=connection.dialect
        ) from error


def _tuples(
    target: Table, rows: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """Return the rows as the driver takes them, by SQLAlchemy's conversions."""
    engine = session.connection().dialect
    columns = []
    for name in names:
        convert = _converter(target.c[name].type, engine)
        values = [row[name] for row in rows]
        columns.append(values if convert is None else _converted(values, convert))
    return zip(*columns, strict=True)


def _converter(kind: TypeEngine[Any], engine: Dialect) -> Callable[[Any], Any] | None:
    """Return what makes values of a column ready for the driver; ``None`` if they are.

    What can be is made text, which drivers take far faster than what they have to make text of.
    """
    if isinstance(kind, JSON):
        return json_text
    convert = kind.dialect_impl(engine).bind_processor(engine)
    if isinstance(kind, UtcDateTime) and convert and engine.name == "postgresql":
        return lambda value: str(convert(value))
    return convert


def _converted(values: Iterable[Any], convert: Callable[[Any], Any]) -> Iterator[Any]:
    """Yield converted values; one that is the same object as the last is not converted again."""
    last = kept = object()
    for value in values:
        if value is not last:
            last, kept = value, None if value is None else convert(value)
        yield kept


def is_one_of(
    where: ColumnElement[Any] | InstrumentedAttribute[Any], values: Sequence[Any] | str
) -> ColumnElement[bool]:
    """Build ``where IN values`` with one parameter, however many values there are.

    For a statement that is made once, ``values`` is the name of the parameter that will have them.
    """
    given = {"key": values} if isinstance(values, str) else {"key": None, "value": list(values)}
    if dialect() == "postgresql":
        kind = ARRAY(BigInteger if isinstance(where.type, Integer) else Text)
        return where == any_(bindparam(**given, type_=kind))
    each = func.json_each(bindparam(**given, type_=_JsonList)).table_valued("value")
    return where.in_(select(each.c.value))


def without_index(value: ColumnElement[T]) -> ColumnElement[T]:
    """Keep SQLite from reading rows by an index of ``value``; PostgreSQL knows when it pays.

    Without statistics SQLite believes of each condition that few rows meet it. Its `manual
    <https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_>`_ has
    the sign.
    """
    if dialect() == "postgresql":
        return value
    return UnaryExpression(value.self_group(), operator=custom_op("+"), type_=value.type)


def gathered(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Ask for the numbers that ``query`` finds as one value, to be read by :func:`numbers`."""
    number = query.subquery().c[0]
    if dialect() == "postgresql":
        return select(func.array_agg(number))
    return select(func.json_group_array(number))


def numbers(found: Any) -> list[int]:
    """Read what a :func:`gathered` query found: four times as fast as row by row."""
    return json.loads(found) if isinstance(found, str) else found or []


class _JsonList(TypeDecorator[Sequence[Any]]):
    """Values that travel to SQLite as one text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[Any] | None, _dialect: Dialect) -> str:
        return json.dumps(list(value or ()), ensure_ascii=False)
