"""The people who sign in: added, given a role and a password, and let go."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from crmapp.db import LARGEST_ID, session, unit_of_work
from crmapp.db.bulk import is_one_of
from crmapp.domain.permissions import Right, Role, roles_with
from crmapp.domain.search import fold
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import Team, User
from crmapp.queue import later
from crmapp.services import api_tokens, audit, begun_runs, passwords, second_step, sign_ins
from crmapp.services.editing import unless_taken
from crmapp.services.rights import need, who_holds

EMAIL_TAKEN = N_("Somebody with this address is here already.")
_EMAIL = re.compile(r"[^@\s,;<>\"\x00]+@[^@\s,;<>\"\x00]+")


def everybody(*, by: User) -> Sequence[User]:
    """Return all people, the active ones first, by name.

    Raises:
        Forbidden: she lacks the right.
    """
    need(Right.USER_MANAGE, by=by)
    people = session.scalars(select(User).options(selectinload(User.teams)))
    return sorted(people, key=lambda user: (not user.active, fold(user.name), user.id))


def administrators() -> Sequence[str]:
    """Return the names of the active people who can grant rights, in their order."""
    roles = [role.value for role in roles_with(Right.USER_MANAGE)]
    names = session.scalars(select(User.name).where(User.active, User.role.in_(roles)))
    return sorted(names, key=fold)


def holders(right: Right, *, by: User) -> Sequence[User]:
    """Return the active people who hold a right, by name.

    Raises:
        Forbidden: ``by`` does not hold it herself.
    """
    need(right, by=by)
    people = session.scalars(select(User).where(is_one_of(User.id, who_holds(right))))
    return sorted(people, key=lambda user: (fold(user.name), user.id))


def get(user_id: int, *, by: User) -> User:
    """Return a person.

    Raises:
        Forbidden: she lacks the right.
        NotFound: there is nobody with this id.
    """
    need(Right.USER_MANAGE, by=by)
    found = session.get(User, user_id) if 0 < user_id <= LARGEST_ID else None
    if found is None:
        raise NotFound
    return found


def add(
    *,
    name: str,
    email: str,
    role: str,
    password: str | None = None,
    teams: Sequence[str] = (),
    invited: bool = True,
    by: User | None,
) -> int:
    """Add a person and return her id; without a password she is asked by e-mail to set one.

    Who is not ``invited`` needs none: the identity provider signs her in.

    ``by`` is ``None`` for an operator at the terminal, or for the provider. Teams that do not exist
    are made.

    Raises:
        Forbidden: she lacks the right.
        Invalid: field → what is wrong with it.
    """
    _allow(by)
    name, email = name.strip(), email.strip().lower()
    one_each = unless_taken({"email": EMAIL_TAKEN}, index="uq_user_email", column="user.email")
    with one_each, unit_of_work():
        problems = _wrong(name, email, role, password)
        if not problems and _find(email):
            problems["email"] = EMAIL_TAKEN
        if problems:
            raise Invalid(problems)
        user = User(
            name=name,
            email=email,
            role=role,
            password=hashed(password) if password else None,
            teams=[_team(each.strip()) for each in teams if each.strip()],
        )
        session.add(user)
        session.flush()
        _note("person_added", user, by, role=role)
        if invited and not password:
            second_step.tell(user, second_step.INVITED)
            later("mails.deliver")
        return user.id


def set_role(user_id: int, role: str, *, by: User | None) -> None:
    """Give a person another role. The last administrator stays one.

    Raises:
        Forbidden: she lacks the right.
        Invalid: there is no such role, or nobody would be left to administer.
    """
    change(user_id, role=role, by=by)


def set_active(user_id: int, active: bool, *, by: User | None) -> None:
    """Let a person in again, or let her go: she is signed out everywhere and owns what she owned.

    Raises:
        Forbidden: she lacks the right.
        Invalid: nobody would be left to administer.
    """
    change(user_id, active=active, by=by)


def change(
    user_id: int, *, role: str | None = None, active: bool | None = None, by: User | None
) -> None:
    """Give a person another role and let her in or go, at once; ``None`` leaves it as it is.

    Raises:
        Forbidden, Invalid: as for :func:`set_role` and :func:`set_active`.
    """
    _allow(by)
    with unit_of_work():
        user = _existing(user_id)
        if role is not None and role not in set(Role):
            raise Invalid({"role": N_("Choose one of the roles.")})
        if active is False or role not in (None, Role.ADMIN):
            _keep_an_administrator(user)
        if active is False and user.active:
            sign_ins.end_all(user)
            api_tokens.revoke_all(user.id)
        before = user.rights
        if role not in (None, user.role):
            _note("role_changed", user, by, role=[user.role, role])
            user.role = role
            if user.check_tf_required_setup() and not user.tf_totp_secret:
                sign_ins.end_all(user)  # she sets one up when she signs in again
        if active not in (None, user.active):
            _note("person_let_in" if active else "person_let_go", user, by)
            user.active = bool(active)
        if before - user.rights:
            begun_runs.stop_all_of(user.id, by=by)


def set_password(user_id: int, password: str, *, by: User | None) -> None:
    """Give a person a new password; she is signed out everywhere.

    Raises:
        Forbidden: she lacks the right.
        Invalid: the password is too short, or easy to guess.
    """
    _allow(by)
    with unit_of_work():
        user = _existing(user_id)
        problem = passwords.problem(password, name=user.name, email=user.email)
        if problem:
            raise Invalid({"password": problem})
        _note("password_given", user, by)
        user.password = hashed(password)
        sign_ins.end_all(user)
        user.wrong_sign_ins, user.waits_until = 0, None


def sign_out(user_id: int, *, but: int | None = None, by: User) -> None:
    """Sign a person out everywhere, or everywhere ``but`` at one sign-in.

    Raises:
        Forbidden: it is not herself, and ``by`` lacks the right.
        NotFound: there is nobody with this id.
    """
    if user_id != by.id:
        need(Right.USER_MANAGE, by=by)
    with unit_of_work():
        user = _existing(user_id)
        sign_ins.end_all(user, but)
        _note("sessions_ended", user, by)


def find(email: str) -> User | None:
    """Return the person with this address, for an operator at the terminal."""
    return _find(email.strip().lower())


def anybody() -> bool:
    """Say whether there is anybody at all."""
    return session.scalar(select(User.id).limit(1)) is not None


def administrator() -> User:
    """Return the first active administrator, in whose name an operator at the terminal acts.

    Raises:
        NotFound: nobody administers yet.
    """
    query = select(User).where(User.role == Role.ADMIN.value, User.active).order_by(User.id)
    found = session.scalars(query.limit(1)).first()
    if found is None:
        raise NotFound(N_("Nobody administers this installation yet. Add an administrator first."))
    return found


def hashed(password: str) -> str:
    """Hash a password as signing in expects it: argon2id, as ``web/auth.py`` configures it.

    One text can be typed in several ways, as é is by one sign or two: it is one password.
    """
    hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    return hasher.hash(unicodedata.normalize("NFKD", password))


def _note(kind: str, user: User, by: User | None, **details: object) -> None:
    audit.note(kind, by=by, about="person", about_id=user.id, **details)


def _allow(by: User | None) -> None:
    if by is not None:
        need(Right.USER_MANAGE, by=by)


def _existing(user_id: int) -> User:
    found = session.get(User, user_id) if 0 < user_id <= LARGEST_ID else None
    if found is None:
        raise NotFound
    return found


def _find(email: str) -> User | None:
    return session.scalars(select(User).where(User.email == email)).one_or_none()


def _team(name: str) -> Team:
    found = session.scalars(select(Team).where(Team.name == name)).one_or_none()
    if found is None:
        found = Team(name=name)
        session.add(found)
    return found


def _wrong(name: str, email: str, role: str, password: str | None) -> dict[str, Text | str]:
    problems: dict[str, Text | str] = {}
    if not 0 < len(name) <= 100 or "\x00" in name:
        problems["name"] = N_("Enter a name of at most 100 characters.")
    if not _EMAIL.fullmatch(email) or len(email) > 200:
        problems["email"] = N_("Enter a full address, like ann@example.com.")
    if role not in set(Role):
        problems["role"] = N_("Choose one of the roles.")
    if password and (problem := passwords.problem(password, name=name, email=email)):
        problems["password"] = problem
    return problems


def _keep_an_administrator(user: User) -> None:
    """Refuse to take away the last active administrator, also when two are let go at once."""
    active = select(User.id).where(User.role == Role.ADMIN, User.active.is_(True))
    administrators = session.scalars(active.order_by(User.id).with_for_update()).all()
    if administrators == [user.id]:
        raise Invalid({"role": N_("Somebody has to administer. Make another administrator first.")})
