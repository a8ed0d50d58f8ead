"""Keep favourites of the grid, with the selections that they focus on"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = "fk_selection_favourite_id_favourite"


def upgrade() -> None:
    op.create_table(
        "favourite",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("args", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_favourite_user_id_user")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_favourite_team_id_team"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_favourite")),
    )
    op.create_index(op.f("ix_favourite_user_id"), "favourite", ["user_id"])
    with op.batch_alter_table("selection") as batch:
        batch.add_column(sa.Column("favourite_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f(KEY), "favourite", ["favourite_id"], ["id"])
        batch.create_index(op.f("ix_selection_favourite_id"), ["favourite_id"])


def downgrade() -> None:
    op.execute("DELETE FROM selection WHERE favourite_id IS NOT NULL")
    with op.batch_alter_table("selection") as batch:
        batch.drop_index(op.f("ix_selection_favourite_id"))
        batch.drop_constraint(op.f(KEY), type_="foreignkey")
        batch.drop_column("favourite_id")
    op.drop_table("favourite")
