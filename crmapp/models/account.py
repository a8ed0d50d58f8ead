"""Accounts: the companies we deal with."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Text,
    and_,
    false,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmapp.db import Base, Folded, utcnow
from crmapp.domain.fields import Field, thaw
from crmapp.domain.permissions import Right
from crmapp.domain.reach import EVERYTHING, Part, Reach
from crmapp.models.user import Team, User, team_member

if TYPE_CHECKING:
    from crmapp.models.contact import Contact


class Record:
    """What all records share; every change of one goes through :mod:`crmapp.services.records`."""

    id: Mapped[int] = mapped_column(primary_key=True)
    search_text: Mapped[str] = mapped_column(Text, default="")
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)
    lineage: Mapped[dict[str, Any]] = mapped_column(default=dict)  # field → id of its last change
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
    deleted_at: Mapped[datetime | None]

    def value(self, spec: Field) -> Any:
        """Return what the record holds in a field, one of its own columns or a custom one."""
        if spec.custom:
            return thaw(spec, self.custom.get(spec.name))
        return getattr(self, spec.name)


def _when(*filled: str) -> dict[str, Any]:
    """Limit an index to living rows in which the columns ``filled`` are not null."""
    where = text(" AND ".join(["deleted_at IS NULL", *(f"{name} IS NOT NULL" for name in filled)]))
    return {"sqlite_where": where, "postgresql_where": where}


def filled(name: str) -> dict[str, Any]:
    """Limit an index to rows, deleted ones as well, in which a column is not null."""
    where = text(f"{name} IS NOT NULL")
    return {"sqlite_where": where, "postgresql_where": where}


TAX_WORD = "upper(replace(replace(replace(tax_id, ' ', ''), '.', ''), '-', ''))"
"""A tax id as it is compared, in the words of both databases."""


_READ = ("owner_id", "team_id", "active", "territory")
"""What restrictions and the filters of the list ask of each account."""


class Account(Record, Base):
    """A company we deal with. ``number`` is the ERP's code; a prospect has none."""

    __tablename__ = "account"

    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(Folded)  # the name folded, for sorting and prefixes
    near_key: Mapped[str | None] = mapped_column(Folded)  # what near names share, for matching
    phone_key: Mapped[str | None] = mapped_column(Folded)  # domain.duplicate_keys.KEYED says how
    domain_key: Mapped[str | None] = mapped_column(Folded)
    site_key: Mapped[str | None] = mapped_column(Folded)
    number: Mapped[str | None]
    erp_company: Mapped[str] = mapped_column(default="")
    phone: Mapped[str | None]
    fax: Mapped[str | None]
    email: Mapped[str | None]
    website: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    territory: Mapped[str | None]
    location: Mapped[str | None]
    billing_street: Mapped[str | None]
    billing_street2: Mapped[str | None]
    billing_city: Mapped[str | None]
    billing_state: Mapped[str | None]
    billing_postal_code: Mapped[str | None]
    billing_country: Mapped[str | None]
    shipping_street: Mapped[str | None]
    shipping_street2: Mapped[str | None]
    shipping_city: Mapped[str | None]
    shipping_state: Mapped[str | None]
    shipping_postal_code: Mapped[str | None]
    shipping_country: Mapped[str | None]
    payment_status: Mapped[str | None]
    contact_method: Mapped[str | None]
    account_type: Mapped[str | None]
    terms: Mapped[str | None]
    price_list: Mapped[str | None]
    credit_limit: Mapped[Decimal | None]
    tax_id: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    bill_to_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # null: itself
    ship_to_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # null: itself
    primary_contact_id: Mapped[int | None] = mapped_column()  # contact.id; see below
    tags: Mapped[list[str]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)
    notes: Mapped[str | None] = mapped_column(Text)
    replaced_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id], viewonly=True)
    team: Mapped[Team | None] = relationship(foreign_keys=[team_id], viewonly=True)
    primary_contact: Mapped[Contact | None] = relationship(
        # contact.account_id has the constraint; two that point at each other cannot be created
        primaryjoin="Account.primary_contact_id == Contact.id",
        foreign_keys=[primary_contact_id],
        viewonly=True,
    )

    __table_args__ = (
        Index("uq_account_number", "erp_company", "number", unique=True, **_when("number")),
        # The list is read from these alone: its order, and what its filters ask of each row.
        Index("ix_account_list", "name_key", "id", *_READ, **_when()),
        Index("ix_account_owner", "owner_id", "name_key", "id", *_READ[1:], **_when()),
        Index("ix_account_team", "team_id", "name_key", "id", *_READ[:1], *_READ[2:], **_when()),
        Index(
            "ix_account_territory", "territory", "name_key", "id", *_READ[:3], **_when("territory")
        ),
        Index("ix_account_number_sort", "number", "name_key", "id", **_when()),
        Index("ix_account_location", "location", "name_key", "id", **_when()),
        Index("ix_account_phone", "phone", "name_key", "id", **_when()),
        Index("ix_account_contact", "primary_contact_id", "name_key", "id", **_when()),
        # By these, rows of a source find their accounts.
        Index("ix_account_near", "near_key", **_when("near_key")),
        Index("ix_account_email", text("lower(email)"), **_when("email")),
        Index("ix_account_tax_id", text(TAX_WORD), **_when("tax_id")),
        # By these and those above, people are told of accounts that may be the same.
        Index("ix_account_phone_key", "phone_key", **_when("phone_key")),
        Index("ix_account_domain_key", "domain_key", **_when("domain_key")),
        Index("ix_account_site_key", "site_key", **_when("site_key")),
        # Few are billed or supplied through another, and only those cost anything.
        Index("ix_account_bill_to", "bill_to_id", **filled("bill_to_id")),
        Index("ix_account_ship_to", "ship_to_id", **filled("ship_to_id")),
        Index("ix_account_deleted", "deleted_at", **filled("deleted_at")),
        Index("ix_account_merged", "replaced_by", **filled("replaced_by")),
        {"sqlite_autoincrement": True},
    )

    @classmethod
    def visible_to(cls, user: User, *, deleted: bool = False) -> ColumnElement[bool]:
        """The one permission decision: which accounts ``user`` may see, as a condition.

        Every list, count, search, look-up, job and export applies it. Deleted accounts are left
        out unless ``deleted``.
        """
        if not user.can(Right.ACCOUNT_VIEW):
            return false()
        if user.sees_all:
            return true() if deleted else _alive()
        reached = _reached(*_reaching(user, user.reach(Right.ACCOUNT_VIEW)))
        return reached if deleted else _alive_and(reached)

    @classmethod
    def editable_by(cls, user: User, *, deleted: bool = False) -> ColumnElement[bool]:
        """Which of the accounts that ``user`` sees she may change, as a condition."""
        if not user.can(Right.ACCOUNT_EDIT):
            return false()
        seen, reach = cls.visible_to(user, deleted=deleted), user.reach(Right.ACCOUNT_EDIT)
        if reach in (EVERYTHING, user.reach(Right.ACCOUNT_VIEW)):
            return seen
        return and_(seen, _reached(*_reaching(user, reach)))


