"""The places and actions of the palette: only what is open to the reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from flask_babel import gettext as _

from crmapp.blueprints.palette.groups import Group, Item
from crmapp.db import while_unchanged
from crmapp.domain.permissions import Right
from crmapp.domain.search import NOT_AT_ALL, closeness, fold
from crmapp.errors import NotFound
from crmapp.models import Account
from crmapp.models.user import User
from crmapp.services import accounts, saved_views
from crmapp.web import guide, navigation
from crmapp.web.texts import language

MOST = 8


def for_account(words: str, account_id: int | None, *, by: User) -> list[Group]:
    """Return what ``by`` can do with the account that she looks at."""
    if account_id is None:
        return []
    try:
        account = accounts.get(account_id, by=by)
    except NotFound:
        return []
    offered = Group("account", account.name, list(_with_account(account, by)))
    return [_matching(offered, fold(words))]


def everywhere(words: str, *, by: User) -> list[Group]:
    """Return what else ``by`` can do, and where she can go; preferences only when asked for."""
    key = (by.rights, language())
    if key not in _offered:
        _offered[key] = [
            Group("actions", _("Actions"), list(_actions(by))),
            Group("pages", _("Go to"), list(_pages(by))),
            Group("guide", _("User guide"), list(_chapters())),
            Group("preferences", _("Preferences"), list(_preferences())),
        ]
    groups = _offered[key]
    folded = fold(words)
    if not folded:
        return groups[:2]
    first = folded.partition(" ")[0]
    return [_matching(g, folded) for g in (*groups, _views(by)) if first in g.said]


_offered: dict[tuple[object, ...], list[Group]] = {}
"""What is offered to people with the same rights, in a language."""


def _matching(group: Group, folded: str) -> Group:
    """Leave the items of a group that folded words are close to; without any, all of them."""
    if not folded:
        return group
    first = folded.partition(" ")[0]
    near = ((_distance(item, folded), item) for item in group.items if first in item.said)
    items = [replace(item, distance=distance) for distance, item in near if distance < NOT_AT_ALL]
    return replace(group, items=sorted(items, key=lambda item: item.distance)[:MOST])


def _distance(item: Item, folded: str) -> int:
    """How close words come to an item; where it belongs counts less than what it is called."""
    belongs = max(1, closeness(_folded(item.detail), folded)) if item.detail else NOT_AT_ALL
    return min(closeness(_folded(item.text), folded), belongs)


_folded = lru_cache(maxsize=1_000)(fold)


def _with_account(account: Account, by: User) -> Iterator[Item]:
    here = ("account_id", account.id)
    if not accounts.editable(account, by=by):
        return
    if by.can(Right.ACTIVITY_EDIT):
        for kind, text, icon in (
            ("call", _("Log a call"), "phone"),
            ("meeting", _("Add a meeting"), "calendar"),
            ("task", _("Add a task"), "square-check-big"),
            ("note", _("Add a note"), "notebook-pen"),
            ("email", _("Log an e-mail"), "mail"),
        ):
            yield Item(text, icon, "activities.new", (("kind", kind), here), drawer=True)
    if by.can(Right.CONTACT_EDIT):
        yield Item(_("Add a contact"), "user-plus", "contacts.new", (here,), drawer=True)
    yield Item(_("Edit account"), "pencil", "accounts.edit", (here,), key="e", drawer=True)
    if by.can(Right.ACCOUNT_DELETE):
        yield Item(
            _("Delete account"), "trash-2", "accounts.confirm_deletion", (here,), drawer=True
        )


def _actions(by: User) -> Iterator[Item]:
    if by.can(Right.ACCOUNT_CREATE):
        yield Item(_("New account"), "plus", "accounts.new", key="c", drawer=True)
    if by.can(Right.GRID_ADD_UPDATE_ACCOUNTS):
        yield Item(_("Import accounts"), "upload", "imports.new")
        yield Item(_("Import contacts"), "upload", "imports.new", (("object", "contact"),))
        yield Item(_("Import activities"), "upload", "imports.new", (("object", "activity"),))
    if by.can(Right.USER_MANAGE):
        yield Item(_("New person"), "user-plus", "settings.new_user")


def _pages(by: User) -> Iterator[Item]:
    for place in navigation.places():
        yield Item(place.text, place.icon, place.endpoint, key=place.key)
    if by.can(Right.ACCOUNT_VIEW):
        yield Item(_("My accounts"), "building-2", "accounts.index", (("owner", "me"),))
        yield Item(_("Contacts of all accounts"), "contact", "contacts.index")
        yield Item(_("Fields of an account"), "list-checks", "accounts.fields")
    for section in navigation.sections():
        yield Item(_(section.label), section.icon, f"settings.{section.name}", detail=_("Admin"))
    yield Item(_("Keyboard shortcuts"), "keyboard", "palette.shortcuts", key="?", drawer=True)
    yield Item(_("User guide"), "circle-help", "help.index", detail=_("Help"))
    yield Item(_("E-mail notifications"), "bell", "preferences.mail")
    yield Item(_("Reminders and calendar"), "calendar-days", "preferences.day")
    yield Item(_("Where you are signed in"), "monitor", "preferences.sessions")
    yield Item(_("Passkeys"), "key-round", "security.wan_register")
    yield Item(_("Tokens for programs"), "server", "preferences.tokens")
    yield Item(_("Change password"), "key-round", "security.change_password")


def _views(by: User) -> Group:
    """Return the ways to the views that are open to ``by``."""
    key = ("ways to views", by.id, by.rights, language())
    return while_unchanged(key, lambda: Group("views", _("Views"), list(_ways_to_views(by))))


def _ways_to_views(by: User) -> Iterator[Item]:
    for view in saved_views.listed(by=by) if by.can(Right.ACCOUNT_VIEW) else ():
        yield Item(view.name, "list-filter", "accounts.index", (("view", str(view.id)),))


def _chapters() -> Iterator[Item]:
    for chapter in guide.chapters():
        yield Item(chapter.title, "circle-help", "help.show", (("slug", chapter.slug),))


def _preferences() -> Iterator[Item]:
    yield Item(_("Theme: light"), "sun", choice=("theme", "light"))
    yield Item(_("Theme: dark"), "moon", choice=("theme", "dark"))
    yield Item(_("Theme: as the system"), "monitor", choice=("theme", "system"))
    yield Item(_("Density: compact"), "rows-3", choice=("density", "compact"))
    yield Item(_("Density: comfortable"), "rows-2", choice=("density", "comfortable"))
    yield Item("Language: English", "languages", choice=("locale", "en"))
    yield Item("Langue : français", "languages", choice=("locale", "fr"))
