"""What the audit trail says in the reader's language: on the page, and in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from crmapp.domain.matching import LADDER
from crmapp.domain.permissions import ROLE_LABELS
from crmapp.domain.reach import LABELS as LABELS_OF_PARTS
from crmapp.domain.runs import KIND_LABELS
from crmapp.domain.scopes import SENTENCES
from crmapp.i18n import N_
from crmapp.services import audit, pick_lists, retention
from crmapp.services.audit_trail import CHANGES, FILE, Item
from crmapp.services.connection_kinds import SYSTEMS
from crmapp.services.history import ACTIONS
from crmapp.services.words import Line
from crmapp.web.templating import moment, text
from crmapp.web.texts import translated

OBJECTS = {
    "account": N_("Account"),
    "contact": N_("Contact"),
    "activity": N_("Activity"),
    "attachment": N_("File"),
    "pick_list": N_("Pick list"),
    "pick_list_value": N_("Value of a pick list"),
}
ABOUT = {
    "connection": N_("Connection %(id)s"),
    "options": N_("Options %(id)s"),
    "field_map": N_("Field map"),
    "field": N_("Field %(id)s"),
    "crm_mapping": N_("CRM mapping %(id)s"),
    "source": N_("Source %(id)s"),
    "list": N_("List %(id)s"),
    "database": N_("Database %(id)s"),
    "run": N_("Run %(id)s"),
    "person": N_("Person %(id)s"),
    "token": N_("Token %(id)s"),
    "provider": N_("Identity provider"),
    "webhook": N_("Webhook %(id)s"),
    "attachment": N_("File %(id)s"),
    "calendar": N_("Calendar %(id)s"),
    "contact": N_("Contact %(id)s"),
}
OPTIONS = {
    "account_layouts": N_("Layouts"),
    "duplicate_rules": N_("Duplicates"),
    "account_sync": N_("Synchronization of accounts"),
    "advanced_crm": N_("Advanced CRM Integration"),
    "crm": N_("CRM integration"),
}
LABELS = {
    "role": N_("Role"),
    "roles": N_("Roles"),
    "way": N_("What went wrong"),
    "version": N_("Version"),
    "rows": N_("Rows"),
    "fields": N_("Fields"),
    "order": N_("Order"),
    "active": N_("In use"),
    "days": N_("Days"),
    "every": N_("Minutes between two"),
    "daily": N_("Every day at"),
    "file": N_("File"),
    "files": N_("Files"),
    "kind": N_("Kind"),
    "kind_of_run": N_("Kind"),
    "secrets": N_("Secrets"),
    "lost": N_("Lost"),
    "retired": N_("Retired"),
    "changes": N_("Changes"),
    "sees": N_("Sees"),
    "edits": N_("Changes"),
    "territories": N_("Territories"),
    "scopes": N_("What it may do"),
    "person": N_("Person"),
    "passwords": N_("Passwords sign people in as well"),
    "new_role": N_("People who are not here yet"),
    "letters": N_("Letters not sent"),
    "stopped": N_("Cancelled runs"),
    "going_on": N_("Runs that go on"),
    "name": N_("Name"),
    "host": N_("Host"),
    "events": N_("Events"),
    "messages": N_("Messages"),
    "reason": N_("Reason"),
    "account": N_("Account"),
    "seen_as": N_("Seeing as person"),
}
_WORDS: dict[str, str] = {
    **{role.value: label for role, label in ROLE_LABELS.items()},
    **KIND_LABELS,
    **{part.value: label for part, label in LABELS_OF_PARTS.items()},
    **{scope.value: said for scope, said in SENTENCES.items()},
    **{rule.value: label for rule, label in LADDER.items()},
    retention.DELETED_FILES: N_("Deleted files of accounts"),
    retention.LETTERS: N_("Unfiled letters"),
    "password": N_("Password"),
    "code": N_("Code"),
    "added": N_("Added"),
    "replaced": N_("Replaced"),
    "gone": N_("The receiver is gone"),
}
_PAIRS = frozenset({"role", "roles", "fields", "sees", "edits", "territories"})
"""Details that say what was before, and what is now."""


@dataclass(frozen=True)
class Said:
    """One line of the page."""

    at: datetime
    who: str
    what: str
    about: str
    href: str
    lines: Sequence[Line]
    links: Sequence[Any]
    item: Item


def kinds() -> dict[str, str]:
    """Return what can be asked for by kind, in the reader's language."""
    changes = {CHANGES: _("All changes of records")}
    actions = {name: _("Record: %(action)s", action=_(word)) for name, word in ACTIONS.items()}
    del actions["unlinked"]  # the log calls it linked too
    return changes | actions | {kind: _(word) for kind, word in audit.KINDS.items()}


