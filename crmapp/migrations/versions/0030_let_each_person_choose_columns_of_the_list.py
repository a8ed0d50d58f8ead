"""Let each person choose the columns of the list of accounts"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("account_columns", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("user", "account_columns")
