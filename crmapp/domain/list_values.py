"""What a resync does with one value of a managed list, on each side, decided beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from crmapp.domain.changes import Reason, difference
from crmapp.domain.pick_lists import LONGEST_CODE, THERE, code_from, is_code
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.search import fold
from crmapp.i18n import N_

HERE = "pick_list_value"
"""A plan's rows are about values of the pick list here, or :data:`THERE`, in Salesforce."""
SYSTEMS = {"intacct": "Sage Intacct", "salesforce": "Salesforce"}
FRENCH = {
    "ar_terms": "Conditions de paiement",
    "billing_templates": "Modèles de facturation",
    "classes": "Classes",
    "departments": "Départements",
    "employees": "Employés",
    "locations": "Entités et sites",
    "exchange_rate_types": "Types de taux de change",
    "journals": "Journaux",
    "project_statuses": "Statuts de projet",
    "project_types": "Types de projet",
    "user_dimensions": "Dimensions définies par l’utilisateur",
    "territories": "Territoires",
    "customer_types": "Types de client",
    "shipping_methods": "Modes d’expédition",
    "price_lists": "Listes de prix",
}
"""The names of the lists for records, which keep both languages as values."""
LARGE_SHARE = 0.2
"""If more of a list would be deactivated, a person looks at it first."""
_DIGEST = 8


class Tally(StrEnum):
    """What becomes of a value, as the receipt of a resync counts it on each side."""

    ADDED = "added"
    CHANGED = "changed"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


TALLIES: dict[Tally, str] = {
    Tally.ADDED: N_("Values added"),
    Tally.CHANGED: N_("Values changed"),
    Tally.DEACTIVATED: N_("Values deactivated"),
    Tally.REACTIVATED: N_("Values reactivated"),
    Tally.UNCHANGED: N_("Values unchanged"),
    Tally.REJECTED: N_("Values rejected"),
}


class Original(NamedTuple):
    """A value as Intacct has it; ``others`` are codes that differ from its own by capitals only.

    It is a tuple, as what the other sides have, because there are many.
    """

    key: str
    label: str
    active: bool
    others: tuple[str, ...] = ()


class Here(NamedTuple):
    """A value as the pick list here has it; ``key`` is its code in Intacct, once it is known."""

    id: int
    version: int
    code: str
    label_en: str
    label_fr: str
    active: bool
    deleted: bool
    key: str | None


class There(NamedTuple):
    """A value as Salesforce's list object has it."""

    key: str
    label: str
    hidden: bool


class Wanted(NamedTuple):
    """What a value is to be in Salesforce."""

    key: str
    label: str
    active: bool


class Value(NamedTuple):
    """One value with what each side says of it; ``taken`` says that its code means another one."""

    original: Original | None
    here: Here | None
    there: There | None
    taken: bool = False


@dataclass(frozen=True)
class Scope:
    """What is planned: of which list, at which place new values begin, and what was decided.

    ``mode`` is ``all`` (the whole list was read), ``changes`` (some of its values were) or ``push``
    (Salesforce gets what is here). ``kept`` are the codes of values that stay though they go.
    """

    list_code: str
    mode: str = "all"
    position: int = 0
    kept: frozenset[str] = frozenset()


def code_of(key: str) -> str:
    """Return the code that a value with this code in Intacct has here, if nobody else has it."""
    return key if is_code(key) else code_from(key)


def word_of(key: str) -> str:
    """Return the word by which codes are the same but for their spelling."""
    return fold(key) if is_code(key) else code_from(key)


def decide_here(value: Value, scope: Scope, row_no: int) -> list[PlanRow]:
    """Return what happens to the value here, in rows that are numbered from ``row_no`` on."""
    original, here = value.original, value.here
    if scope.mode == "push":
        return []
    if original is None:
        if here is None or here.deleted or scope.mode == "changes":
            return []
        return [_without(here, here.code in scope.kept, row_no)]
    if not original.key:
        return [_rejected(original, Reason.NO_CODE, row_no)]
    rows = [_with(value, original, scope, row_no)]
    for other in original.others:
        double = original._replace(key=other)
        rows.append(_rejected(double, Reason.TWICE_THERE, row_no + len(rows)))
    return rows


def wanted_there(value: Value, scope: Scope) -> Wanted | None:
    """Return what the value is to be in Salesforce, once it is here what it is to be."""
    original, here = value.original, value.here
    if scope.mode == "push":
        return None if here is None or here.deleted else _as_here(here, here.active)
    kept = here is not None and here.active and here.code in scope.kept
    if original is not None:
        return _wanted(original.key, original.label, original.active or kept)
    if here is None or here.deleted or scope.mode == "changes":
        return None
    return _as_here(here, kept)


def _as_here(here: Here, active: bool) -> Wanted | None:
    return _wanted(here.key, here.label_en, active)


def _wanted(key: str | None, label: str, active: bool) -> Wanted | None:
    return Wanted(key, label, active) if key else None