def said(item: Item) -> Said:
    """Say one thing that was done."""
    if item.entry is not None:
        change = item.entry.change
        name = item.name or _("erased")
        called = f"{_(OBJECTS[change.object])} {change.record_id}"
        return Said(
            item.at,
            _who(item),
            _(item.entry.action),
            _("%(what)s: %(more)s", what=called, more=name),
            _record(change.object, change.record_id) if item.name else "",
            item.entry.lines,
            item.entry.links,
            item,
        )
    event = item.event
    if event is None:
        raise ValueError("an item is an event or a change")
    lines = [_line(name, value) for name, value in event.details.items()]
    what = _(audit.KINDS.get(event.kind, event.kind))
    return Said(item.at, _who(item), what, _about(item), _place(item), lines, (), item)


def row(item: Item) -> list[Any]:
    """Say one thing that was done as a line of the file."""
    line, place = said(item), item.place
    details = [
        _("%(what)s: %(more)s", what=_(each.label), more=_change(each)) for each in line.lines
    ]
    details += [translated(each) for each in line.links]
    run = item.entry.change.run_id if item.entry else None
    if run is not None:
        details.append(_("Run %(id)s", id=run))
    seen = (place.address, place.agent, place.request_id) if place else (None,) * 3
    return [line.at, line.who, line.what, line.about, "; ".join(details), *seen]


def _change(line: Line) -> str:
    after = str(text(line.after))
    return after if line.before in (None, "", []) else f"{text(line.before)} → {after}"


def _who(item: Item) -> str:
    if item.who:
        return item.who
    if item.by_id is not None:
        return _("Person %(id)s", id=item.by_id)
    run = item.entry is not None and item.entry.change.run_id is not None
    if run:
        return _("Schedule")
    return _("A visitor") if item.place and item.place.request_id else _("The terminal")


def _about(item: Item) -> str:
    event = item.event
    if event is None or not event.about_id:
        return ""
    if event.about == "person" and item.name:
        return "" if event.by_id is not None and str(event.by_id) == event.about_id else item.name
    name = event.about_id
    if event.about == "backup":
        return _("Backup of %(at)s", at=moment(datetime.fromisoformat(name)))
    if event.about == "connection" and name in SYSTEMS:
        name = SYSTEMS[name].label
    if event.about == "options" and name in OPTIONS:
        return _(OPTIONS[name])
    said = _(ABOUT[event.about], id=name) if event.about in ABOUT else name
    return _("%(what)s: %(more)s", what=said, more=item.name) if item.name else said


def _place(item: Item) -> str:
    """Return where there is more of what an event is about."""
    event = item.event
    if event is not None and event.about == "run" and event.about_id:
        return url_for("runs.show", run_id=int(event.about_id))
    if event is not None and event.about == FILE and item.name:
        return url_for("accounts.files", account_id=event.details["account"])
    return ""


def _record(object_: str, record_id: int) -> str:
    if object_ == "account":
        return url_for("accounts.show", account_id=record_id)
    return ""


def _line(name: str, value: Any) -> Line:
    label = LABELS.get(name, name)
    if name == "seen_as":
        value = pick_lists.names_of_all()[0].get(value) or _("Person %(id)s", id=value)
    if _is_pair(name, value):
        return Line(label, _word(value[0]), _word(value[1]))
    return Line(label, None, _word(value))


def _is_pair(name: str, value: Any) -> bool:
    """Whether a value says before and now; the fields of a webhook are a list of names alone."""
    pair = name in _PAIRS and isinstance(value, list) and len(value) == 2
    return pair and (name != "fields" or isinstance(value[0], list))


def _word(value: Any) -> str:
    """Say a value of an event's details."""
    if isinstance(value, dict):
        return ", ".join(f"{_word(key)} {_word(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(_word(each).removesuffix(".") for each in value) or "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None:
        return "–"
    return _(_WORDS[value]) if value in _WORDS else str(value)
