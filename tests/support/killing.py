"""A process that dies between two commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy.orm import Session

from crmapp.db import session


class Killed(BaseException):
    """The worker is gone."""


@contextmanager
def killed_after(commits: int) -> Iterator[None]:
    """Have the process die after so many commits, if there are as many."""
    left = iter(range(commits))
    commit = Session.commit

    def commit_and_die(self: Session) -> None:
        commit(self)
        if next(left, None) == commits - 1:
            raise Killed

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        patch.setattr(Session, "commit", commit_and_die)
        yield
    session.rollback()
