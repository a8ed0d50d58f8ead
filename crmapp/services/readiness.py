"""Whether this process can serve people now."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from crmapp.db import session


def check() -> dict[str, bool]:
    """Return each thing a page needs and whether it is there."""
    return {"database": _answers("SELECT 1"), "schema": _answers("SELECT 1 FROM account LIMIT 1")}


def _answers(question: str) -> bool:
    try:
        session.execute(text(question))
    except SQLAlchemyError:
        return False
    finally:
        session.rollback()
    return True
