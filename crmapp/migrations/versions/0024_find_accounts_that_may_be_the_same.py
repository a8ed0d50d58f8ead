"""Find accounts that may be the same by phone number, e-mail domain and website"""

import sqlalchemy as sa
from alembic import op

from crmapp.domain.duplicate_keys import KEYED

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

FOLDED = sa.String().with_variant(sa.String(collation="C"), "postgresql")
COLUMNS = ("phone_key", "domain_key", "site_key")
SOURCES = ("phone", "email", "website")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("account", sa.Column(name, FOLDED, nullable=True))
    _fill()
    for name in COLUMNS:
        filled = sa.text(f"deleted_at IS NULL AND {name} IS NOT NULL")
        op.create_index(
            f"ix_account_{name}", "account", [name], sqlite_where=filled, postgresql_where=filled
        )


def _fill() -> None:
    account = sa.table("account", sa.column("id"), *map(sa.column, (*SOURCES, *COLUMNS)))
    connection, last = op.get_bind(), 0
    while True:
        rows = connection.execute(
            sa.select(account.c.id, *(account.c[name] for name in SOURCES))
            .where(account.c.id > last)
            .order_by(account.c.id)
            .limit(5000)
        ).all()
        if not rows:
            return
        last = rows[-1].id
        found = [{"which": row.id, **_keys(row)} for row in rows]
        found = [each for each in found if any(each[name] for name in COLUMNS)]
        if found:
            connection.execute(
                sa.update(account)
                .where(account.c.id == sa.bindparam("which"))
                .values({name: sa.bindparam(name) for name in COLUMNS}),
                found,
            )


def _keys(row: sa.Row[tuple[object, ...]]) -> dict[str, str | None]:
    values = row._mapping
    return {column: word(values[name] or "") for name, (column, word) in KEYED.items()}


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_index(f"ix_account_{name}", "account")
        op.drop_column("account", name)
