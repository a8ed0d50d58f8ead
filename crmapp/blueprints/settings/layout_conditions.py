"""When a field or a section is shown: only if another field has one of some values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.layout_page import AUDIENCE_LABELS, seen_version
from crmapp.domain.conditions import Condition, Operator
from crmapp.domain.field_conditions import asked_of
from crmapp.domain.fields import LISTED, Field, Kind
from crmapp.domain.layouts import grouped
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.services import fields, layout_edits, layout_faults, layouts, pick_lists
from crmapp.services.layout_edits import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.condition_words import offered
from crmapp.web.htmx import page, see_other
from crmapp.web.texts import language, translated


@dataclass(frozen=True)
class Subject:
    """What is shown or not: a field, or a section of a layout; ``when`` is its condition now."""

    label: str
    action: str
    back: str
    when: Condition | None
    field: str = ""
    section: str = ""
    audience: str = ""


@dataclass(frozen=True)
class Answer:
    """What stands in the form: the field that decides, what is asked of it, the values."""

    field: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


@bp.get("/layouts/fields/<name>/condition")
@requires(RIGHT)
def field_condition(name: str) -> ResponseReturnValue:
    """Show when a field is shown, in every layout."""
    subject = _of_field(name)
    return _form(subject, _answer(subject.when))


@bp.post("/layouts/fields/<name>/condition")
@requires(RIGHT)
def keep_field_condition(name: str) -> ResponseReturnValue:
    """Keep when a field is shown, or ask on for another field that decides."""
    return _keep(_of_field(name))


@bp.get("/layouts/<audience>/sections/<key>/condition")
@requires(RIGHT)
def section_condition(audience: str, key: str) -> ResponseReturnValue:
    """Show when a section is shown."""
    subject = _of_section(audience, key)
    return _form(subject, _answer(subject.when))


@bp.post("/layouts/<audience>/sections/<key>/condition")
@requires(RIGHT)
def keep_section_condition(audience: str, key: str) -> ResponseReturnValue:
    """Keep when a section is shown, or ask on for another field that decides."""
    return _keep(_of_section(audience, key))


def _of_field(name: str) -> Subject:
    spec = fields.of("account").get(name)
    if spec is None:
        raise NotFound
    audience = request.args.get("audience", "")
    known = audience in layouts.AUDIENCES
    back = url_for("settings.layout", audience=audience) if known else url_for("settings.layouts")
    action = url_for(
        "settings.keep_field_condition", name=name, audience=audience if known else None
    )
    when = layouts.kept().conditions.get(name)
    return Subject(spec.label, action, back, when, field=name)


def _of_section(audience: str, key: str) -> Subject:
    found = layout_edits.section(audience, key, by=current_user)
    back = url_for("settings.layout", audience=audience)
    action = url_for("settings.keep_section_condition", audience=audience, key=key)
    return Subject(found.label, action, back, found.when, section=key, audience=audience)


def _answer(when: Condition | None) -> Answer:
    return Answer(when.field, when.operator, when.values) if when else Answer()


def _keep(subject: Subject) -> ResponseReturnValue:
    sent, do = request.form, request.form.get("do")
    answer = Answer(sent.get("field", ""), sent.get("operator", ""), tuple(sent.getlist("values")))
    if do == "ask":
        return _form(subject, answer)
    try:
        _save(subject, None if do == "always" else answer)
    except Invalid as invalid:
        return _form(subject, answer, invalid.fields, invalid.status)
    except Conflict as conflict:
        return _form(subject, answer, {"": conflict.message}, conflict.status)
    flash(_("Saved: it holds from now on, in forms, on the record page and in runs."), "success")
    return see_other(subject.back)


def _save(subject: Subject, answer: Answer | None) -> None:
    condition, seen = _condition(answer) if answer else None, seen_version()
    if subject.field:
        layout_edits.show_field_if(subject.field, condition, seen=seen, by=current_user)
        return
    layout_edits.show_section_if(
        subject.audience, subject.section, condition, seen=seen, by=current_user
    )


def _condition(answer: Answer) -> Condition:
    """Return the condition that is asked for.

    Raises:
        Invalid: no operator is chosen.
    """
    if answer.operator not in set(Operator):
        raise Invalid({"operator": layout_edits.NO_ASKING})
    operator = Operator(answer.operator)
    return Condition(answer.field, operator, answer.values if operator is Operator.ANY else ())


def _form(
    subject: Subject, answer: Answer, wrong: Mapping[str, object] = {}, status: int = 200
) -> ResponseReturnValue:
    living = fields.of("account")
    spec = living.get(answer.field)
    asked = asked_of(spec) if spec else []
    again = request.method == "POST" and status != 409
    return page(
        "settings/layout_condition.html",
        "settings/_layout_condition.html",
        status,
        subject=subject,
        answer=answer,
        groups=grouped(s for s in living.values() if s.name != subject.field and asked_of(s)),
        asked=[(each.value, offered(spec, each)) for each in asked if spec],
        offered=_values(spec, answer.values) if spec and Operator.ANY in asked else [],
        fault=layout_faults.of(subject.when, by=current_user) if subject.when else None,
        wrong={name: translated(text) for name, text in wrong.items()},  # type: ignore[arg-type]  # texts
        audiences=AUDIENCE_LABELS,
        version=seen_version() if again else layout_edits.version(),
        open_section="layouts",
    )


def _values(spec: Field, kept: Sequence[str]) -> list[tuple[str, str]]:
    """Return (value, text) of what the field that decides may hold."""
    if spec.kind in LISTED:
        return pick_lists.choices(spec.pick_list or "", language())
    people = spec.kind is Kind.USER
    found = pick_lists.people() if people else pick_lists.teams()
    named = pick_lists.names_of_all()[0 if people else 1]
    left = [
        (int(each), named[int(each)]) for each in kept if each.isdecimal() and int(each) in named
    ]
    return [(str(id_), name) for id_, name in dict([*found, *left]).items()]
