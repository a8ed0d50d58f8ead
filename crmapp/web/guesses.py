"""Counts wrong passwords and codes of each person, and lets whoever guesses wait.

Nobody can tell from an answer whether there is a person, whether she waits, or what was wrong.
"""

from __future__ import annotations

from flask import Flask, after_this_request
from flask_login import user_logged_in
from flask_security.signals import password_reset, user_failed_authn
from flask_security.utils import _view_commit
from sqlalchemy import select

from crmapp.db import session as database
from crmapp.db import utcnow
from crmapp.domain import guessing
from crmapp.models.user import User
from crmapp.services import second_step


def init_app(app: Flask) -> None:
    """Listen to what the library says of those who sign in."""
    user_failed_authn.connect(_count, app)
    user_logged_in.connect(_begin_anew, app)
    password_reset.connect(_begin_anew, app)


def alone(user: User) -> User:
    """Read a person anew, and let nobody else change her meanwhile."""
    return database.scalars(
        select(User)
        .where(User.id == user.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _count(_app: Flask, user: User, **_more: object) -> None:
    """Count a wrong one; while she waits nothing is tried, so nothing is counted.

    Who waits for longer than anybody has to, as a clock says that was wrong, does so no more.
    """
    person = alone(user)
    before = person.waits_until if person.waits() else None
    if before is None:
        person.wrong_sign_ins += 1
        if person.wrong_sign_ins == guessing.FREE:
            second_step.tell(person, second_step.GUESSED)
    until = utcnow() + guessing.wait_after(person.wrong_sign_ins)
    person.waits_until = until if before is None else min(before, until)
    after_this_request(_view_commit)


def _begin_anew(_app: Flask, user: User, **_more: object) -> None:
    """Forget the wrong ones of who has signed in, or has set a new password by her letter."""
    if user.wrong_sign_ins:
        person = alone(user)
        person.wrong_sign_ins, person.waits_until = 0, None
        after_this_request(_view_commit)
