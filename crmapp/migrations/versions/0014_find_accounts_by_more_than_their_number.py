"""Find accounts by more than their number"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from crmapp.domain.search import near_key

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
FOLDED = sa.String().with_variant(sa.String(collation="C"), "postgresql")
RULES = ("number", "tax_id", "email_name", "name_postcode", "near_name")
TAX_WORD = "upper(replace(replace(replace(tax_id, ' ', ''), '.', ''), '-', ''))"
INDEXES = {"near_key": "near_key", "email": "lower(email)", "tax_id": TAX_WORD}
NAMES = {"near_key": "ix_account_near", "email": "ix_account_email", "tax_id": "ix_account_tax_id"}


def upgrade() -> None:
    op.add_column("account", sa.Column("near_key", FOLDED, nullable=True))
    _fill_near_keys()
    for column, indexed in INDEXES.items():
        op.execute(
            f"CREATE INDEX {NAMES[column]} ON account ({indexed})"
            f" WHERE deleted_at IS NULL AND {column} IS NOT NULL"
        )
    rule = op.create_table(
        "match_rule",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_match_rule")),
    )
    rules = [{"code": code, "position": n, "active": True} for n, code in enumerate(RULES)]
    op.bulk_insert(rule, rules)
    op.create_table(
        "match_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("different", JSON, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_match_answer_account_id_account")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_match_answer_run_id_run")),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_match_answer_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_answer")),
        sqlite_autoincrement=True,
    )
    for name in ("account_id", "run_id", "by_id"):
        op.create_index(op.f(f"ix_match_answer_{name}"), "match_answer", [name])
    key = ["system", "object", "external_id"]
    op.create_index("uq_match_answer", "match_answer", key, unique=True)


def _fill_near_keys() -> None:
    account = sa.table("account", sa.column("id"), sa.column("name"), sa.column("near_key"))
    connection, last = op.get_bind(), 0
    while True:
        rows = connection.execute(
            sa.select(account.c.id, account.c.name)
            .where(account.c.id > last)
            .order_by(account.c.id)
            .limit(5000)
        ).all()
        if not rows:
            return
        last = rows[-1].id
        connection.execute(
            sa.update(account)
            .where(account.c.id == sa.bindparam("which"))
            .values(near_key=sa.bindparam("key")),
            [{"which": row.id, "key": near_key(row.name)} for row in rows],
        )


def downgrade() -> None:
    op.drop_table("match_answer")
    op.drop_table("match_rule")
    for name in NAMES.values():
        op.drop_index(name, "account")
    op.drop_column("account", "near_key")
