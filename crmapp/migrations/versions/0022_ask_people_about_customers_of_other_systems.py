"""Ask people about customers of other systems whose account is not certain"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "match_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("cells", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("later_until", TIME, nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mapping_id"],
            ["crm_mapping.id"],
            name=op.f("fk_match_question_mapping_id_crm_mapping"),
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["feed_source.id"],
            name=op.f("fk_match_question_source_id_feed_source"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_question")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_match_question",
        "match_question",
        ["mapping_id", "source_id", "object", "external_id"],
        unique=True,
    )
    op.create_index(
        "ix_match_question_key", "match_question", ["source_id", "object", "external_id"]
    )
    op.create_index("ix_match_question_settled", "match_question", ["settled", "id"])
    op.create_table(
        "match_candidate",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["match_question.id"],
            name=op.f("fk_match_candidate_question_id_match_question"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_match_candidate_account_id_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("question_id", "account_id", name=op.f("pk_match_candidate")),
    )
    op.create_index("ix_match_candidate_account_id", "match_candidate", ["account_id"])


def downgrade() -> None:
    op.drop_table("match_candidate")
    op.drop_table("match_question")
