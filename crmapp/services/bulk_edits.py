"""Edit many accounts of the list at once, as a run: asked for, looked at, carried out.

Whoever may change accounts may do it. Each account is decided by itself, so a rep changes what is
hers; she finds her run by its address and may cancel and undo it, though she may list no runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.bulk_edits import WHOLE, Edit, Verb
from crmapp.domain.fields import REQUIRED, Field, Kind, freeze
from crmapp.domain.permissions import Right
from crmapp.domain.runs import Status
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import Run, User
from crmapp.services import (
    account_links,
    editing,
    fields,
    layouts,
    named_accounts,
    passing_on,
    planning,
)
from crmapp.services.account_sets import Chosen
from crmapp.services.engine import enqueue
from crmapp.services.idempotency import once
from crmapp.services.pick_lists import lookups
from crmapp.services.rights import need

KIND = "bulk"
TAGS = "tags"
FEW = 50
"""Of so many accounts a plan is made while the person waits for the page."""
_EACH_ITS_OWN = frozenset({"name", "number", "primary_contact_id"})
"""What no two accounts have in common."""
CHOOSE_FIELD = N_("Choose the field to change.")
NO_VALUE = N_("Enter a value, or say that the field is to be emptied.")
NO_TAG = N_("Enter at least one tag.")
LEFT = N_("This person does not work here any more. Choose somebody else.")
ONLY_RESTORED = N_("Deleted accounts can only be restored.")
NOT_DELETED = N_("Only deleted accounts can be restored.")
OUTDATED = N_("What was asked for cannot be done any more: %(why)s")
OTHER_REACH = N_("You may change other accounts now than when it was planned. Choose them anew.")
OTHER_PARENTS = N_("The parent account is below another one since. Make the preview anew.")


def editable() -> list[Field]:
    """Return the fields that many accounts can be given one value of."""
    return [spec for name, spec in fields.of("account").items() if name not in _EACH_ITS_OWN]


def setting(name: str, typed: object, *, empty: bool = False, by: User) -> Edit:
    """Return the edit that gives a field what was typed, or empties it.

    Raises:
        Invalid: what is wrong with the value under the field's name; or, under ``field``, that
            there is no such field.
    """
    spec = next((each for each in editable() if each.name == name), None)
    if spec is None:
        raise Invalid({"field": CHOOSE_FIELD})
    if empty and not may_be_emptied(spec, by=by):
        raise Invalid({name: REQUIRED})
    text = "" if empty else _as_text(typed)
    if not empty and not text:
        raise Invalid({name: NO_VALUE})
    return Edit(Verb.SET, name, _checked(spec, text, by), text)


def may_be_emptied(spec: Field, *, by: User) -> bool:
    """Say whether the field may be empty, at least in accounts that it does not count for."""
    return not spec.required or layouts.may_be_left_out(spec.name, by=by)


def tagging(verb: Verb, typed: object, *, by: User) -> Edit:
    """Return the edit that adds or removes tags.

    Raises:
        Invalid: what is wrong with them.
    """
    text = _as_text(typed)
    spec = fields.of("account").get(TAGS)
    value = _checked(spec, text, by) if spec else []
    if not value:
        raise Invalid({TAGS: NO_TAG})
    return Edit(verb, TAGS, value, text)


def _as_text(typed: object) -> str | tuple[str, ...]:
    if isinstance(typed, list | tuple):
        return tuple(map(str, typed))
    if isinstance(typed, bool):
        return "yes" if typed else "no"
    return str(typed or "").strip()


def _checked(spec: Field, text: str | tuple[str, ...], by: User) -> Any:
    """Return the value that is meant, as the change log keeps it."""
    words = [text] if isinstance(text, str) else []
    known = replace(lookups(ids=True), accounts=account_links.meant(words, by=by))
    typed, excused = {spec.name: text}, {spec.name} if may_be_emptied(spec, by=by) else set()
    values = editing.checked("account", typed, known, whole=False, excused=lambda _: excused)
    value = values[spec.name]
    if spec.kind is Kind.USER and value is not None:
        works = select(User.id).where(User.id == value, User.active)
        if session.scalar(works) is None:
            raise Invalid({spec.name: LEFT})
    if spec.name in passing_on.FIELDS and value is not None:
        wrong = passing_on.problem(spec.name, None, value)
        if wrong is not None:
            raise Invalid({spec.name: wrong})
    return freeze(value)


def still(edit: Edit, *, by: User) -> None:
    """Make sure that what was asked for some time ago can still be done.

    Raises:
        Forbidden: she may not do it any more.
        Invalid: the field or the value is no longer offered.
    """
    may(edit, by=by)
    if edit.verb is Verb.SET:
        setting(edit.field, edit.typed, empty=not edit.typed, by=by)


def may(edit: Edit, *, by: User) -> None:
    """Refuse people who may do this with no account at all.

    Raises:
        Forbidden
    """
    need(Right.ACCOUNT_DELETE if edit.verb in WHOLE else Right.ACCOUNT_EDIT, by=by)


def start(
    chosen: Chosen,
    edit: Edit,
    *,
    count: int,
    titles: Mapping[str, str],
    by: User,
    locale: str,
    key: str | None = None,
) -> int:
    """Have it planned what the edit makes of the accounts, and return the run's id.

    ``count`` is how many she was told they are; ``titles`` say the edit in each language.

    Raises:
        Forbidden: she may not.
        Invalid: an argument of the list cannot be used, or the edit is not for such accounts.
    """
    may(edit, by=by)
    deleted = chosen.question(by=by).deleted
    if deleted != (edit.verb is Verb.RESTORE):
        raise Invalid({"": ONLY_RESTORED if deleted else NOT_DELETED})
    source = {
        "kind": KIND,
        "edit": edit.as_json(),
        "chosen": chosen.as_json(),
        "count": count,
        "reach": _reach(by),
        "above": above(edit),
        "origin": {"kind": KIND},
        "titles": dict(titles),
    }
    with unit_of_work():
        made = once(key, {**source, "by": by.id}, lambda: _draft(source, titles[locale], by))
    return int(made.removeprefix("run:"))


def _draft(source: Mapping[str, Any], title: str, by: User) -> str:
    run = Run(
        kind=KIND,
        title=title,
        status=Status.PLANNING.value,
        source=dict(source),
        total=source["count"],
        lock_key=f"{KIND}:{by.id}",
        by_id=by.id,
    )
    return f"run:{enqueue(run)}"


def _reach(by: User) -> list[Any] | None:
    """Return whose accounts she may change beside her own; ``None``: everybody's."""
    scope = by.scope
    if not scope.who:
        return None
    reached = [sorted(scope.sees), sorted(scope.edits), list(scope.territories)]
    return [*reached, sorted(team.id for team in by.teams)]


