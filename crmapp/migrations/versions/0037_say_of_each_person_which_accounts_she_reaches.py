"""Say of each person which accounts she sees and changes"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
COLUMNS = ("sees", "edits", "territories")
ALIVE = sa.text("deleted_at IS NULL")
FILLED = sa.text("deleted_at IS NULL AND territory IS NOT NULL")
ORDERS = {
    "ix_account_list": ["name_key", "id", "owner_id", "team_id", "active"],
    "ix_account_owner": ["owner_id", "name_key", "id", "team_id", "active"],
    "ix_account_team": ["team_id", "name_key", "id", "owner_id", "active"],
}
TERRITORY = ["territory", "name_key", "id", "owner_id", "team_id", "active"]


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("user", sa.Column(name, JSON, nullable=True))
    for name, columns in ORDERS.items():
        _order(name, [*columns, "territory"])
    op.create_index(
        "ix_account_territory",
        "account",
        TERRITORY,
        sqlite_where=FILLED,
        postgresql_where=FILLED,
    )


def _order(name: str, columns: list[str]) -> None:
    op.drop_index(name, "account")
    op.create_index(name, "account", columns, sqlite_where=ALIVE, postgresql_where=ALIVE)


def downgrade() -> None:
    op.drop_index("ix_account_territory", "account")
    for name, columns in ORDERS.items():
        _order(name, columns)
    for name in reversed(COLUMNS):
        op.drop_column("user", name)
