"""Keep whether keyboard shortcuts work for a person"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("shortcuts", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("user", "shortcuts")
