"""Say who is billed and supplied for an account, and what contacts are turned to for"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
LIST = "contact_role"
ROLES = (
    ("decision_maker", "Decision maker", "Décideur"),
    ("purchasing", "Purchasing", "Achats"),
    ("accounts_payable", "Accounts payable", "Comptabilité fournisseurs"),
    ("receiving", "Receiving and shipping", "Réception et expédition"),
    ("technical", "Technical", "Technique"),
    ("sales", "Sales", "Ventes"),
    ("management", "Management", "Direction"),
)


def upgrade() -> None:
    for name in ("bill_to", "ship_to"):
        # Written out: Alembic adds no constraint to a table of SQLite without copying all of it.
        op.execute(
            f"ALTER TABLE account ADD COLUMN {name}_id INTEGER"
            f" CONSTRAINT fk_account_{name}_id_account REFERENCES account (id)"
        )
        filled = sa.text(f"{name}_id IS NOT NULL")
        op.create_index(
            f"ix_account_{name}",
            "account",
            [f"{name}_id"],
            sqlite_where=filled,
            postgresql_where=filled,
        )
    op.add_column("contact", sa.Column("roles", JSON, nullable=True))
    filled = sa.text("roles IS NOT NULL")
    op.create_index(
        "ix_contact_roles",
        "contact",
        ["name_key", "id"],
        sqlite_where=filled,
        postgresql_where=filled,
    )
    _offer_roles()


def _offer_roles() -> None:
    """Add the list, unless the installation has made one with this code itself."""
    known = sa.text("SELECT code FROM pick_list WHERE code = :code")
    if op.get_bind().execute(known, {"code": LIST}).first() is not None:
        op.execute(f"UPDATE pick_list SET deleted_at = NULL WHERE code = '{LIST}'")  # noqa: S608  (ours)
        return
    labels = {"label_en": "Contact role", "label_fr": "Rôle du contact"}
    _insert("pick_list", [{"code": LIST, **labels}])
    values = [
        {"list_code": LIST, "code": code, "label_en": en, "label_fr": fr, "position": position}
        for position, (code, en, fr) in enumerate(ROLES, 1)
    ]
    _insert("pick_list_value", [{**row, "active": True, "is_default": False} for row in values])


def _insert(table: str, rows: list[dict[str, object]]) -> None:
    now = datetime.now(UTC)
    kept = {"search_text": "", "custom": {}, "lineage": {}, "version": 1}
    as_records = [{**row, **kept, "created_at": now, "updated_at": now} for row in rows]
    op.bulk_insert(sa.table(table, *map(_column, as_records[0])), as_records)


def _column(name: str) -> sa.ColumnClause[object]:
    kinds: dict[str, sa.types.TypeEngine[object]] = {
        "active": sa.Boolean(),
        "is_default": sa.Boolean(),
        "custom": JSON,
        "lineage": JSON,
        "created_at": sa.DateTime(timezone=True),
        "updated_at": sa.DateTime(timezone=True),
    }
    return sa.column(name, kinds.get(name))


def downgrade() -> None:
    op.execute("DELETE FROM pick_list_value WHERE list_code = 'contact_role'")
    op.execute("DELETE FROM pick_list WHERE code = 'contact_role'")
    op.drop_index("ix_contact_roles", "contact")
    op.drop_column("contact", "roles")
    for name in ("ship_to", "bill_to"):
        op.drop_index(f"ix_account_{name}", "account")
        op.drop_column("account", f"{name}_id")
