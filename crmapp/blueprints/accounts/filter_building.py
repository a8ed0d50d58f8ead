"""The page, or drawer, in which people build a filter of the list of accounts."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import arguments, tail
from crmapp.blueprints.accounts.filter_rows import Builder, context
from crmapp.domain import conditions
from crmapp.domain.conditions import Group
from crmapp.domain.fields import BadValue
from crmapp.domain.permissions import Right
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import translated


@bp.get("/filter-builder")
@requires(Right.ACCOUNT_VIEW)
def filter_builder() -> ResponseReturnValue:
    """Show the filter of the address as rows that can be changed."""
    builder, problem = Builder((), by=person()), ""
    try:
        builder = Builder.of(conditions.read(request.args.get("where", "")), by=person())
    except BadValue as bad:
        problem = translated(bad.text)
    builder.problem = problem
    return _form(builder)


@bp.post("/filter-builder")
@requires(Right.ACCOUNT_VIEW)
def build_filter() -> ResponseReturnValue:
    """Show the list that the rows ask for, or the rows again: one more, one less, what is wrong."""
    builder = Builder.sent(request.form, by=person())
    if request.form.get("do") != "show":
        return _form(builder)
    groups = builder.groups()
    if groups is None:
        return _form(builder, status=422)
    return see_other(url_for("accounts.index") + tail(_with(groups)))


def _form(builder: Builder, status: int = 200) -> ResponseReturnValue:
    action = url_for("accounts.build_filter") + tail(arguments(("where", None)))
    return page(
        "accounts/filter_builder.html",
        "accounts/_filter_builder.html",
        status=status,
        action=action,
        back=url_for("accounts.index") + tail(),
        **context(builder),
    )


def _with(groups: tuple[Group, ...]) -> list[tuple[str, str]]:
    """Return the list's arguments with this filter in place of the one before."""
    pairs = arguments(("where", None))
    return [*pairs, ("where", conditions.write(groups))] if groups else pairs
