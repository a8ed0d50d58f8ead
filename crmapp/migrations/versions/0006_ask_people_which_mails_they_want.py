"""Ask people which mails they want"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    all_runs = sa.Column("mail_own_runs", sa.String(), nullable=False, server_default="all")
    failed = sa.Column("mail_failed_runs", sa.Boolean(), nullable=False, server_default=sa.true())
    op.add_column("user", all_runs)
    op.add_column("user", failed)


def downgrade() -> None:
    op.drop_column("user", "mail_failed_runs")
    op.drop_column("user", "mail_own_runs")