@cache
def _alive() -> ColumnElement[bool]:
    """Leave deleted accounts out; made once, since every page asks."""
    return Account.__table__.c.deleted_at.is_(None)


def _reaching(user: User, reach: Reach) -> tuple[int, Reach, tuple[str, ...]]:
    return user.id, reach, tuple(sorted(user.territories or ()))


@lru_cache(maxsize=1024)
def _alive_and(reached: ColumnElement[bool]) -> ColumnElement[bool]:
    """Leave deleted accounts out of those that are reached; the same object, for the same."""
    return and_(_alive(), reached)


@lru_cache(maxsize=1024)
def _reached(who: int, reach: Reach, territories: tuple[str, ...]) -> ColumnElement[bool]:
    """Say what ``who`` reaches, her own too; made once, since each of her pages asks several times.

    Territories are compared one by one: of a list, the text of each statement would be made anew.
    """
    mine = select(team_member.c.team_id).where(team_member.c.user_id == who)
    found = {
        Part.TEAM: Account.team_id.in_(mine),
        Part.UNOWNED: and_(Account.owner_id.is_(None), Account.team_id.is_(None)),
        Part.TERRITORY: or_(false(), *(Account.territory == each for each in territories)),
    }
    return or_(Account.owner_id == who, *(found[part] for part in found if part in reach))


class ExternalIdentity(Base):
    """The ledger of identities: what an account is called in another system.

    ``system`` is e.g. ``dataset:sales``, ``object`` e.g. ``customers``; many rows per account, one
    account per (system, object, external id). ``change_id`` is the change that made it so.
    """

    __tablename__ = "external_identity"

    id: Mapped[int] = mapped_column(primary_key=True)
    system: Mapped[str]
    object: Mapped[str]
    external_id: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    change_id: Mapped[int | None]  # change.id; the log holds the account, so neither comes first
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (
        Index("uq_external_identity", "system", "object", "external_id", unique=True),
        {"sqlite_autoincrement": True},
    )