def _rejected(original: Original, reason: Reason, row_no: int) -> PlanRow:
    params = {"system": SYSTEMS["intacct"], "key": original.key}
    return PlanRow(
        row_no, Planned.REJECTED, HERE, None, None, original.key, original.label, reason,
        {**params, "tally": Tally.REJECTED},
    )  # fmt: skip


def _without(here: Here, kept: bool, row_no: int) -> PlanRow:
    """Decide about a value that Intacct does not have."""
    base: dict[str, Any] = {
        "row_no": row_no, "object": HERE, "record_id": here.id, "version": here.version,
        "key": here.key or here.code, "name": here.label_en,
    }  # fmt: skip
    if not here.active or kept:
        return PlanRow(action=Planned.UNCHANGED, params=_counted(Tally.UNCHANGED), **base)
    params = {**_counted(Tally.DEACTIVATED), "code": here.code}
    gone = {"active": [True, False]}
    return PlanRow(action=Planned.UPDATE, params=params, fields=gone, **base)


def _with(value: Value, original: Original, scope: Scope, row_no: int) -> PlanRow:
    """Decide about a value that Intacct has."""
    here = value.here
    base: dict[str, Any] = {
        "row_no": row_no, "object": HERE, "key": original.key, "name": original.label
    }  # fmt: skip
    if here is None:
        values = {
            "list_code": scope.list_code,
            "code": _free_code(original.key, value.taken),
            "label_en": original.label,
            "label_fr": original.label,
            "position": scope.position + row_no,
            "active": original.active,
            "external_id": original.key,
        }
        fields = {name: [None, each] for name, each in values.items()}
        return PlanRow(action=Planned.CREATE, params=_counted(Tally.ADDED), fields=fields, **base)
    base |= {"record_id": here.id, "version": here.version}
    fields = _changes(here, original, here.code in scope.kept)
    if here.deleted:
        params = _counted(Tally.REACTIVATED)
        return PlanRow(action=Planned.RESTORE, params=params, fields=fields, **base)
    if not fields:
        return PlanRow(action=Planned.UNCHANGED, params=_counted(Tally.UNCHANGED), **base)
    params = {**_counted(_tally(fields.get("active"))), "code": here.code}
    return PlanRow(action=Planned.UPDATE, params=params, fields=fields, **base)


def _changes(here: Here, original: Original, kept: bool) -> dict[str, list[Any]]:
    """Return what differs. A French label stays as long as the name in Intacct does."""
    renamed = original.label != here.label_en
    after = {
        "label_en": original.label,
        "label_fr": original.label if renamed else here.label_fr,
        "active": original.active or (kept and here.active),
        "external_id": original.key,
    }
    before = {
        "label_en": here.label_en,
        "label_fr": here.label_fr,
        "active": here.active,
        "external_id": here.key,
    }
    return difference(before, after)


def _free_code(key: str, taken: bool) -> str:
    """Return a code for a new value, told from others by a digest where the plain one is taken."""
    code = code_of(key)
    if code and not taken:
        return code
    digest = sha256(key.encode()).hexdigest()[:_DIGEST]
    return f"{code[: LONGEST_CODE - _DIGEST - 1]}_{digest}" if code else digest


def _tally(active: Sequence[Any] | None) -> Tally:
    if active is None:
        return Tally.CHANGED
    return Tally.REACTIVATED if active[1] else Tally.DEACTIVATED


def _counted(tally: Tally) -> dict[str, Any]:
    return {"tally": tally}


def decide_there(
    wanted: Wanted | None, there: There | None, row_no: int, blind: Tally | None = None
) -> PlanRow | None:
    """Return what happens to the value in Salesforce; None if it is not known there and stays so.

    Between resyncs nobody reads what is there: values are written as they are, and ``blind`` is
    what became of this one here.
    """
    if wanted is None:
        if there is None:
            return None
        wanted = Wanted(there.key, there.label, active=False)
    key, label, hidden = there.key if there else wanted.key, wanted.label, not wanted.active
    tally = blind or _tally_there(there, label, hidden)
    action = Planned.UPDATE if blind else _ACTIONS.get(tally, Planned.UPDATE)
    fields: Mapping[str, Sequence[Any]] = {}
    if tally is not Tally.UNCHANGED:  # a row is sent whole, since the record may have to be made
        before = (there.label, there.hidden) if there else (None, None)
        fields = {"label": [before[0], label], "hidden": [before[1], hidden]}
    return PlanRow(
        row_no=row_no, action=action, object=THERE, key=key, name=label,
        params=_counted(tally), fields=fields,
    )  # fmt: skip


_ACTIONS = {Tally.ADDED: Planned.CREATE, Tally.UNCHANGED: Planned.UNCHANGED}


def _tally_there(there: There | None, label: str, hidden: bool) -> Tally:
    if there is None:
        return Tally.ADDED
    if there.hidden != hidden:
        return Tally.DEACTIVATED if hidden else Tally.REACTIVATED
    return Tally.UNCHANGED if there.label == label else Tally.CHANGED


def needs_a_person(deactivated: int, in_use: int, active: int) -> bool:
    """Whether somebody has to look before so many of the ``active`` values are deactivated."""
    return in_use > 0 or (active > 0 and deactivated > LARGE_SHARE * active)
