"""Read the customers of other systems"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "feed_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("key_column", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("company_column", sa.String(), nullable=False),
        sa.Column("stamp_column", sa.String(), nullable=False),
        sa.Column("found", JSON, nullable=False),
        sa.Column("problem", JSON, nullable=False),
        sa.Column("checked_at", TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("retired_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user.id"], name=op.f("fk_feed_source_by_id_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_source")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_feed_source_name", "feed_source", ["name"], unique=True)
    op.create_table(
        "feed_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["feed_source.id"], name=op.f("fk_feed_file_source_id_feed_source")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_feed_file_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_file")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_feed_file", "feed_file", ["source_id", "sha256"], unique=True)


def downgrade() -> None:
    op.drop_table("feed_file")
    op.drop_table("feed_source")
