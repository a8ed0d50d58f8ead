"""Keep accounts by standing rules over sources"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "crm_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("every", sa.Integer(), nullable=True),
        sa.Column("daily", sa.String(), nullable=True),
        sa.Column("cron", sa.String(), nullable=True),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("next_at", TIME, nullable=True),
        sa.Column("guard_percent", sa.Integer(), nullable=False),
        sa.Column("known", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_mapping")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_crm_mapping_name", "crm_mapping", ["name"], unique=True)
    op.create_index("ix_crm_mapping_next_at", "crm_mapping", ["next_at"])
    op.create_table(
        "crm_mapping_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"],
            ["user.id"],
            name=op.f("fk_crm_mapping_version_by_id_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["mapping_id"],
            ["crm_mapping.id"],
            name=op.f("fk_crm_mapping_version_mapping_id_crm_mapping"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_mapping_version")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_crm_mapping_version", "crm_mapping_version", ["mapping_id", "version"], unique=True
    )
    op.create_table(
        "feed_cursor",
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("cursor", JSON, nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("whole_at", TIME, nullable=True),
        sa.Column("read_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["mapping_id"],
            ["crm_mapping.id"],
            name=op.f("fk_feed_cursor_mapping_id_crm_mapping"),
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["feed_source.id"],
            name=op.f("fk_feed_cursor_source_id_feed_source"),
        ),
        sa.PrimaryKeyConstraint("mapping_id", "source_id", name=op.f("pk_feed_cursor")),
    )


def downgrade() -> None:
    op.drop_table("feed_cursor")
    op.drop_table("crm_mapping_version")
    op.drop_table("crm_mapping")
