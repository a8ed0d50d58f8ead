"""Find names with letters that nobody sees"""

import re

import sqlalchemy as sa
from alembic import op

from crmapp.domain.letters import BLANK, WIDTHLESS
from crmapp.domain.search import fold, near_key

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

UNSEEN = re.compile(f"[{BLANK}{WIDTHLESS}]")
FOLDED = {
    "account": ("search_text", "name_key"),
    "contact": ("search_text", "name_key"),
    "activity": ("search_text",),
    "attachment": ("search_text",),
}


def upgrade() -> None:
    for name, columns in FOLDED.items():
        _fold_anew(name, columns)


def _fold_anew(name: str, columns: tuple[str, ...]) -> None:
    """Fold what was folded: a text changes only if such a letter was left in it."""
    named = ("name", "near_key") if name == "account" else ()
    records = sa.table(name, sa.column("id"), *map(sa.column, (*columns, *named)))
    connection, last = op.get_bind(), 0
    while True:
        rows = connection.execute(
            sa.select(records).where(records.c.id > last).order_by(records.c.id).limit(5000)
        ).all()
        if not rows:
            return
        last = rows[-1].id
        for row in rows:
            held = {each: row._mapping[each] for each in columns}
            if UNSEEN.search(" ".join(held.values())):
                values = {each: fold(text) for each, text in held.items()}
                if named:
                    values["near_key"] = near_key(row.name)
                connection.execute(sa.update(records).where(records.c.id == row.id).values(values))


def downgrade() -> None:
    """Leave the texts: what they were follows from the fields when they are written next."""
