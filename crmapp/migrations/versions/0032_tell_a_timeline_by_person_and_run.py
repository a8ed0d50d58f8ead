"""Keep in the index of changes by whom each was, for timelines of a person or of runs"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

NAME, KEY = "ix_change_record", ["object", "record_id", "id"]


def upgrade() -> None:
    op.drop_index(NAME, "change")
    op.create_index(NAME, "change", [*KEY, "run_id", "by_id"])


def downgrade() -> None:
    op.drop_index(NAME, "change")
    op.create_index(NAME, "change", KEY)
