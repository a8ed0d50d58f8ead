"""Synchronize accounts with other systems, and remember the jobs that those work on"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)
WAITS = sa.text("pending IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "account_sync",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=True),
        sa.Column("pending_at", TIME, nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("problem", JSON, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", TIME, nullable=True),
        sa.Column("accepted", JSON, nullable=False),
        sa.Column("hashes", JSON, nullable=False),
        sa.Column("offered", JSON, nullable=False),
        sa.Column("offered_run", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("synced_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_sync_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_sync")),
    )
    op.create_index(
        "ix_account_sync_pending",
        "account_sync",
        ["pending_at"],
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )
    op.create_index("ix_account_sync_state", "account_sync", ["state", "cause"])
    op.create_index(op.f("ix_account_sync_offered_run"), "account_sync", ["offered_run"])
    op.create_table(
        "sync_clock",
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("cursors", JSON, nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("rest_until", TIME, nullable=True),
        sa.Column("good_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("object", name=op.f("pk_sync_clock")),
    )
    op.create_table(
        "remote_job",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("batch", name=op.f("pk_remote_job")),
    )


def downgrade() -> None:
    op.drop_table("remote_job")
    op.drop_table("sync_clock")
    op.drop_table("account_sync")
