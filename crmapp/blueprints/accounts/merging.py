"""Merge accounts: choose them, choose whose values are kept, and be led on from where they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.domain.fields import freeze
from crmapp.domain.merging import TOGETHER, Row
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import Text
from crmapp.services import accounts, merges, palette
from crmapp.services.merges import Changed, Draft
from crmapp.services.words import Words
from crmapp.web import recent
from crmapp.web.access import person, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import language, translated
from crmapp.web.whole_numbers import whole_number

_PICK, _VERSION = "pick.", "version."


@dataclass(frozen=True)
class Option:
    """Whose value a field may keep, and what that is; ``choice`` is what the form sends."""

    choice: str
    whose: str
    value: Any


@dataclass(frozen=True)
class Line:
    """A field of accounts side by side; ``locked`` says which source keeps it."""

    name: str
    label: str
    options: list[Option]
    chosen: str
    differs: bool
    locked: Text | None


@bp.get("/<int:account_id>/merge")
@requires(Right.ACCOUNT_DELETE)
def new_merge(account_id: int) -> ResponseReturnValue:
    """Lay accounts side by side, or first ask which other account is meant."""
    others = [*dict.fromkeys(map(_id, request.args.getlist("with")))]
    if others and "q" not in request.args:
        return _side_by_side(merges.draft(account_id, others, by=person()), Form())
    account = accounts.need_editable(account_id, by=person())
    words = request.args.get("q", "")[:200]
    found = palette.find_accounts(words, by=person(), recent=recent.accounts())
    taken = {account_id, *others}
    return page(
        "accounts/merge_choice.html",
        "accounts/_merge_choice.html",
        account=account,
        words=words,
        others=others,
        found=[hit for hit in found if hit.id not in taken],
    )


@bp.post("/<int:account_id>/merge")
@requires(Right.ACCOUNT_DELETE)
@keeps_typed
def merge(account_id: int) -> ResponseReturnValue:
    """Merge the accounts of the form, or show what is wrong with it or what changed meanwhile."""
    form, by = Form(), person()
    versions = {_id(name): whole_number(text) or 0 for name, text in _sent(_VERSION).items()}
    if not form.validate_on_submit():
        return _side_by_side(merges.draft(account_id, [*versions], by=by), form, status=422)
    key = form.idempotency_key.data
    try:
        merges.merge(account_id, versions, _sent(_PICK), by=by, key=key)
    except Invalid as invalid:
        found = merges.draft(account_id, [*versions], by=by)
        return _side_by_side(found, form, status=422, errors=invalid.fields)
    except Conflict as conflict:
        found = merges.draft(account_id, [*versions], by=by)
        changed = merges.changed_since(found, versions)
        return _side_by_side(found, form, 409, changed=changed, said=conflict.message)
    flash(_("Merged. The run that did it can be undone: see the history."), "success")
    return see_other(url_for("accounts.show", account_id=account_id))


def _side_by_side(
    found: Draft,
    form: Form,
    status: int = 200,
    *,
    errors: Mapping[str, Text] = {},
    changed: Sequence[Changed] = (),
    said: Text | None = None,
) -> ResponseReturnValue:
    words = _words(found, changed)
    lines = [_line(row, found, words) for row in found.rows if row.filled]
    return page(
        "accounts/merge.html",
        "accounts/_merge.html",
        status,
        form=form,
        draft=found,
        lines=[line for line in lines if line.differs],
        same=[line for line in lines if not line.differs],
        errors=errors,
        said=said,
        changed=[_told(each, words) for each in changed],
    )


def _words(found: Draft, changed: Sequence[Changed]) -> Words:
    """Look up what the values of the accounts mean, and those they had before."""
    specs = {row.field.name: row.field for row in found.rows}
    now = {row.field.name: [*map(freeze, row.values)] for row in found.rows}
    before = [{each.field.name: [freeze(each.before)]} for each in changed]
    return Words(specs, [now, *before], by=person(), locale=language())


def _told(each: Changed, words: Words) -> tuple[str, str, Any, Any]:
    before, after = (words.say(each.field, freeze(value)) for value in (each.before, each.after))
    return each.account.name, translated(each.field.label), before, after


def _line(row: Row, found: Draft, words: Words) -> Line:
    spec, keeper = row.field, found.keepers.get(row.field.name)
    options = [
        Option(str(account.id), account.name, words.say(spec, freeze(value)))
        for account, value in zip(found.accounts, row.values, strict=True)
    ]
    if row.together is not None:
        said = words.say(spec, freeze(row.together))
        options.append(Option(TOGETHER, _("All of them"), said))
    usual = options[0].choice if keeper else row.usual
    chosen = request.form.get(_PICK + spec.name) or usual
    locked = keeper.note if keeper else None
    return Line(spec.name, translated(spec.label), options, chosen, row.differs, locked)


def _sent(begins: str) -> dict[str, str]:
    return {
        name.removeprefix(begins): text
        for name, text in request.form.items()
        if name.startswith(begins)
    }


def _id(text: str) -> int:
    """Read the id of an account.

    Raises:
        NotFound: it is none.
    """
    number = whole_number(text)
    if not number:
        raise NotFound
    return number
