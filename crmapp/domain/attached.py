"""Decide about rows of contacts and activities: whose they are, and which record they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from crmapp.domain.changes import Reason, difference
from crmapp.domain.fields import REQUIRED
from crmapp.domain.mapping import FieldMapping, Mapped, Wanted, came
from crmapp.domain.plan import (
    Planned,
    PlanRow,
    SourceRow,
    bad_value,
    taken,
    without_keys,
)
from crmapp.domain.record_keys import ACCOUNT, BETWEEN, COMPANY, NO_SUCH_ID, NUMBER, RECORD
from crmapp.domain.search import fold
from crmapp.i18n import N_, Text

_NO_NUMBER = N_(
    "No account that you see has this number. Correct it, or import the account before its records."
)
_SEVERAL = N_("Accounts of several ERP companies have this number. Give the ERP company as well.")
_DIFFER = N_("This is not the account that the Account ID names. Correct one of them.")
_NO_ACCOUNT = N_("Say which account it belongs to: enter the number of the account.")
_MOVED = N_("It belongs to another account, and an import does not move it. Correct this cell.")
_TWINS = N_("Several contacts of the account have this address. Give the Contact ID as well.")
_NAMESAKES = N_(
    "Several contacts of the account have this name. Give the e-mail address or the Contact ID."
)
Problems = Mapping[str, Text]


class Attached(NamedTuple):
    """A living record that a row may mean: whose it is, and what it holds in the fields needed."""

    id: int
    account: int
    version: int
    values: Mapping[str, Any]


class Numbered(NamedTuple):
    """An account that has a number, in an ERP company or in none."""

    id: int
    company: str


@dataclass(frozen=True)
class Known:
    """What is known about the rows of a chunk, of accounts that the person sees.

    ``accounts`` are those that are named by their id; ``by_address`` (account, address) → contacts,
    ``by_name`` (account, folded name) → contacts.
    """

    accounts: frozenset[int] = frozenset()
    by_number: Mapping[str, Sequence[Numbered]] = field(default_factory=dict)
    records: Mapping[int, Attached] = field(default_factory=dict)
    by_address: Mapping[tuple[int, str], Sequence[Attached]] = field(default_factory=dict)
    by_name: Mapping[tuple[int, str], Sequence[Attached]] = field(default_factory=dict)


Misfits = Callable[[Mapping[str, Any], Attached | None, int], Problems]
"""Say what does not fit together in the values of a record of this account; ``None``: a new one."""


@dataclass(frozen=True)
class Rules:
    """What holds for all rows of a run; ``at_first`` is what a new record has that says nothing."""

    object: str
    mapping: FieldMapping
    required: Sequence[str]
    misfits: Misfits
    at_first: Mapping[str, Any]


def account_of(values: Mapping[str, Any], known: Known) -> int | Problems | None:
    """Return the account that a row names, what is wrong with that, or nothing if it names none."""
    named, number = values.get(ACCOUNT), values.get(NUMBER)
    if named is not None and named not in known.accounts:
        return {ACCOUNT: Text(NO_SUCH_ID)}
    if not number:
        return named
    company = values.get(COMPANY)
    found = [
        each.id for each in known.by_number.get(number, ()) if company in (None, "", each.company)
    ]
    if named is not None:
        return named if named in found else {NUMBER: Text(_DIFFER)}
    if len(found) != 1:
        return {NUMBER: Text(_SEVERAL if found else _NO_NUMBER)}
    return found[0]


def address_of(account: int, values: Mapping[str, Any]) -> tuple[int, str] | None:
    """Return by what a contact is known within its account, if the row has it."""
    address = values.get("email")
    return (account, address.lower()) if address else None


def name_of(account: int, values: Mapping[str, Any]) -> tuple[int, str] | None:
    """Return the whole name of a contact within its account, if the row has it."""
    return (account, fold(_name(values))) if values.get("last_name") else None


def decide(row: SourceRow, mapped: Mapped, known: Known, rules: Rules) -> PlanRow:
    """Say what a run would do with ``row``."""
    base: dict[str, Any] = {
        "row_no": row.row_no,
        "object": rules.object,
        "key": row.key,
        "name": _name(mapped.values) or row.key,
        "source": row.cells,
    }
    if mapped.problems:
        return bad_value(mapped, mapped.problems, base)
    account = account_of(mapped.values, known)
    if isinstance(account, Mapping):
        return _refused(account, mapped, rules, base)
    record = _record(mapped.values, account, known, rules)
    if isinstance(record, Mapping):
        return _refused(record, mapped, rules, base)
    account = record.account if record else account
    if account is None:
        return _refused({NUMBER: Text(_NO_ACCOUNT)}, mapped, rules, base)
    written = without_keys(mapped)
    if wrong := rules.misfits(written.values, record, account):
        return _refused(wrong, mapped, rules, base)
    if record is None:
        return _create(written, account, rules, base)
    return taken(_update(written, record, rules, base), rules.mapping.wanted)


def _refused(problems: Problems, mapped: Mapped, rules: Rules, base: Mapping[str, Any]) -> PlanRow:
    """Reject a row for cells that are read right, but mean nothing here."""
    found = {name: came(rules.mapping, name, base["source"]) for name in problems}
    return bad_value(mapped._replace(found=found), problems, base)


def _name(values: Mapping[str, Any]) -> str:
    names = (values.get(name) for name in ("first_name", "last_name", "subject"))
    return " ".join(filter(None, names))


def _record(
    values: Mapping[str, Any], account: int | None, known: Known, rules: Rules
) -> Attached | Problems | None:
    """Return the record that a row means, what is wrong with that, or nothing for a new one."""
    named = values.get(RECORD)
    if named is not None:
        record = known.records.get(named)
        if record is None:
            return {RECORD: Text(NO_SUCH_ID)}
        if account not in (None, record.account):
            return {ACCOUNT if values.get(ACCOUNT) is not None else NUMBER: Text(_MOVED)}
        return record
    return _contact(account, values, known) if account and rules.object == "contact" else None


def _contact(account: int, values: Mapping[str, Any], known: Known) -> Attached | Problems | None:
    """Find a contact by its address, else by its name, unless it is known by another address."""
    address, name = address_of(account, values), name_of(account, values)
    found = known.by_address.get(address, ()) if address else ()
    if len(found) > 1:
        found = [each for each in found if _same_name(each.values, values)]
        return found[0] if len(found) == 1 else {"email": Text(_TWINS)}
    if not found and name:
        named = known.by_name.get(name, ())
        found = [each for each in named if not (address and each.values["email"])]
        if len(found) > 1:
            return {"last_name": Text(_NAMESAKES)}
    return found[0] if found else None


def _same_name(held: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    return fold(_name(held)) == fold(_name(values))


def _create(mapped: Mapped, account: int, rules: Rules, base: Mapping[str, Any]) -> PlanRow:
    if rules.mapping.wanted is Wanted.UPDATE:
        return PlanRow(action=Planned.KEPT, reason=Reason.LEFT_OUT_NEW, **base)
    if mapped.retired:
        return bad_value(mapped, mapped.retired, base)
    values = {name: value for name, value in mapped.values.items() if value is not None}
    for name in rules.required:
        if values.get(name) in (None, ""):
            return bad_value(mapped, {name: Text(REQUIRED)}, base)
    known_by = address_of(account, values) or name_of(account, values)
    word = f"{account}{BETWEEN}{known_by[1]}" if known_by and rules.object == "contact" else None
    fields = difference({}, {**rules.at_first, **values, ACCOUNT: account})
    return PlanRow(action=Planned.CREATE, fields=fields, match=word, **base)


def _update(mapped: Mapped, record: Attached, rules: Rules, base: Mapping[str, Any]) -> PlanRow:
    fields = difference(record.values, mapped.values)
    anew = next((name for name in mapped.retired if name in fields), None)
    if anew is not None:
        return _refused({anew: mapped.retired[anew]}, mapped, rules, base)
    return PlanRow(
        action=Planned.UPDATE if fields else Planned.UNCHANGED,
        record_id=record.id,
        version=record.version,
        fields=fields,
        **base,
    )
