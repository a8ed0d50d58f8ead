"""Find the keys of forms and programs that are a day old"""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_idempotency_key_at", "idempotency_key", ["at"])


def downgrade() -> None:
    op.drop_index("ix_idempotency_key_at", "idempotency_key")
