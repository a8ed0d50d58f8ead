"""What people decide about their own account."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import update

from crmapp.db import session, unit_of_work
from crmapp.domain.runs import Mail
from crmapp.models.user import User

PREFERENCES = frozenset({"locale", "theme", "density", "shortcuts", "timezone"})


def keep_mail(*, own_runs: Mail, failed_runs: bool, by: User) -> None:
    """Keep of which runs ``by`` wants an e-mail: her own, and failed ones of others."""
    person = by.id
    with unit_of_work():
        session.execute(
            update(User)
            .where(User.id == person)
            .values(mail_own_runs=own_runs.value, mail_failed_runs=failed_runs)
        )


def keep_day(*, timezone: str, digest_hour: int | None, by: User) -> None:
    """Keep where ``by`` lives, and at which hour of hers she is told of her day; None for never."""
    person = by.id
    with unit_of_work():
        session.execute(
            update(User).where(User.id == person).values(timezone=timezone, digest_hour=digest_hour)
        )


def keep(chosen: Mapping[str, str], *, by: User) -> None:
    """Keep the preferences of ``by``; other names are refused."""
    unknown = chosen.keys() - PREFERENCES
    if unknown:
        raise ValueError(f"not a preference: {', '.join(sorted(unknown))}")
    person = by.id
    with unit_of_work():
        session.execute(update(User).where(User.id == person).values(**chosen))
