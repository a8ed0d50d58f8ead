"""Say which run a run retries"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("retries_id", sa.Integer(), nullable=True))
    op.create_index("ix_run_retries_id", "run", ["retries_id"])


def downgrade() -> None:
    op.drop_index("ix_run_retries_id", "run")
    op.drop_column("run", "retries_id")
