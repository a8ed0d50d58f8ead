"""Who sees an account, and why: what :meth:`Account.visible_to` decides, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.permissions import ROLE_LABELS, Right, Role
from crmapp.domain.reach import EVERYTHING, Part, reach_of_role
from crmapp.domain.search import fold
from crmapp.i18n import N_, Text
from crmapp.models import Account, User
from crmapp.models.user import team_member
from crmapp.services import accounts, pick_lists
from crmapp.services.rights import need

RIGHT = Right.ACCOUNT_EDIT_ALL
OWNER = N_("owns the account")
TEAM = N_("is in its team, %(team)s")
TERRITORY = N_("has its territory, %(territory)s")
UNOWNED = N_("it has neither owner nor team")
ROLE = N_("has the role %(role)s")
ALL = N_("is let see or change every account")


@dataclass(frozen=True)
class Reader:
    """A person who sees the account, by which ways, and by which she may change it: none, or some.

    The ways are sentences in the words of this module; the name of a role is to be translated too.
    """

    id: int
    name: str
    role: str
    sees: Sequence[Text]
    changes: Sequence[Text]


def of(account_id: int, *, by: User, locale: str) -> list[Reader]:
    """Return everybody who sees the account, its owner first, then by name.

    Raises:
        NotFound: ``by`` does not see it.
        Forbidden: she does not manage.
    """
    account = accounts.get(account_id, by=by, deleted=True)
    need(RIGHT, by=by)
    people = session.scalars(select(User).where(User.active)).all()
    members = _members(account)
    labels = pick_lists.labels(locale).get("territory", {})
    found = [_reader(user, account, members, labels) for user in people]
    there = [reader for reader in found if reader.sees]
    return sorted(there, key=lambda each: (each.id != account.owner_id, fold(each.name), each.id))


def _members(account: Account) -> frozenset[int]:
    query = select(team_member.c.user_id).where(team_member.c.team_id == account.team_id)
    return frozenset(session.scalars(query)) if account.team_id else frozenset()


def _reader(
    user: User, account: Account, members: Collection[int], labels: Mapping[str, str]
) -> Reader:
    sees, changes = (
        _ways(user, account, right, members, labels) if user.can(right) else []
        for right in (Right.ACCOUNT_VIEW, Right.ACCOUNT_EDIT)
    )
    return Reader(user.id, user.name, user.role, sees, changes if sees else [])


def _ways(
    user: User,
    account: Account,
    right: Right,
    members: Collection[int],
    labels: Mapping[str, str],
) -> list[Text]:
    """Return by what a person who holds ``right`` reaches the account."""
    reach, found = user.reach(right), list[Text]()
    if account.owner_id == user.id:
        found.append(Text(OWNER))
    if reach == EVERYTHING:
        by_role = reach_of_role(user.role, right) == EVERYTHING
        role = ROLE_LABELS[Role(user.role)]
        return [*found, Text(ROLE, {"role": Text(role)}) if by_role else Text(ALL)]
    if Part.TEAM in reach and user.id in members and account.team:
        found.append(Text(TEAM, {"team": account.team.name}))
    code = account.territory
    if Part.TERRITORY in reach and code and code in (user.territories or ()):
        found.append(Text(TERRITORY, {"territory": labels.get(code, code)}))
    if Part.UNOWNED in reach and account.owner_id is None and account.team_id is None:
        found.append(Text(UNOWNED))
    return found
