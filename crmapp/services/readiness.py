"""Whether this process can serve people now."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import literal, select
from sqlalchemy.exc import SQLAlchemyError

from crmapp.db import db, session
from crmapp.db.schema import is_current


def check() -> dict[str, bool]:
    """Return each thing a page needs and whether it is there."""
    return {
        "database": _holds(lambda: session.scalar(select(literal(1))) == 1),
        "schema": _holds(lambda: is_current(db.engine)),
    }


def _holds(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except SQLAlchemyError:
        return False
    finally:
        session.rollback()
