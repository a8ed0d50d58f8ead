"""What can be read of a database, and what it consists of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Any

from sqlalchemy import (
    Connection,
    FromClause,
    Inspector,
    Select,
    column,
    inspect,
    literal_column,
    quoted_name,
    select,
    table,
    text,
    types,
)
from sqlalchemy.exc import NoSuchTableError

from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import Description, Listed, RemoteField, RemoteKind
from crmapp.connectors.sql.refusals import gone
from crmapp.connectors.sql.settings import SqlSettings
from crmapp.connectors.sql.values import kind_of_type, kind_of_value
from crmapp.domain.reading_queries import LONGEST, refusal
from crmapp.i18n import N_, Text

QUERY = "query"
"""What the query is called as an object, where one is configured."""
SAMPLED = 200
"""Rows of a query that are looked at to find out what its columns hold."""
_SYSTEM = frozenset(
    {"information_schema", "mysql", "performance_schema", "sys", "INFORMATION_SCHEMA", "SYS"}
)


@dataclass(frozen=True)
class Column:
    """One column as it is read; ``zone`` is that of moments that say none themselves."""

    field: RemoteField
    zone: tzinfo
    nullable: bool = True

    @property
    def name(self) -> str:
        return self.field.name


@dataclass(frozen=True)
class Table:
    """One table, view or query; ``key`` is the column that its rows are known by, if any is."""

    object: str
    source: FromClause
    columns: tuple[Column, ...]
    key: str = ""

    def description(self) -> Description:
        return Description(self.object, self.object, tuple(each.field for each in self.columns))

    def column(self, name: str) -> Column:
        """Return a column.

        Raises:
            ConfigBroken: there is none of this name.
        """
        for each in self.columns:
            if each.name == name:
                return each
        raise gone(name)


def objects(connection: Connection) -> Iterator[Listed]:
    """Give out every table and view that the user of the connection sees, by name."""
    seen = inspect(connection)
    if connection.dialect.name == "sqlite":
        names = [*seen.get_table_names(), *seen.get_view_names()]
    else:
        names = [
            f"{schema}.{name}"
            for schema in seen.get_schema_names()
            if schema not in _SYSTEM and not schema.startswith("pg_")
            for name in _in_schema(seen, schema)
        ]
    return (Listed(name, name) for name in sorted(names, key=str.casefold))


def _in_schema(seen: Inspector, schema: str) -> set[str]:
    found = {*seen.get_table_names(schema), *seen.get_view_names(schema)}
    if seen.dialect.name == "postgresql":
        found |= {*seen.get_materialized_view_names(schema)}
    return found


def found(connection: Connection, settings: SqlSettings, object: str) -> Table:
    """Return a table, a view, or the query, as it is now.

    Raises:
        ConfigBroken: there is none of this name, or its key or its stamp is gone.
    """
    if settings.query:
        if object != QUERY:
            raise gone(object)
        table = _of_query(connection, settings)
    else:
        table = _of_name(connection, settings, object)
    for name in filter(None, (settings.key, settings.stamp)):
        table.column(name)
    return table


def checked(query: str, kind: str) -> str:
    """Return a query that only reads.

    Raises:
        ConfigBroken: it does something else, or is too long.
    """
    query = query.strip().rstrip(";").rstrip()
    if len(query) > LONGEST:
        most = {"most": LONGEST}
        raise ConfigBroken(Text(N_("A query may have up to %(most)s letters."), most), field=QUERY)
    if problem := refusal(query, kind):
        raise ConfigBroken(problem, field=QUERY)
    return query


def _of_query(connection: Connection, settings: SqlSettings) -> Table:
    query = checked(settings.query, connection.dialect.name)
    # A colon would begin a parameter; the query's last line may end in a comment.
    inner = text(query.replace(":", r"\:") + "\n")
    whole = inner.columns().subquery("asked")
    sample: Select[Any] = select(literal_column("*")).select_from(whole).limit(SAMPLED)
    result = connection.execute(sample)
    names, rows = list(result.keys()), result.fetchall()
    columns = []
    for place, name in enumerate(names):
        values = [row[place] for row in rows if row[place] is not None]
        telling = [value for value in values if isinstance(value, date)] or values
        kind = kind_of_value(telling[0]) if telling else RemoteKind.TEXT
        if name == settings.key:
            kind = RemoteKind.ID
        field = RemoteField(name, name, kind, kind.value, creatable=False, updatable=False)
        columns.append(Column(field, settings.time_zone))
    source = inner.columns(*(column(_exactly(name)) for name in names)).subquery("asked")
    return Table(QUERY, source, tuple(columns), settings.key)


def _of_name(connection: Connection, settings: SqlSettings, object: str) -> Table:
    schema, _, name = object.rpartition(".") if connection.dialect.name == "sqlite" else (
        object.partition(".")
    )  # fmt: skip
    seen = inspect(connection)
    schema, name = (schema, name) if name and schema else ("", object)
    try:
        reflected = seen.get_columns(name, schema or None)
        keys = seen.get_pk_constraint(name, schema or None)["constrained_columns"]
    except NoSuchTableError as error:
        raise gone(object) from error
    key = settings.key or (keys[0] if len(keys) == 1 else "")
    columns = tuple(_column(each, key, keys, settings, connection) for each in reflected)
    source = table(
        _exactly(name),
        *(column(_exactly(each.name)) for each in columns),
        schema=_exactly(schema) if schema else None,
    )
    return Table(object, source, columns, key)


def _exactly(name: str) -> str:
    """A name that is quoted: it is one as the database itself spells it, or refused there."""
    return quoted_name(name, quote=True)


def _column(
    it: Any, key: str, keys: Sequence[str], settings: SqlSettings, connection: Connection
) -> Column:
    type, name = it["type"], str(it["name"])
    kind = RemoteKind.ID if name == key else kind_of_type(type)
    stands_in_utc = isinstance(type, types.TIMESTAMP) and connection.dialect.name in (
        "mysql",
        "mariadb",
    )
    field = RemoteField(
        name,
        name,
        kind,
        _called(type, connection),
        required=not it["nullable"],
        creatable=False,
        updatable=False,
        unique=list(keys) == [name],
        length=getattr(type, "length", None),
        precision=getattr(type, "precision", None),
        scale=getattr(type, "scale", None),
        help=it.get("comment") or "",
    )
    return Column(field, UTC if stands_in_utc else settings.time_zone, it["nullable"] is not False)


def _called(type: types.TypeEngine[Any], connection: Connection) -> str:
    if isinstance(type, types.NullType):
        return ""
    return type.compile(connection.dialect)
