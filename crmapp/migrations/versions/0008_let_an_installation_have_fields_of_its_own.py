"""Let an installation have fields of its own, and say which it requires"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "custom_field",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("label_en", sa.String(), nullable=False),
        sa.Column("label_fr", sa.String(), nullable=False),
        sa.Column("help_en", sa.String(), nullable=False),
        sa.Column("help_fr", sa.String(), nullable=False),
        sa.Column("group_en", sa.String(), nullable=False),
        sa.Column("group_fr", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("pick_list", sa.String(), nullable=True),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("filterable", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["pick_list"], ["pick_list.code"], name=op.f("fk_custom_field_pick_list_pick_list")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_custom_field", "custom_field", ["object", "name"], unique=True)
    op.create_table(
        "required_field",
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("object", "name", name=op.f("pk_required_field")),
    )
    op.create_table(
        "stamp",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_stamp")),
    )
    op.execute("INSERT INTO stamp (name, word) VALUES ('fields', 'first')")


def downgrade() -> None:
    op.drop_table("stamp")
    op.drop_table("required_field")
    op.drop_table("custom_field")
