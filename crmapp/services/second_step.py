"""The second step of signing in: whose role needs one, and how a lost phone is replaced."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, insert, select

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.permissions import Right, Role
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import SecondStep, User
from crmapp.queue import later
from crmapp.services import audit, notifications, sign_ins
from crmapp.services.rights import need

LETTER = "sign_in"
ON, OFF, RESET, GUESSED, INVITED = "on", "off", "reset", "guessed", "invited"
"""What a letter tells: it is on or off, an administrator took it, somebody guesses, welcome."""
PASSKEY, NO_PASSKEY = "passkey", "no_passkey"
"""And: a passkey came, or went."""


def roles(*, by: User) -> frozenset[str]:
    """Return the roles that need a second step.

    Raises:
        Forbidden: she lacks the right.
    """
    need(Right.USER_MANAGE, by=by)
    return _roles()


def ask_of(wanted: Collection[str], *, by: User) -> None:
    """Have a second step needed by these roles, and by no other.

    Who has such a role and no second step is signed out, and sets one up when she signs in again.

    Raises:
        Forbidden: she lacks the right.
        Invalid: there is no such role, or she would sign herself out.
    """
    need(Right.USER_MANAGE, by=by)
    if not set(wanted) <= set(Role):
        raise Invalid({"roles": N_("Choose one of the roles.")})
    if by.role in wanted and not by.tf_totp_secret:
        raise Invalid({"roles": N_("Turn it on for yourself first, then ask it of your role.")})
    with unit_of_work():
        before = _roles()
        fresh = set(wanted) - before
        session.execute(delete(SecondStep))
        if wanted:
            session.execute(insert(SecondStep), [{"role": role} for role in sorted(set(wanted))])
        told = [sorted(before), sorted(set(wanted))]
        audit.note("second_step_roles", by=by, about="roles", roles=told)
        without = select(User).where(User.role.in_(fresh), User.tf_totp_secret.is_(None))
        for person in session.scalars(without.order_by(User.id).with_for_update()):
            sign_ins.end_all(person)


def reset(user_id: int, *, by: User) -> None:
    """Take away the second step and the passkeys of a person who lost them, and tell her.

    She is signed out everywhere.

    Raises:
        Forbidden: she lacks the right.
        Invalid: it is her own, which she turns off herself, by her password.
    """
    need(Right.USER_MANAGE, by=by)
    if user_id == by.id:
        raise Invalid({"": N_("Turn off your own on the page “Two-step sign-in”.")})
    with unit_of_work():
        person = session.get_one(User, user_id, with_for_update=True)
        if person.tf_totp_secret is None and not person.webauthn:
            return
        audit.note("second_step_reset", by=by, about="person", about_id=user_id)
        forget(person)
        person.webauthn.clear()
        person.wrong_sign_ins, person.waits_until = 0, None
        sign_ins.end_all(person)
        tell(person, RESET)
        later("mails.deliver")


def forget(person: User) -> None:
    """Take a person's second step away, and her recovery codes with it."""
    person.tf_primary_method = person.tf_totp_secret = None
    person.tf_last_counter = person.mf_recovery_codes = None


def tell(person: User, event: str) -> None:
    """Write to a person what became of her sign-in; the caller commits."""
    key = f"sign-in-{person.id}-{event}-{utcnow().timestamp()}"
    notifications.tell(person.id, person.email, LETTER, {"event": event}, key)


def _roles() -> frozenset[str]:
    return frozenset(session.scalars(select(SecondStep.role)))
