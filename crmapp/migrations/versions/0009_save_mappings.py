"""Save mappings: named, in versions"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "saved_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("source_title", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_mapping")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_saved_mapping",
        "saved_mapping",
        ["source_key", "name"],
        unique=True,
        sqlite_where=sa.text("retired_at IS NULL"),
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "mapping_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mapping_id"],
            ["saved_mapping.id"],
            name=op.f("fk_mapping_version_mapping_id_saved_mapping"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_mapping_version_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping_version")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_mapping_version", "mapping_version", ["mapping_id", "version"], unique=True)


def downgrade() -> None:
    op.drop_table("mapping_version")
    op.drop_table("saved_mapping")
