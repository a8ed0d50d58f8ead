"""Keep fixes of cells: a decision may be about one cell of a plan's row"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("field", sa.String(), nullable=False, server_default=""),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("found", sa.Text(), nullable=False, server_default=""),
        sa.Column("key", sa.String(), nullable=False, server_default=""),
    ):
        op.add_column("plan_decision", column)
    op.drop_index("uq_plan_decision", table_name="plan_decision")
    op.create_index("uq_plan_decision", "plan_decision", ["run_id", "row_no", "field"], unique=True)


def downgrade() -> None:
    op.execute("DELETE FROM plan_decision WHERE field <> ''")
    op.drop_index("uq_plan_decision", table_name="plan_decision")
    op.create_index("uq_plan_decision", "plan_decision", ["run_id", "row_no"], unique=True)
    for column in ("key", "found", "value", "field"):
        op.drop_column("plan_decision", column)
