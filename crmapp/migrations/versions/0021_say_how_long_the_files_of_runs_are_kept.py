"""Say how long the files of runs are kept, and find runs by kind, job and day"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
HELD = sa.text("files_gone_at IS NULL AND finished_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "run_retention",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_run_retention")),
    )
    op.add_column("run", sa.Column("files_gone_at", TIME, nullable=True))
    op.drop_index("ix_run_status", "run")
    op.drop_index("ix_run_by_id", "run")
    op.create_index("ix_run_status", "run", ["status", "id"])
    op.create_index("ix_run_by", "run", ["by_id", "id"])
    op.create_index("ix_run_kind", "run", ["kind", "id"])
    op.create_index("ix_run_kind_status", "run", ["kind", "status"])
    op.create_index("ix_run_by_status", "run", ["by_id", "status"])
    op.create_index("ix_run_job", "run", ["kind", "lock_key", "id"])
    op.create_index("ix_run_created_at", "run", ["created_at"])
    op.create_index(
        "ix_run_files", "run", ["kind", "finished_at"], sqlite_where=HELD, postgresql_where=HELD
    )


def downgrade() -> None:
    for name in ("files", "created_at", "job", "kind_status", "by_status", "kind", "by", "status"):
        op.drop_index(f"ix_run_{name}", "run")
    op.create_index("ix_run_by_id", "run", ["by_id"])
    op.create_index("ix_run_status", "run", ["status"])
    op.drop_column("run", "files_gone_at")
    op.drop_table("run_retention")
