"""The list of accounts, an address for every state of it, and the page about its fields."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, gettext, ngettext

from crmapp.blueprints.accounts import bp, typed_ranges
from crmapp.blueprints.accounts.addresses import Pairs, arguments, asked, place, tail
from crmapp.blueprints.accounts.bulk_actions import offered
from crmapp.blueprints.accounts.columns import called, heads
from crmapp.blueprints.accounts.filters import chips, choices_of, lost, unfiltered
from crmapp.blueprints.accounts.lapsed import instead
from crmapp.blueprints.accounts.rows import Rows
from crmapp.blueprints.accounts.view_bar import bar_of, elsewhere
from crmapp.domain.custom_fields import KINDS
from crmapp.domain.fields import Field, Kind
from crmapp.domain.layouts import grouped
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.services import (
    account_columns,
    account_fields,
    account_list,
    account_locations,
    pick_lists,
)
from crmapp.services import fields as field_set
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, put_address, see_other, wants_fragment
from crmapp.web.paging import Pager
from crmapp.web.texts import language

_KINDS = {
    **KINDS,
    Kind.TAGS: N_("Words, separated by commas"),
    Kind.USER: N_("Person"),
    Kind.TEAM: N_("Team"),
    Kind.CONTACT: N_("A contact of the account"),
}
_rows = Rows()


@bp.get("")
@requires(Right.ACCOUNT_VIEW)
def index() -> ResponseReturnValue:
    """List the accounts that the address asks for."""
    words = elsewhere()
    if words:
        return see_other(words)
    try:
        return _list()
    except Invalid as invalid:
        return instead(invalid)


def _list() -> ResponseReturnValue:
    question, pairs = asked(), arguments()
    found = account_list.page(question, by=person())
    columns = account_columns.shown(question.columns)
    people, teams = map(tuple, pick_lists.people_and_teams(keep=question.owner))
    answer = page(
        "accounts/index.html",
        "accounts/_table.html",
        question=question,
        found=found,
        rows=_rows(found.rows, columns, tail(pairs)),
        heads=heads(columns),
        gone=called(question.gone),
        lost=lost(question),
        more_filters=bool(account_fields.filterable()),
        people=people,
        teams=teams,
        chips=chips(question, dict(people), dict(teams)),
        unfiltered=unfiltered(pairs),
        bar=bar_of(pairs),
        tail=tail(pairs),
        pager=_pager(found, pairs),
        actions=offered(deleted=question.deleted),
    )
    return put_address(answer, place(question.cursor, pairs), push=True)


@bp.get("/locations")
@requires(Right.ACCOUNT_VIEW)
def locations() -> ResponseReturnValue:
    """Offer the locations that accounts have, to choose some of them."""
    words, chosen = request.args.get("words", "")[:200], request.args.getlist("location")
    found, more = account_locations.known(words, by=person())
    return page(
        "accounts/locations.html",
        "accounts/_locations.html",
        words=words,
        chosen=chosen,
        found=found,
        more=more,
        owner="accounts-filter" if wants_fragment() else None,
    )


@bp.get("/filters")
@requires(Right.ACCOUNT_VIEW)
def filters() -> ResponseReturnValue:
    """Offer what else the list can be narrowed down by, in the drawer or as a page."""
    specs = account_fields.filterable()
    known, asked_of = {spec.name: spec for spec in specs}, dict(asked().fields)
    return page(
        "accounts/filters.html",
        "accounts/_filters.html",
        specs=specs,
        asked={name: typed_ranges.shown(known[name], text) for name, text in asked_of.items()},
        choices=choices_of(specs, asked_of),
        action=url_for("accounts.filter_by_fields") + tail(_without(specs)),
        empty=account_fields.EMPTY,
    )


@bp.post("/filters")
@requires(Right.ACCOUNT_VIEW)
def filter_by_fields() -> ResponseReturnValue:
    """Show the list that the fields ask for, which are read as she types."""
    specs, sent = account_fields.filterable(), request.form
    wanted = [(each.name, typed_ranges.kept(each, sent.get(each.name, ""))) for each in specs]
    pairs = [*_without(specs), *(pair for pair in wanted if pair[1])]
    return see_other(url_for("accounts.index") + tail(pairs))


@bp.get("/fields")
@requires(Right.ACCOUNT_VIEW)
def fields() -> ResponseReturnValue:
    """Explain every standard field."""
    return page(
        "accounts/fields.html", groups=grouped(field_set.of("account").values()), kinds=_KINDS
    )


def _without(specs: Iterable[Field]) -> Pairs:
    """Return the list's arguments, less those of these fields."""
    return arguments(*((spec.name, None) for spec in specs))


def _pager(found: account_list.Page, pairs: Pairs) -> Pager:
    """Link to the pages before and after."""
    return Pager(
        label=_counted(found),
        first=place(None, pairs) if found.previous else None,
        previous=place(found.previous, pairs) if found.previous else None,
        next=place(found.next, pairs) if found.next else None,
    )


def _counted(found: account_list.Page) -> str:
    return _count_text(found.count, found.many, language())


@lru_cache(maxsize=2_000)
def _count_text(count: int, many: bool, _locale: str) -> str:
    """Say a count in the reader's language, which has to be told: it is what is kept under."""
    number = format_decimal(count)
    if many:
        return gettext("More than %(count)s accounts", count=number)
    return ngettext("%(count)s account", "%(count)s accounts", count, count=number)
