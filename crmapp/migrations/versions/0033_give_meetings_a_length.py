"""Give meetings a length, in minutes; those without one take as long as meetings usually do"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("activity", sa.Column("length_minutes", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("activity", "length_minutes")
