"""What people decide about their own account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import update

from crmapp.db import session, unit_of_work
from crmapp.domain.runs import Mail
from crmapp.models.user import User
from crmapp.services import account_columns

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


def keep_columns(names: Sequence[str], *, by: User) -> None:
    """Keep which columns ``by`` wants to see of accounts where no view says it.

    Raises:
        Invalid: they are too many.
    """
    account_columns.check(names)
    person, text = by.id, account_columns.written(names)
    with unit_of_work():
        session.execute(update(User).where(User.id == person).values(account_columns=text or None))


def keep(chosen: Mapping[str, str], *, by: User) -> None:
    """Keep the preferences of ``by``; other names are refused."""
    unknown = chosen.keys() - PREFERENCES
    if unknown:
        raise ValueError(f"not a preference: {', '.join(sorted(unknown))}")
    person = by.id
    with unit_of_work():
        session.execute(update(User).where(User.id == person).values(**chosen))
