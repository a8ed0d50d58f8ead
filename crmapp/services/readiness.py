"""Whether this process can serve people now."""

from __future__ import annotations

from sqlalchemy import Select, literal, select, table
from sqlalchemy.exc import SQLAlchemyError

from crmapp.db import session

NEWEST_TABLE = "mail_outbox"


def check() -> dict[str, bool]:
    """Return each thing a page needs and whether it is there."""
    newest = select(literal(1)).select_from(table(NEWEST_TABLE)).limit(1)
    return {"database": _answers(select(literal(1))), "schema": _answers(newest)}


def _answers(question: Select[int]) -> bool:
    try:
        session.execute(question)
    except SQLAlchemyError:
        return False
    finally:
        session.rollback()
    return True
