"""Log what external ids mean"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("change", sa.Column("links", JSON, nullable=False, server_default="[]"))
    op.add_column("external_identity", sa.Column("change_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("external_identity", "change_id")
    op.drop_column("change", "links")
