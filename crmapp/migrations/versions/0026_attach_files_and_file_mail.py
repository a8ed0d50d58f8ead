"""Attach files to accounts and activities, and file e-mail on accounts"""

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("custom", JSON, nullable=False),
        sa.Column("lineage", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_attachment_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_attachment_activity_id_activity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_attachment_activity_id", "attachment", ["activity_id"])
    op.create_index("ix_attachment_sha256", "attachment", ["sha256"])
    op.create_index("ix_attachment_account", "attachment", ["account_id", "deleted_at"])
    op.create_table(
        "mail_drop",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("renewals", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_mail_drop_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_mail_drop")),
    )
    op.create_table(
        "filed_mail",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_filed_mail_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_filed_mail_activity_id_activity")
        ),
        sa.PrimaryKeyConstraint("account_id", "digest", name=op.f("pk_filed_mail")),
    )
    op.create_index("ix_filed_mail_activity_id", "filed_mail", ["activity_id"])
    _make_key()


def _make_key() -> None:
    """Keep the word that the addresses of accounts are made with: whoever knows it guesses them."""
    stamp = sa.table("stamp", sa.column("name"), sa.column("word"))
    op.execute(stamp.insert().values(name="mail_drop", word=secrets.token_hex(32)))


def downgrade() -> None:
    op.execute("DELETE FROM stamp WHERE name = 'mail_drop'")
    op.drop_table("filed_mail")
    op.drop_table("mail_drop")
    op.drop_table("attachment")
