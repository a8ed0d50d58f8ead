"""Plan activities: what is open, what was completed when, reminders, digests and calendars"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

OPEN = (
    "deleted_at IS NULL AND kind IN ('task', 'meeting')"
    " AND coalesce(status, '') NOT IN ('completed', 'cancelled')"
)
COMPLETED = "deleted_at IS NULL AND completed_at IS NOT NULL"
REMINDS = "deleted_at IS NULL AND remind_minutes IS NOT NULL"
INDEXES = {
    "ix_activity_open": (["owner_id", "happens_at", "id"], OPEN),
    "ix_activity_done": (["completed_by_id", "completed_at"], COMPLETED),
    "ix_activity_remind": (["remind_minutes", "happens_at"], REMINDS),
}
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("activity", sa.Column("remind_minutes", sa.Integer(), nullable=True))
    op.add_column("activity", sa.Column("completed_at", TIME, nullable=True))
    op.add_column("activity", sa.Column("completed_by_id", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE activity SET completed_at = updated_at, completed_by_id = owner_id"
        " WHERE status = 'completed'"
    )
    for name, (columns, where) in INDEXES.items():
        only = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}
        op.create_index(name, "activity", columns, **only)
    op.add_column("user", sa.Column("digest_hour", sa.Integer(), nullable=True))
    op.add_column("user", sa.Column("digest_day", sa.Date(), nullable=True))
    op.add_column("user", sa.Column("calendar_hash", sa.String(), nullable=True))
    op.add_column("user", sa.Column("calendar_since", TIME, nullable=True))
    op.create_index("uq_user_calendar_hash", "user", ["calendar_hash"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_user_calendar_hash", "user")
    for name in ("calendar_since", "calendar_hash", "digest_day", "digest_hour"):
        op.drop_column("user", name)
    for name in INDEXES:
        op.drop_index(name, "activity")
    for name in ("completed_by_id", "completed_at", "remind_minutes"):
        op.drop_column("activity", name)
