"""The views over the list of accounts: which are there, and how the list stands to the open one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from flask import request, url_for
from flask_babel import gettext as _

from crmapp.blueprints.accounts.addresses import ALL, arguments, tail, view_asked
from crmapp.blueprints.accounts.view_words import said
from crmapp.domain.fields import is_custom
from crmapp.errors import NotFound
from crmapp.models.audience import EVERYONE
from crmapp.services import saved_views, view_questions
from crmapp.services.account_question import ARGUMENTS
from crmapp.services.saved_views import Listed
from crmapp.services.view_questions import AS_IT_COMES, Pairs, Standing, written
from crmapp.web.access import person
from crmapp.web.htmx import wants_fragment
from crmapp.web.templating import url_with

MOST_TABS = 5
"""So many views stand beside each other; the menu has all."""
_NOTHING = Standing([], [], team_gone=False)


@dataclass(frozen=True)
class Bar:
    """``open`` is the view that the list comes from, as far as the reader finds it.

    ``asks``: the list is another one than all accounts as the reader wants to see them;
    ``changed``: the list asks something else than the view; ``stale``: somebody changed the view
    since she opened it; ``lapsed``: what it asks and nobody can ask any more, in words;
    ``missing``: she does not find the view that the address names; ``pin_missing``: the one that
    would open first. ``asked`` is how the address names the view, ``current`` what is open: the id
    of a view, or ``all``, ``mine``, ``deleted``.
    """

    views: tuple[Listed, ...]
    open: Listed | None
    pairs: Pairs
    asks: bool
    changed: bool
    stale: bool
    lapsed: tuple[str, ...]
    team_gone: bool
    missing: bool
    pin_missing: bool
    changeable: bool
    default: int | None
    asked: str
    current: int | str

    @property
    def tabs(self) -> list[Listed]:
        """The views that stand beside each other: the first ones, and the one that is open."""
        first = list(self.views[:MOST_TABS])
        if self.open is not None and self.open not in first:
            first[-1:] = [self.open]
        return first

    @property
    def groups(self) -> Iterator[tuple[str, list[Listed]]]:
        """Yield heading and views of each group of the menu."""
        me = person().id
        words = {"mine": _("Mine"), EVERYONE: _("Everyone's"), "team": _("Of a team")}
        for whose, some in groupby(
            self.views, lambda view: "mine" if view.user_id == me else view.audience
        ):
            yield words[whose], list(some)

    @property
    def new_url(self) -> str:
        """Where the list is kept as a view."""
        return url_for("accounts.new_view") + tail(self.pairs)

    @property
    def renew_url(self) -> str:
        """Where the open view is told to ask for this list; nothing if none is open."""
        if self.open is None:
            return ""
        return url_for("accounts.renew_view", view_id=self.open.id) + tail(self.pairs)


def view_url(view_id: int) -> str:
    """Return the address that opens a view as it is now."""
    return url_for("accounts.index", view=view_id)


def _room(pairs: Pairs, me: int) -> str:
    """Return which of the views that are always there a list belongs to."""
    if ("deleted", "yes") in pairs:
        return "deleted"
    return "mine" if {("owner", "me"), ("owner", str(me))} & set(pairs) else "all"


def elsewhere() -> str | None:
    """Return the address of the list in so many words, if this one only names a view.

    An account that it names as somebody typed it gets its id there. The default view of the reader
    opens where nothing is asked; her columns are those of lists that come from no view.

    Raises:
        NotFound: the reader does not find the view.
    """
    if wants_fragment():
        return None
    if address := _with_ids():
        return address
    asked, plain = view_asked(), all(map(_is_foreign, request.args))
    if asked is None and (not plain or person().default_view is None):
        return _with_own_columns()
    views = {view.id: view for view in saved_views.listed(by=person())}
    if not plain:
        found = views.get(asked[0]) if asked else None
        lapsed = view_questions.standing(found.args, by=person()).lapsed if found else []
        return view_url(found.id) if found and set(lapsed) & set(arguments()) else None
    if asked is None:
        first = None if request.args.get("view") == ALL else person().default_view
        return _in_words(views[first]) if first in views else _with_own_columns()
    if asked[0] not in views:
        raise NotFound
    return _in_words(views[asked[0]])


def _with_ids() -> str | None:
    """Return this address with the ids of the accounts that it names in words, if it does."""
    pairs = arguments()
    changed = dict(view_questions.by_ids(pairs, by=person())).items() - {*pairs}
    return url_with(**dict(changed)) if changed else None


def _with_own_columns() -> str | None:
    """Return this address with the columns that the reader chose, if it names none."""
    own = person().account_columns
    return url_with(columns=own) if own and not request.args.get("columns") else None


def _is_foreign(name: str) -> bool:
    """Whether an argument of the address says nothing about which accounts are listed."""
    return name not in (*ARGUMENTS, "from") and not is_custom(name)


def _in_words(view: Listed) -> str:
    living = view_questions.standing(view.args, by=person()).living
    pairs = [("view", f"{view.id}.{view.version}"), *(living or [AS_IT_COMES])]
    return f"{url_for('accounts.index')}?{urlencode(pairs)}"


def bar_of(pairs: Pairs) -> Bar:
    """Say how a list with these arguments stands to the views."""
    reader, asked = person(), view_asked()
    views = saved_views.listed(by=reader)
    opened = next((view for view in views if asked and view.id == asked[0]), None)
    standing = view_questions.standing(opened.args, by=reader) if opened else _NOTHING
    asks = [pair for pair in pairs if pair != ("columns", reader.account_columns)]
    pinned = None if asked or asks or request.args.get("view") else reader.default_view
    return Bar(
        views=tuple(views),
        open=opened,
        pairs=pairs,
        asks=bool(asks),
        changed=opened is not None and written(pairs) != written(standing.living),
        stale=opened is not None and asked is not None and 0 < asked[1] < opened.version,
        lapsed=tuple(said(standing.lapsed)),
        team_gone=standing.team_gone,
        missing=opened is None and asked is not None,
        pin_missing=pinned is not None and pinned not in {view.id for view in views},
        changeable=opened is not None and saved_views.may_change(opened, by=reader),
        default=reader.default_view,
        asked=request.args.get("view", ""),
        current=opened.id if opened else _room(pairs, reader.id),
    )
