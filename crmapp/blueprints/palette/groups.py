"""What the palette shows, in groups: records that were found, or were opened last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from crmapp.domain.permissions import Right
from crmapp.domain.search import fold
from crmapp.models.user import User
from crmapp.services import palette
from crmapp.services.palette import Hit
from crmapp.web import recent


@dataclass(frozen=True)
class Item:
    """A line of the palette: a link to ``endpoint``, or with ``choice`` a preference that it sets.

    ``detail`` stands beside the text, ``key`` is the shortcut that does the same, a ``drawer``
    link opens over the page. ``distance`` is that of :class:`crmapp.services.palette.Hit`.
    """

    text: str
    icon: str
    endpoint: str = ""
    values: tuple[tuple[str, int | str], ...] = ()
    detail: str = ""
    key: str = ""
    drawer: bool = False
    choice: tuple[str, str] | None = None
    distance: int = field(default=0, compare=False)

    @cached_property
    def said(self) -> str:
        """All that it says, folded: what does not contain a word is not found by it."""
        return f"{fold(self.text)} {fold(self.detail)}"

    @property
    def url(self) -> str:
        """Its address; worked out for what is shown, not for all that might have been."""
        values: dict[str, Any] = dict(self.values)
        return url_for(self.endpoint, **values)


@dataclass(frozen=True)
class Group:
    """Items of a kind under a heading."""

    name: str
    label: str
    items: Sequence[Item]

    @property
    def distance(self) -> int:
        return min(item.distance for item in self.items)

    @cached_property
    def said(self) -> str:
        """All that its items say, as :attr:`Item.said`."""
        return "\n".join(item.said for item in self.items)


def closest_first(groups: Sequence[Group]) -> list[Group]:
    """Leave out what is empty, and put the group of the closest item first."""
    return sorted((group for group in groups if group.items), key=lambda group: group.distance)


def records(words: str, at: int | None, *, by: User) -> list[Group]:
    """Return accounts and contacts that answer ``words``; without any, those opened last.

    ``at`` is the account that the reader looks at.
    """
    if not by.can(Right.ACCOUNT_VIEW):
        return []
    opened = recent.accounts()
    if not words.strip():
        hits = palette.accounts([each for each in opened if each != at], by=by)
        return [Group("recent", _("Opened last"), [_account(hit, "clock") for hit in hits])]
    found = []
    if accounts := palette.find_accounts(words, by=by, recent=opened):
        items = [_account(hit, "building-2") for hit in accounts]
        found.append(Group("accounts", _("Accounts"), items))
    if contacts := palette.find_contacts(words, by=by):
        found.append(Group("contacts", _("Contacts"), [_contact(hit) for hit in contacts]))
    return found


def _account(hit: Hit, icon: str) -> Item:
    here = (("account_id", hit.id),)
    return Item(hit.name, icon, "accounts.show", here, hit.detail, distance=hit.distance)


def _contact(hit: Hit) -> Item:
    there = (("account_id", hit.account_id), ("_anchor", f"contact-{hit.id}-row"))
    return Item(hit.name, "contact", "accounts.contacts", there, hit.detail, distance=hit.distance)
