"""Map the fields of two systems in versions, and keep what people prepare"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "field_map_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", JSON, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user.id"], name=op.f("fk_field_map_version_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_map_version")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_field_map_version", "field_map_version", ["object", "version"], unique=True)
    op.create_table(
        "field_map_draft",
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("rules", JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_field_map_draft_user_id_user")
        ),
        sa.PrimaryKeyConstraint("object", "user_id", name=op.f("pk_field_map_draft")),
    )


def downgrade() -> None:
    op.drop_table("field_map_draft")
    op.drop_table("field_map_version")