def above(edit: Edit) -> list[int]:
    """Return the accounts that cannot be below the one that all are to be below."""
    if edit.verb is not Verb.SET or edit.field != "parent_id" or edit.value is None:
        return []
    return named_accounts.above(edit.value)


def get(run_id: int, *, by: User) -> Run:
    """Return the edit of many accounts that ``by`` has asked for herself.

    Raises:
        NotFound
    """
    query = select(Run).where(Run.id == run_id, Run.kind == KIND, Run.by_id == by.id)
    run = session.scalar(query)
    if run is None:
        raise NotFound
    return run


def newest(*, by: User) -> Run | None:
    """Return the last edit of many accounts that ``by`` has asked for."""
    hers = select(Run).where(Run.kind == KIND, Run.by_id == by.id)
    return session.scalar(hers.order_by(Run.id.desc()).limit(1))


def run_later(run_id: int, *, plan_hash: str, key: str | None, by: User) -> None:
    """Have the plan that ``by`` has looked at carried out in the background.

    Raises:
        Forbidden: she may not any more.
        Conflict: it is not the plan that there is, or cannot be done any more.
        AlreadyRunning: it has been started.
    """
    run = get(run_id, by=by)
    edit = Edit.from_json(run.source["edit"])
    if run.source["reach"] != _reach(by):
        raise Conflict({}, message=OTHER_REACH)
    if run.source["above"] != above(edit):  # else two accounts could end up below each other
        raise Conflict({}, message=OTHER_PARENTS)
    try:
        still(edit, by=by)
    except Invalid as invalid:
        why = next(iter(invalid.fields.values()))
        raise Conflict({}, message=Text(OUTDATED, {"why": why})) from invalid
    with unit_of_work():
        sent = {"run": run_id, "plan": plan_hash}
        once(key, sent, lambda: planning.queue(run_id, plan_hash))
