"""Who gets the accounts that a CRM mapping creates: rules by territory or postal code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.crm_mapping_page import refusals, seen_version, words
from crmapp.domain.feeds import RESPONSIBLE_BY, Content, Responsible
from crmapp.errors import Conflict, Invalid
from crmapp.models import CrmMapping
from crmapp.services import crm_mapping_edits, crm_mappings, pick_lists
from crmapp.services.crm_mappings import MOST_RULES, RIGHT
from crmapp.web import reader
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.ladder import LONGEST_ADDRESS, MOVERS, moved, mover, placed
from crmapp.web.templating import dom_id
from crmapp.web.texts import translated
from crmapp.web.whole_numbers import whole_number

_CELLS = ("rule", "field", "begins", "owner", "team")
"""What the form holds of each rule; ``rule`` is what it is called as long as it is not saved."""
_BUTTONS = frozenset({"add", "remove", *MOVERS})
_NOBODY = -1
"""Stands for a person or team that cannot be: who tampered with the form is told so."""


@dataclass(frozen=True)
class RuleRow:
    """One rule as it stands in the form, as texts; ``wrong`` is the cell that has a ``problem``."""

    rule: str
    field: str
    begins: str = ""
    owner: str = ""
    team: str = ""
    wrong: str = ""
    problem: str = ""

    @property
    def value(self) -> Responsible:
        return Responsible(self.field, self.begins.strip(), _id(self.owner), _id(self.team))


@bp.get("/crm-mappings/<int:mapping_id>/rules")
@requires(RIGHT)
def crm_mapping_rules(mapping_id: int) -> ResponseReturnValue:
    """Show the rules; with ``?version`` those that are not saved yet."""
    mapping = crm_mappings.get(mapping_id, by=current_user)
    if "version" in request.args:
        return _show(mapping, _sent(), seen_version(), saved=False)
    return _show(mapping, _kept(mapping), mapping.version)


@bp.post("/crm-mappings/<int:mapping_id>/rules")
@requires(RIGHT)
def save_crm_mapping_rules(mapping_id: int) -> ResponseReturnValue:
    """Keep the rules; a button may move one, take one away or add one before that."""
    mapping, rows, seen = crm_mappings.get(mapping_id, by=current_user), _sent(), seen_version()
    if not _BUTTONS.isdisjoint(request.form):
        return _not_saved(mapping, _arranged(rows), seen)
    try:
        rules = [row.value for row in rows]
        crm_mapping_edits.assign(mapping_id, rules, version=seen, by=current_user)
    except Invalid as invalid:
        rows, elsewhere = _refused(rows, invalid)
        return _show(mapping, rows, seen, refusals(elsewhere), 422, saved=False)
    except Conflict:
        return _clash(mapping_id, rows, seen)
    flash(_("The rules are saved."), "success")
    return see_other(url_for("settings.crm_mapping_rules", mapping_id=mapping_id))


def _clash(mapping_id: int, rows: Sequence[RuleRow], seen: int) -> ResponseReturnValue:
    """Keep what was typed; say what somebody else did meanwhile, over which it would be saved."""
    mapping = crm_mappings.get(mapping_id, by=current_user)
    known = seen in [each.version for each in mapping.versions]
    said = crm_mappings.between(mapping, seen, mapping.version) if known else ()
    messages = [
        _("Somebody else changed this CRM mapping meanwhile. Your rules stand below, not saved yet:"
          " saved now, they take the place of those that are in force."),
        *(translated(text) for text in said),
    ]  # fmt: skip
    return _show(mapping, rows, mapping.version, messages, 409, saved=False)


def _kept(mapping: CrmMapping) -> list[RuleRow]:
    """Return the rules that are in force, as the form shows them."""
    rules = Content.from_json(mapping.content).responsible
    return [
        RuleRow(str(n), each.field, each.begins, _typed(each.owner_id), _typed(each.team_id))
        for n, each in enumerate(rules)
    ]


def _sent() -> list[RuleRow]:
    """Return the rules as the form or the address says them."""
    columns = [request.values.getlist(name) for name in _CELLS]
    return [RuleRow(*cells) for cells in zip(*columns, strict=False)][: MOST_RULES + 1]


def _arranged(rows: Sequence[RuleRow]) -> list[RuleRow]:
    """Return the rules after the button that was pressed: one up, down, away, or one more."""
    by_name = {row.rule: row for row in rows if row.rule != request.form.get("remove")}
    found = [by_name[name] for name in moved([*by_name], request.form)]
    field = request.form.get("add")
    if field in RESPONSIBLE_BY:
        free = next(name for n in count() if (name := str(n)) not in {row.rule for row in rows})
        found.append(RuleRow(free, field))
    return found


def _not_saved(mapping: CrmMapping, rows: Sequence[RuleRow], seen: int) -> ResponseReturnValue:
    """Show rules that are not saved yet: at an address of their own, so that Back leads to it."""
    cells: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in _CELLS}
    added = rows[-1].rule if rows and request.form.get("add") in RESPONSIBLE_BY else None
    anchor = dom_id("rule", mover(request.form) or added or "heading")
    address = url_for(
        "settings.crm_mapping_rules",
        mapping_id=mapping.id,
        version=seen,
        moved=mover(request.form),
        added=added,
        **cells,
        _anchor=anchor,
    )
    if wants_fragment() or len(address) > LONGEST_ADDRESS:
        return _show(mapping, rows, seen, added=added, saved=False)
    return see_other(address)


def _refused(rows: Sequence[RuleRow], invalid: Invalid) -> tuple[list[RuleRow], Invalid]:
    """Return the rules with what is wrong with each, and what is wrong elsewhere."""
    found, elsewhere = list(rows), dict(invalid.fields)
    for place, row in enumerate(rows):
        for cell in _CELLS:
            problem = elsewhere.pop(f"responsible.{place}.{cell}", None)
            if problem is not None:
                found[place] = replace(row, wrong=cell, problem=translated(problem))
    return found, Invalid(elsewhere)


def _show(
    mapping: CrmMapping,
    rows: Sequence[RuleRow],
    version: int,
    messages: Sequence[str] = (),
    status: int = 200,
    *,
    added: str | None = None,
    saved: bool = True,
) -> ResponseReturnValue:
    return page(
        "settings/crm_mapping_rules.html",
        "settings/_crm_mapping_rules.html",
        status,
        mapping=mapping,
        rows=rows,
        version=version,
        messages=messages,
        saved=saved,
        added=added or request.args.get("added"),
        place=placed([row.rule for row in rows]),
        full=len(rows) >= MOST_RULES,
        **_choices(rows),
        **words(),
    )


def _choices(rows: Sequence[RuleRow]) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return who and what may be chosen; what a rule has stays in its list, gone or not."""
    kept = {row.begins for row in rows if row.field == "territory"}
    names, _teams = pick_lists.names_of_all()
    offered = pick_lists.people()
    chosen = {_id(row.owner) for row in rows} - dict(offered).keys()
    gone = sorted(id_ for id_ in chosen if id_ is not None and id_ in names)
    left = [(id_, _("%(name)s (cannot sign in)", name=names[id_])) for id_ in gone]
    return {
        "territories": [
            ("", "–"),
            *pick_lists.choices("territory", reader.locale(), keep=kept),
        ],
        "people": [("", "–"), *((str(id_), name) for id_, name in [*offered, *left])],
        "teams": [("", "–"), *((str(id_), name) for id_, name in pick_lists.teams())],
    }


def _typed(id_: int | None) -> str:
    return "" if id_ is None else str(id_)


def _id(text: str) -> int | None:
    if not text:
        return None
    found = whole_number(text)
    return _NOBODY if found is None else found
