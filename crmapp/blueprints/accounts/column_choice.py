"""The page, or drawer, in which people choose the columns of the list of accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import arguments, asked, tail, view_asked
from crmapp.blueprints.accounts.columns import label
from crmapp.domain.fields import Field
from crmapp.domain.permissions import Right
from crmapp.domain.search import fold
from crmapp.errors import Invalid
from crmapp.services import account_columns, preferences
from crmapp.services.account_columns import NAME
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.ladder import moved, placed
from crmapp.web.texts import translated

Group = tuple[str, list[tuple[str, str]]]


@bp.get("/columns")
@requires(Right.ACCOUNT_VIEW)
def columns() -> ResponseReturnValue:
    """Show which columns the list of the address has, and which it could have."""
    names = asked().columns
    if not names and view_asked() is None:
        names, _gone = account_columns.asked(person().account_columns or "")
    return _form(list(account_columns.shown(names)))


@bp.post("/columns")
@requires(Right.ACCOUNT_VIEW)
def choose_columns() -> ResponseReturnValue:
    """Show the list in these columns, or the form again: moved, taken away, looked for."""
    if "reset" in request.form:
        return _shown_in(())
    names = _chosen(request.form)
    if "show" not in request.form:
        return _form(names, changed=True)
    try:
        account_columns.check(names)
    except Invalid as invalid:
        return _form(names, invalid, changed=True)
    return _shown_in(names)


def _shown_in(names: Sequence[str]) -> ResponseReturnValue:
    """Lead to the list; unless it comes from a view, it has these columns from now on."""
    if view_asked() is None:
        preferences.keep_columns(names, by=person())
    text = account_columns.written(names)
    pairs = [*arguments(("columns", None)), *([("columns", text)] if text else [])]
    return see_other(url_for("accounts.index") + tail(pairs))


def _chosen(form: MultiDict[str, str]) -> list[str]:
    """Return the columns that a form asks for, in its order; those ticked just now come last.

    A box that the search has left out says nothing: its column stays.
    """
    ticked, offered = form.getlist("shown"), _found(form.get("found", ""))
    names = [
        name
        for name in dict.fromkeys(form.getlist("field"))
        if name in ticked or name not in offered
    ]
    names += [name for name in dict.fromkeys(ticked) if name not in names]
    there = account_columns.known()
    kept = [name for name in names if name in there and name not in (NAME, form.get("remove"))]
    return list(moved(kept, form))


def _found(words: str) -> Mapping[str, Field]:
    """Return the columns that a search finds by what they and their groups are called."""
    parts = fold(words).split()
    return {
        name: spec
        for name, spec in account_columns.known().items()
        if name != NAME
        and all(part in fold(f"{label(name, spec)} {translated(spec.group)}") for part in parts)
    }


def _grouped(found: Mapping[str, Field]) -> list[Group]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, spec in found.items():
        groups.setdefault(translated(spec.group), []).append((name, translated(spec.label)))
    return list(groups.items())


def _form(
    names: Sequence[str], invalid: Invalid | None = None, *, changed: bool = False
) -> ResponseReturnValue:
    there, words = account_columns.known(), request.values.get("words", "")[:200]
    chosen = {name: label(name, there[name]) for name in names if name != NAME}
    return page(
        "accounts/columns.html",
        "accounts/_columns.html",
        422 if invalid else 200,
        chosen=chosen,
        groups=_grouped(_found(words)),
        words=words,
        place=placed(list(chosen)),
        focused=_next_of(request.form.get("remove", ""), list(chosen)),
        problem=translated(invalid.message) if invalid else "",
        changed=changed,
        viewed=view_asked() is not None,
        action=url_for("accounts.choose_columns") + tail(arguments(("columns", None))),
        back=url_for("accounts.index") + tail(),
    )


def _next_of(removed: str, left: Sequence[str]) -> str | None:
    """Return which column she goes on with who took one away by the keyboard."""
    order = request.form.getlist("field")
    if removed not in order:
        return None
    after = [name for name in order[order.index(removed) :] if name in left]
    return next(iter([*after, *left[-1:]]), None)
