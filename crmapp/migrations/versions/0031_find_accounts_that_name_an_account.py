"""Find the accounts that name another one in a custom field"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

FIELDS = "SELECT name FROM custom_field WHERE object = 'account' AND kind = 'account'"
ASKED = " AND filterable AND retired_at IS NULL"


def upgrade() -> None:
    said = "CAST(json_extract(custom, '$.{}') AS DOUBLE)"
    if op.get_bind().dialect.name == "postgresql":
        said = "CAST((custom ->> '{}') AS DOUBLE PRECISION)"
    for name in _names(FIELDS):
        value = said.format(name)
        op.execute(
            f"CREATE INDEX IF NOT EXISTS ix_account_{name} ON account (({value}), name_key, id)"
            f" WHERE deleted_at IS NULL AND ({value}) IS NOT NULL"
        )


def downgrade() -> None:
    for name in sorted({*_names(FIELDS)} - {*_names(FIELDS + ASKED)}):
        op.execute(f"DROP INDEX IF EXISTS ix_account_{name}")


def _names(query: str) -> list[str]:
    return list(op.get_bind().scalars(sa.text(query)))
