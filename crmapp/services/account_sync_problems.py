"""What keeps accounts from being the same everywhere, in words: each field, each system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crmapp.domain.account_sync import HERE
from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_conflict import Torn
from crmapp.domain.field_rules import FieldRule, Side
from crmapp.domain.standard_rows import Dialect, standard_rows
from crmapp.i18n import N_, Text
from crmapp.services import field_maps, field_owners
from crmapp.services.account_sync_states import ALSO, HELD
from crmapp.services.field_owners import Keeper

REPAIRS: Mapping[str, str] = {
    "REQUIRED_FIELD_MISSING": N_("Fill the field in the account, or map it, then retry."),
    "STRING_TOO_LONG": N_("Shorten the value in the account, then retry."),
    "INVALID_EMAIL_ADDRESS": N_("Correct the e-mail address in the account, then retry."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": N_(
        "Add the value to the pick list there, or map it to one that is there, then retry."
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": N_(
        "A rule of the other system refuses the values: change them, or ask its administrator."
    ),
    "DUPLICATES_DETECTED": N_("Link the account to the record that is there already, then retry."),
    "UNABLE_TO_LOCK_ROW": N_("Somebody was writing the record. It is tried again by itself."),
    "ENTITY_IS_DELETED": N_("The record was deleted there. Unlink it, then retry."),
    "INSUFFICIENT_ACCESS_OR_READONLY": N_(
        "Give the user of the connection the right to change the record, then retry."
    ),
    HELD: N_(
        "Correct the value, make both sides the same, or say in the field map which one is right."
    ),
}
"""What a person can do about a cause; the system's own words say the rest."""
_OTHERWISE = N_(
    "Look at what the system says, correct the account or the record there, then retry."
)
_CHOOSE = N_(
    "Keep one of the values, which is then written to the others; or change the others yourself,"
    " here and there, so that all are the same."
)


@dataclass(frozen=True)
class Problem:
    """What is wrong with the row ``key`` of the field map, "" if it is not about one.

    ``label`` is what the systems call its fields; ``torn`` are copies of which a person keeps one:
    the one here, if a source of customers is the ``keeper`` of the field.
    """

    key: str
    label: str
    text: Text
    torn: Torn | None = None
    keeper: Keeper | None = None


@dataclass(frozen=True)
class Refusal:
    """What a system said when it refused an account, in its words if it had any, and the repair."""

    system: str
    code: str
    said: str
    text: Text | None
    repair: Text


def problems(found: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return what is wrong with an account by its rows; ``names`` are those of :func:`labels`."""
    return tuple(
        Problem(key, names.get(key, key), _text(each), _torn(each))
        for key, each in found.get("rows", {}).items()
    )


def with_keepers(problems: tuple[Problem, ...], account_id: int) -> tuple[Problem, ...]:
    """Say of copies of which a person keeps one which source of customers keeps the one here."""
    if not any(each.torn for each in problems):
        return problems
    kept = keepers_here(account_id)
    return tuple(replace(each, keeper=kept.get(each.key)) for each in problems)


def keepers_here(account_id: int) -> dict[str, Keeper]:
    """Return key of a row of the field map → who keeps the field of the account that it carries."""
    kept = field_owners.locked(account_id)
    carried = {rule.key: HERE.get(rule.code, "") for rule in field_maps.in_force()} if kept else {}
    return {key: kept[name] for key, name in carried.items() if name in kept}


def refusals(found: Mapping[str, Any]) -> tuple[Refusal, ...]:
    """Return what each system said that refused an account in the last run."""
    return tuple(
        Refusal(
            Side(each["system"]).title,
            str(each.get("code", "")),
            str(each.get("said", "")),
            _text(each) if "text" in each else None,
            repair(str(each.get("code", ""))),
        )
        for each in (*found.get(ALSO, ()), found)
        if each.get("system")
    )


def repair(cause: str) -> Text:
    """Return what a person can do about a cause."""
    return Text(REPAIRS.get(cause, _OTHERWISE))


def repairs(found: Mapping[str, Any], state: str) -> tuple[Text, ...]:
    """Return all that a person can do about what is wrong with an account, each once."""
    if state != HELD:
        return tuple({str(each.repair): each.repair for each in refusals(found)}.values())
    rows = found.get("rows", {}).values()
    asked = [bool(each.get("torn")) for each in rows]
    chosen = (Text(_CHOOSE),) if any(asked) else ()
    return chosen if chosen and all(asked) else (*chosen, repair(HELD))


def _text(kept: Mapping[str, Any]) -> Text:
    return Text(kept["text"], kept["params"])


def _torn(kept: Mapping[str, Any]) -> Torn | None:
    return Torn.from_json(kept["torn"]) if kept.get("torn") else None


def labels() -> dict[str, str]:
    """Return key of a row of the field map → what both systems call its fields."""
    shapes, in_force = field_maps.shapes(), field_maps.in_force()
    found = {rule.key: _label(rule, shapes) for rule in in_force}
    called = {rule.code: found[rule.key] for rule in in_force if rule.code}
    # What was said before Intacct was spoken to by another of its interfaces names other fields.
    kept = {rule.key: called[rule.code] for each in Dialect for rule in standard_rows(each)}
    return kept | found


def _label(rule: FieldRule, shapes: Shapes) -> str:
    """Return what is known of how a row's fields are called; else the name of one."""
    known = [shape.label for side in Side if (shape := shapes.get(rule, side))]
    return " · ".join(dict.fromkeys(known or [rule.salesforce]))
