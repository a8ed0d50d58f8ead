"""Keep pairs of accounts that may be one customer, and find what was merged into an account"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
OPEN = sa.text("different_at IS NULL")
MERGED = sa.text("replaced_by IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "account_pair",
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("different_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("different_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["first_id"],
            ["account.id"],
            name=op.f("fk_account_pair_first_id_account"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["second_id"],
            ["account.id"],
            name=op.f("fk_account_pair_second_id_account"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["different_by"],
            ["user.id"],
            name=op.f("fk_account_pair_different_by_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_account_pair")),
    )
    op.create_index(op.f("ix_account_pair_second_id"), "account_pair", ["second_id"])
    op.create_index(
        "ix_account_pair_open",
        "account_pair",
        ["score", "first_id", "second_id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_account_merged",
        "account",
        ["replaced_by"],
        sqlite_where=MERGED,
        postgresql_where=MERGED,
    )


def downgrade() -> None:
    op.drop_index("ix_account_merged", "account")
    op.drop_table("account_pair")
