"""Keep the history of pick lists: a list becomes a record with an id and a version"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
LABELS = ("label_en", "label_fr")
VALUES = (
    *("id", "list_code", "code", *LABELS, "position", "active", "is_default", "external_id"),
    *("search_text", "custom", "lineage", "version", "created_at", "updated_at", "deleted_at"),
)


def upgrade() -> None:
    """Make both tables anew: SQLite can neither add a key nor let go a table that is named."""
    lists = _read("SELECT code, label_en, label_fr FROM pick_list ORDER BY code")
    values = _set_aside()
    _create_lists_as_records()
    _create_values()
    _fill("pick_list", [_as_record(each) for each in lists])
    _fill("pick_list_value", values)


def downgrade() -> None:
    lists = _read("SELECT code, label_en, label_fr FROM pick_list ORDER BY code")
    values = _set_aside()
    op.create_table(
        "pick_list",
        sa.Column("code", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in LABELS),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_pick_list")),
    )
    _create_values()
    _fill("pick_list", lists)
    _fill("pick_list_value", values)


def _read(query: str) -> list[dict[str, object]]:
    return [dict(row) for row in op.get_bind().execute(sa.text(query)).mappings()]


def _set_aside() -> list[dict[str, object]]:
    columns = sa.table("pick_list_value", *map(_column, VALUES))
    found = op.get_bind().execute(sa.select(columns)).mappings()
    rows = [dict(row) for row in found]
    op.drop_table("pick_list_value")
    op.drop_table("pick_list")
    return rows


def _fill(table: str, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    op.bulk_insert(sa.table(table, *map(_column, rows[0])), rows)
    if "id" in rows[0] and op.get_bind().dialect.name == "postgresql":
        op.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")  # noqa: S608  (our tables)


def _column(name: str) -> sa.ColumnClause[object]:
    kinds: dict[str, sa.types.TypeEngine[object]] = {
        "active": sa.Boolean(),
        "is_default": sa.Boolean(),
        "custom": JSON,
        "lineage": JSON,
        "created_at": sa.DateTime(timezone=True),
        "updated_at": sa.DateTime(timezone=True),
        "deleted_at": sa.DateTime(timezone=True),
    }
    return sa.column(name, kinds.get(name))


def _as_record(row: dict[str, object]) -> dict[str, object]:
    now = datetime.now(UTC)
    kept = {"search_text": "", "custom": {}, "lineage": {}, "version": 1}
    return {**row, **kept, "created_at": now, "updated_at": now}


def _record() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("custom", JSON, nullable=False),
        sa.Column("lineage", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
    ]


def _create_lists_as_records() -> None:
    op.create_table(
        "pick_list",
        sa.Column("code", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in LABELS),
        *_record(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pick_list")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_pick_list_code", "pick_list", ["code"], unique=True)


def _create_values() -> None:
    op.create_table(
        "pick_list_value",
        sa.Column("list_code", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in LABELS),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        *_record(),
        sa.ForeignKeyConstraint(
            ["list_code"], ["pick_list.code"], name=op.f("fk_pick_list_value_list_code_pick_list")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pick_list_value")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_pick_list_value", "pick_list_value", ["list_code", "code"], unique=True)
