"""Ask for a second step to sign in"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0032"
branch_labels = None
depends_on = None

COLUMNS = {
    "tf_primary_method": sa.String,
    "tf_totp_secret": sa.Text,
    "tf_last_counter": sa.BigInteger,
    "mf_recovery_codes": sa.Text,
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("user", sa.Column(name, kind(), nullable=True))
    op.create_table(
        "second_step",
        sa.Column("role", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_second_step")),
    )


def downgrade() -> None:
    op.drop_table("second_step")
    for name in reversed(COLUMNS):
        op.drop_column("user", name)
