"""What is asked of the database, also where statements go past the library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import event

from crmapp.db import connection, db
from crmapp.db.statements import Ready


@contextmanager
def seen(note: Callable[..., None]) -> Iterator[None]:
    """Call ``note`` before each statement, as SQLAlchemy's ``before_cursor_execute`` does."""
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with patch.object(Ready, "rows", _by_the_library):
            yield
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def _by_the_library(ready: Ready, values: Mapping[str, Any]) -> Sequence[Any]:
    return connection().execute(ready._statement, values).all()
