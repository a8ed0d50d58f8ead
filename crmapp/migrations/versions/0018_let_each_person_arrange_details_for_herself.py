"""Let each person arrange the details of accounts for herself"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("user", sa.Column("own_details", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("user", "own_details")
