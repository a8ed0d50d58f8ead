"""Ask for a second step to sign in, and let who guesses wait"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

COLUMNS = {
    "tf_primary_method": sa.String,
    "tf_totp_secret": sa.Text,
    "tf_last_counter": sa.BigInteger,
    "mf_recovery_codes": sa.Text,
    "waits_until": lambda: sa.DateTime(timezone=True),
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("user", sa.Column(name, kind(), nullable=True))
    op.add_column(
        "user", sa.Column("wrong_sign_ins", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_table(
        "second_step",
        sa.Column("role", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_second_step")),
    )


def downgrade() -> None:
    op.drop_table("second_step")
    op.drop_column("user", "wrong_sign_ins")
    for name in reversed(COLUMNS):
        op.drop_column("user", name)
