"""Tell who did what, and from where"""

import sqlalchemy as sa
from alembic import op

from crmapp.db.base import Json

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_audit_event_by": ["by_id", "id"],
    "ix_audit_event_kind": ["kind", "id"],
    "ix_audit_event_about": ["about", "about_id", "id"],
}


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("about_id", sa.String(), nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("agent", sa.String(), nullable=True),
        sa.Column("salt", sa.String(), nullable=True),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sqlite_autoincrement=True,
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "audit_event", columns)
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seal")),
    )
    op.create_index("ix_audit_seal_stream", "audit_seal", ["stream", "last"])
    op.create_table(
        "audit_seal_mark",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.Column("horizon", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_audit_seal_mark")),
    )
    op.add_column("change", sa.Column("origin_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("change", "origin_id")
    op.drop_table("audit_seal_mark")
    op.drop_table("audit_seal")
    op.drop_table("audit_event")
