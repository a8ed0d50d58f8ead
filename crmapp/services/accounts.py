"""One account: made, read, changed, deleted and brought back by a person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select

from crmapp.db import session, unit_of_work
from crmapp.db.bulk import is_one_of
from crmapp.db.statements import Ready, Statements
from crmapp.domain.changes import Action, Write
from crmapp.domain.duplicate_keys import Traits
from crmapp.domain.fields import Field, Kind
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import Account, Activity, Attachment, Contact, User
from crmapp.services import (
    account_links,
    counting,
    duplicate_checks,
    duplicate_hints,
    editing,
    field_owners,
    fields,
    layouts,
    named_accounts,
    passing_on,
    records,
)
from crmapp.services.account_links import Named
from crmapp.services.counting import typed_as
from crmapp.services.duplicate_checks import Overruling
from crmapp.services.pick_lists import lookups
from crmapp.services.rights import need

_CHOSEN_ELSEWHERE = frozenset({"primary_contact_id", "parent_id"})


def get(account_id: int, *, by: User, deleted: bool = False) -> Account:
    """Return the account.

    With ``deleted``, those who may restore accounts see deleted ones as well.

    Raises:
        NotFound: there is none, or not for her, or it was merged into another one.
    """
    deleted = deleted and by.can(Right.ACCOUNT_DELETE)
    account = editing.seen(Account, account_id, by=by, deleted=deleted)
    if account.deleted_at is not None and account.replaced_by is not None:
        raise NotFound  # it is another one now
    return account


def is_open(account_id: int, *, by: User) -> bool:
    """Say whether ``by`` sees the account, e.g. after she gave it to somebody else."""
    query = select(Account.id).where(Account.id == account_id, Account.visible_to(by))
    return session.scalar(query) is not None


def editable(account: Account, *, by: User) -> bool:
    """Say whether ``by`` may change ``account``."""
    query = _made.of(("editable", by.scope), lambda: Ready(_editable(by)))
    return bool(query.rows({"id": account.id}))


def editable_among(ids: Collection[int], *, by: User) -> frozenset[int]:
    """Return those of the accounts that ``by`` may change."""
    own = Account.__table__.c.id
    query = select(own).where(is_one_of(own, sorted(ids)), Account.editable_by(by))
    return frozenset(session.scalars(query)) if ids else frozenset()


def _editable(by: User) -> Select[Any]:
    own = Account.__table__.c
    return select(own.id).where(own.id == bindparam("id"), Account.editable_by(by))


_made = Statements(most=500)


def links_typed(account: Account, *, by: User) -> dict[str, str]:
    """Return field → the account it names, as ``by`` types it: its number, else its name.

    Empty if there is none, or none that she may see.
    """
    known = linked(account, by=by)
    found = {spec.name: known.get(account.value(spec)) for spec in _links()}
    return {name: (each.number or each.name) if each else "" for name, each in found.items()}


def linked(account: Account, *, by: User) -> dict[int, Named]:
    """Return id → what ``by`` sees of the accounts that fields of ``account`` name.

    One that was merged is what it has become.
    """
    ids = {account.value(spec) for spec in _links()} - {None}
    return account_links.standing(ids, by=by)


def _links() -> list[Field]:
    return [spec for spec in fields.of("account").values() if spec.kind is Kind.ACCOUNT]


class Standing(NamedTuple):
    """Whether the reader may change an account, and how much hangs on it."""

    editable: bool
    contacts: int
    activities: int
    files: int


def standing(account: Account, *, by: User) -> Standing:
    """Return what would go with the account, by one statement."""
    query = _made.of(("standing", by.scope), lambda: Ready(_standing(by)))
    (found,) = query.rows({"id": account.id})
    return Standing(bool(found[0]), *found[1:])


def _standing(by: User) -> Select[Any]:
    counts = (
        select(func.count())
        .where(model.account_id == bindparam("id"), model.deleted_at.is_(None))
        .scalar_subquery()
        for model in (Contact, Activity, Attachment)
    )
    return select(_editable(by).exists(), *counts)


def create(
    typed: Mapping[str, object],
    *,
    by: User,
    key: str | None = None,
    overruled: Overruling = duplicate_checks.NONE,
    as_shown: bool = False,
) -> int:
    """Create an account from what a person typed, and return its id.

    ``typed`` maps fields to text; ``parent`` is another account's number or name. ``key`` is the
    form's: the same form sent twice creates one account. With ``as_shown``, what was typed in
    fields that do not count is left out: a form sends what it hides as well.

    Raises:
        Forbidden: she lacks the right.
        Invalid: field → what is wrong with it, or that another account has the same there.
        MayExist: accounts like it exist, of which ``overruled`` does not say that it is another.
        KeyReused: the form was sent before with other values.
    """
    need(Right.ACCOUNT_CREATE, by=by)
    with _one_number_each(), unit_of_work():
        sent = {**typed, **_said(overruled)}
        said = counting.only(typed, by=by) if as_shown else typed
        return editing.made(key, sent, lambda: _create(said, overruled, by), by=by)


def _create(typed: Mapping[str, object], overruled: Overruling, by: User) -> int:
    values = _checked(typed, by, whole=True)
    after = duplicate_hints.typed(values)
    source = duplicate_checks.source(Traits(), after, overruled=overruled, by=by)
    return records.create(Account, values, by=by, source=source)


def _said(overruled: Overruling) -> dict[str, object]:
    """Return what a form that was sent once said beside its values."""
    return {} if overruled == duplicate_checks.NONE else {"overruled": asdict(overruled)}


def update(
    account_id: int,
    typed: Mapping[str, object],
    version: int,
    *,
    by: User,
    key: str | None = None,
    overruled: Overruling = duplicate_checks.NONE,
    exact: bool = False,
    as_shown: bool = False,
) -> int:
    """Change the account that ``by`` saw at ``version``; fields that are not in ``typed`` stay.

    With ``as_shown``, so do those that do not count.

    Raises:
        NotFound: she does not see it.
        Forbidden: she sees it, but may not change it.
        Invalid: field → what is wrong with it, or which source keeps it, or that another account
            has the same there.
        MayExist: accounts like it exist, of which ``overruled`` does not say that it is another.
        Conflict: somebody else changed it since; with ``exact``, be it in another field. See
            :func:`editing.changed`.
    """
    with _one_number_each(), unit_of_work():
        account = need_editable(account_id, by=by)
        sent = {**typed, **_said(overruled), "account": account_id, "version": version}

        def change() -> int:
            count = partial(counting.only, by=by, account=account, version=version)
            said = count(typed) if as_shown else typed
            values = _hers(account, _checked(said, by, whole=False, account=account), version)
            source = _unless_known(account, _news(account, values, version), overruled, by)
            try:
                return editing.changed(
                    Account, account_id, values, version, by=by, source=source, exact=exact
                )
            except Conflict as conflict:
                raise _as_typed(conflict, by) from conflict

        return editing.made(key, sent, change, by=by)


def _unless_known(
    account: Account, news: Mapping[str, Any], overruled: Overruling, by: User
) -> Mapping[str, Any]:
    """Return where ``news`` come from, unless another account has the same by now."""
    before, after = duplicate_hints.of(account), duplicate_hints.typed(news, account)
    return duplicate_checks.source(before, after, overruled=overruled, but=account.id, by=by)


def _news(account: Account, values: Mapping[str, Any], version: int) -> dict[str, Any]:
    """Return the values without what she saw and left while somebody else changed it."""
    saw: dict[str, Any] = {}
    if account.version != version:
        saw = editing.before("account", account.id, version, values)
    return {name: value for name, value in values.items() if name not in saw or value != saw[name]}


def _hers(account: Account, values: dict[str, Any], version: int) -> dict[str, Any]:
    """Return the values that are not a source's to say; what she saw and left is none of hers.

    Raises:
        Invalid: field → which source keeps it.
    """
    kept = {name: each for name, each in field_owners.locked(account.id).items() if name in values}
    if not kept:
        return values
    specs = fields.of("account")
    saw = {name: account.value(specs[name]) for name in kept}
    if account.version != version:
        saw |= editing.before("account", account.id, version, kept)
    wrong = {name: kept[name].refusal for name in kept if values[name] != saw[name]}
    if wrong:
        raise Invalid({typed_as(name): said for name, said in wrong.items()})
    return {name: value for name, value in values.items() if name not in kept}


def delete(account_id: int, *, by: User, version: int | None = None) -> None:
    """Delete the account softly, at ``version``: history stays, its number is free again."""
    with unit_of_work():
        editing.seen(Account, account_id, by=by)
        need(Right.ACCOUNT_DELETE, by=by)
        need_editable(account_id, by=by)
        records.delete(Account, account_id, by=by, version=version)


def restore(
    account_id: int,
    *,
    by: User,
    without_number: bool = False,
    overruled: Overruling = duplicate_checks.NONE,
) -> None:
    """Bring a deleted account back, if need be without its number.

    Raises:
        Invalid: field → another account has the same there meanwhile; of the number, see
            :func:`number_holder`. Or a source keeps its number, which it cannot do without.
        MayExist: accounts like it exist, as for :func:`create`.
    """
    with _one_number_each(), unit_of_work():
        account = get(account_id, by=by, deleted=True)
        need(Right.ACCOUNT_DELETE, by=by)
        hers = Account.editable_by(by, deleted=True)
        if session.scalar(select(Account.id).where(Account.id == account_id, hers)) is None:
            raise Forbidden(Right.ACCOUNT_EDIT_ALL.value)
        keeper = field_owners.locked(account_id).get("number") if without_number else None
        if keeper is not None:
            raise Invalid({"number": keeper.refusal})
        if account.deleted_at is not None:
            values = {"number": None} if without_number else {}
            after = duplicate_hints.typed(values, account)
            source = duplicate_checks.source(Traits(), after, overruled=overruled, by=by)
            back = Write(Action.RESTORE, values, account_id, source=source)
            records.one(Account, back, by=by)


def number_holder(account: Account, *, by: User) -> Account | None:
    """Return the other account that has the number of ``account`` now, if ``by`` may see it."""
    query = select(Account).where(
        Account.number == account.number,
        Account.erp_company == account.erp_company,
        Account.id != account.id,
        Account.visible_to(by),
    )
    return session.scalars(query).first()


def _one_number_each() -> AbstractContextManager[None]:
    return editing.unless_taken(
        {"number": records.NUMBER_TAKEN}, index="uq_account_number", column="account.number"
    )


def need_editable(account_id: int, *, by: User) -> Account:
    """Return the account that ``by`` is about to change.

    Raises:
        NotFound: she does not see it.
        Forbidden: she sees it, but may not change it.
    """
    account = editing.seen(Account, account_id, by=by)
    need(Right.ACCOUNT_EDIT, by=by)
    if not editable(account, by=by):
        raise Forbidden(Right.ACCOUNT_EDIT_ALL.value)
    return account


def _checked(
    typed: Mapping[str, object], by: User, *, whole: bool, account: Account | None = None
) -> dict[str, Any]:
    shown = links_typed(account, by=by) if account else {}
    kept = {name for name, text in shown.items() if _said_of(typed, name) == text}
    left = kept | _CHOSEN_ELSEWHERE
    plain = {name: text for name, text in typed.items() if name not in left}
    nobody = account is None or account.parent_id is None
    if "parent" in typed and ("parent_id" not in kept or nobody):
        plain["parent_id"] = _said_of(typed, "parent_id")
    problems: dict[str, Text | str] = {}
    values: dict[str, Any] = {}
    words = [str(plain.get(spec.name) or "") for spec in _links()]
    known = replace(lookups(ids=True), accounts=account_links.meant(words, by=by))
    own_id = account.id if account else None
    try:
        values = editing.checked(
            "account",
            plain,
            known,
            whole=whole,
            held=account,
            excused=_excused(account, by),
            unfit=partial(named_accounts.unfit, own_id),
        )
    except Invalid as invalid:
        problems |= {typed_as(name): text for name, text in invalid.fields.items()}
    itself = {name for name in values.keys() & {*passing_on.FIELDS} if values[name] == own_id}
    values |= dict.fromkeys(itself)
    if account and "primary_contact_id" in typed:
        try:
            values["primary_contact_id"] = _contact_of(account, typed["primary_contact_id"])
        except Invalid as invalid:
            problems |= invalid.fields
    if problems:
        raise Invalid(problems)
    return values


def _said_of(typed: Mapping[str, object], name: str) -> str:
    return str(typed.get(typed_as(name)) or "").replace("\x00", "").strip()


def _excused(account: Account | None, by: User) -> Callable[[Mapping[str, Any]], frozenset[str]]:
    """Return what says which fields do not count beside new values; none of them is required."""
    held = layouts.deciding(account, by=by)
    return lambda values: layouts.left_out({**held, **values}, by=by)


def _contact_of(account: Account, typed: object) -> int | None:
    """Find the contact of ``account`` that is meant by its id."""
    text = str(typed or "").strip()
    if not text:
        return None
    wanted = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    here = (Contact.account_id == account.id, Contact.deleted_at.is_(None))
    if session.scalar(select(Contact.id).where(Contact.id == wanted, *here)) is None:
        raise Invalid({"primary_contact_id": N_("Choose one of the account’s contacts.")})
    return wanted


def _as_typed(conflict: Conflict, by: User) -> Conflict:
    """Return the conflict with other accounts as people type them: by number or name."""
    theirs, original = (_with_links(side, by) for side in (conflict.theirs, conflict.original))
    return Conflict(theirs, original, conflict.version)


def _with_links(side: Mapping[str, Any], by: User) -> dict[str, Any]:
    typed = dict(side)
    links = {spec.name for spec in _links()} & typed.keys()
    ids = {typed[name] for name in links if typed[name] is not None}
    words = account_links.called(ids, by=by)
    for name in links:
        typed[typed_as(name)] = words.get(typed.pop(name))
    return typed
