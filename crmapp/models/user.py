"""People who sign in, and their teams."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from flask_security.core import UserMixin
from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, session, utcnow
from crmapp.domain.permissions import Right, Role, rights_of
from crmapp.domain.reach import EVERYTHING, FOR_ALL, Reach, is_restricted, reach_of
from crmapp.models.passkey import Passkey

_Said = Sequence[str] | None

team_member = Table(
    "team_member",
    Base.metadata,
    Column("team_id", ForeignKey("team.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Team(Base):
    """People who see each other's accounts."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    members: Mapped[list[User]] = relationship(secondary=team_member, back_populates="teams")


class Scope(NamedTuple):
    """What decides which records a person sees and may change.

    ``who`` is 0 for people who see and change those of everybody, else her id.
    """

    role: str
    active: bool
    who: int
    sees: Reach
    edits: Reach
    territories: tuple[str, ...]


class User(Base, UserMixin):
    """A person with a role; what she may do is decided by :mod:`crmapp.domain.permissions`.

    ``mail_own_runs`` says of which of her runs she gets an e-mail when they end
    (:class:`crmapp.domain.runs.Mail`), ``mail_failed_runs`` whether, as an administrator, she gets
    one when somebody else's fails. ``own_details`` is how she has arranged what Salesforce holds of
    accounts (:class:`crmapp.domain.arrangement.Arrangement`); None is as the administrator has it.
    ``default_view`` is the id of the :class:`crmapp.models.saved_view.SavedView` that opens first
    for her; it may be gone. ``account_columns`` are those of her list of accounts as its address
    has them (:mod:`crmapp.services.account_columns`); None are the standard ones.
    ``sees`` and ``edits`` say whose accounts she sees and changes beside her own
    (:class:`crmapp.domain.reach.Part`), None as her role has it, and ``territories`` are hers.
    At ``digest_hour`` of her day she gets an e-mail about her activities; ``digest_day`` is the
    last day of which that is settled. ``calendar_hash`` is what is kept of the secret address of
    her calendar.

    Flask-Security names what two-step sign-in needs: ``tf_totp_secret`` and ``mf_recovery_codes``
    are encrypted (:mod:`crmapp.services.vault`), ``tf_last_counter`` is the moment of the last code
    that was used, so that none is used twice. ``wrong_sign_ins`` counts wrong passwords and codes
    since she signed in last; until ``waits_until`` even the right ones are wrong. Passkeys know her
    by ``fs_webauthn_user_handle``.
    """

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)  # in lower case
    name: Mapped[str]
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    role: Mapped[str] = mapped_column(default=Role.VIEWER.value)
    sees: Mapped[list[str] | None]
    edits: Mapped[list[str] | None]
    territories: Mapped[list[str] | None]
    fs_uniquifier: Mapped[str] = mapped_column(unique=True, default=lambda: uuid.uuid4().hex)
    confirmed_at: Mapped[datetime | None]
    locale: Mapped[str | None]
    timezone: Mapped[str | None]
    theme: Mapped[str | None]
    density: Mapped[str | None]
    mail_own_runs: Mapped[str] = mapped_column(default="all", server_default="all")
    mail_failed_runs: Mapped[bool] = mapped_column(default=True, server_default=true())
    digest_hour: Mapped[int | None]
    digest_day: Mapped[date | None]
    calendar_hash: Mapped[str | None]
    calendar_since: Mapped[datetime | None]
    shortcuts: Mapped[str | None]
    own_details: Mapped[dict[str, Any] | None]
    default_view: Mapped[int | None]
    account_columns: Mapped[str | None]
    tf_primary_method: Mapped[str | None]
    tf_totp_secret: Mapped[str | None] = mapped_column(Text)
    tf_last_counter: Mapped[int | None] = mapped_column(BigInteger)
    wrong_sign_ins: Mapped[int] = mapped_column(default=0, server_default="0")
    waits_until: Mapped[datetime | None]
    fs_webauthn_user_handle: Mapped[str | None]  # type: ignore[assignment]  # none before a passkey
    mf_recovery_codes: Mapped[str | None] = mapped_column(Text)  # type: ignore[assignment]  # sealed
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    teams: Mapped[list[Team]] = relationship(secondary=team_member, back_populates="members")
    webauthn: Mapped[list[Passkey]] = relationship(  # type: ignore[assignment]  # ours
        cascade="all, delete-orphan", passive_deletes=True
    )

    __table_args__ = (
        Index("uq_user_calendar_hash", "calendar_hash", unique=True),
        Index("uq_user_fs_webauthn_user_handle", "fs_webauthn_user_handle", unique=True),
    )

    @property
    def rights(self) -> frozenset[Right]:
        """Return the rights that this person holds: those of her role, unless she is restricted."""
        if not self.active:
            return frozenset()
        return rights_of(self.role) - FOR_ALL if self.restricted else rights_of(self.role)

    @property
    def restricted(self) -> bool:
        """Say whether an administrator lets her see or change some accounts only."""
        said = self.sees is not None or self.edits is not None  # of most, nothing is
        return said and is_restricted(self.role, self.sees, self.edits)

    def can(self, right: Right) -> bool:
        """Say whether this person holds ``right``."""
        return right in self.rights

    def verify_and_update_password(self, password: str) -> bool:
        """Say whether this is her password; none is while she has to wait, and nobody can tell."""
        return super().verify_and_update_password(password) and not self.waits()

    def waits(self) -> bool:
        """Say whether there were too many wrong passwords or codes a moment ago."""
        return self.waits_until is not None and utcnow() < self.waits_until

    def check_tf_required(
        self, tf_setup_methods: list[tuple[str, str]], tf_fresh: bool
    ) -> tuple[bool, list[tuple[str, str]]]:
        """Say whether the password is not enough: she has a second step, or her role needs one."""
        return bool(tf_setup_methods) or self.check_tf_required_setup(), tf_setup_methods

    def check_tf_required_setup(self) -> bool:
        """Say whether her role needs a second step, so that she cannot turn it off."""
        return session.get(SecondStep, self.role) is not None

    def reach(self, right: Right) -> Reach:
        """Return whose accounts she sees (``ACCOUNT_VIEW``) or changes (``ACCOUNT_EDIT``)."""
        said = self.sees if right is Right.ACCOUNT_VIEW else self.edits
        return reach_of(self.role, right, said)

    @property
    def sees_all(self) -> bool:
        """Say whether she sees every account, whoever owns it."""
        return self.can(Right.ACCOUNT_VIEW) and self.reach(Right.ACCOUNT_VIEW) == EVERYTHING

    @property
    def scope(self) -> Scope:
        """Return what her records depend on: who has the same has the same ones."""
        said = (self.sees, self.edits, self.territories)
        sees, edits, hers = (None if each is None else tuple(each) for each in said)
        return _scope(self.role, self.active, self.id, sees, edits, hers)

    def __str__(self) -> str:
        return self.name


@lru_cache(maxsize=1_000)
def _scope(
    role: str, active: bool, id_: int, sees: _Said, edits: _Said, territories: _Said
) -> Scope:
    """Work out a scope; each statement of a page asks for its reader's."""
    seen = reach_of(role, Right.ACCOUNT_VIEW, sees)
    changed = reach_of(role, Right.ACCOUNT_EDIT, edits)
    who = 0 if seen == changed == EVERYTHING else id_
    hers = tuple(sorted(territories or ()))
    return Scope(role, active, who, seen, changed, hers if who else ())


class SecondStep(Base):
    """A role whose people need a second step to sign in."""

    __tablename__ = "second_step"

    role: Mapped[str] = mapped_column(primary_key=True)
