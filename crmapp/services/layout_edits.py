"""Arranging accounts: every change is put in force at once, as a version that can be restored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from crmapp.domain import layouts as domain
from crmapp.domain.arrangement import Arrangement
from crmapp.domain.conditions import Condition, check_values, takes
from crmapp.domain.field_conditions import asked_of, circle
from crmapp.domain.fields import BadValue
from crmapp.domain.layouts import DETAILS, MORE, Layout, Section, Tab
from crmapp.domain.permissions import Right
from crmapp.domain.pick_lists import code_from
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import IntegrationVersion, User
from crmapp.services import fields, integration_versions, layouts
from crmapp.services.layouts import AUDIENCES, CODE, EVERYONE, Kept
from crmapp.services.rights import need

RIGHT = Right.SETTINGS_MANAGE
NO_NAME = N_("Enter a name in one language at least.")
TOO_LONG = N_("Enter at most 60 characters.")
NAME_TAKEN = N_("Another one has this name. Choose another name.")
NO_SECTION = N_("Choose one of the sections of this layout.")
NO_TAB = N_("Choose one of the tabs of this layout.")
NOTHING_TICKED = N_("Tick the fields first.")
STAYS = N_("“More” takes up fields that lie nowhere: it stays, on the details, for every account.")
ALWAYS_SHOWN = N_("A required field cannot be hidden, or nobody could fill it in: %(fields)s.")
CIRCLE = N_("These fields would decide about each other in a circle: %(fields)s.")
NOT_DECIDING = N_("Choose a field of accounts that decides.")
NO_ASKING = N_("Choose what is asked of the field.")
NO_VALUES = N_("Choose at least one value.")
LONGEST_NAME = 60

Change = Callable[[Layout], Layout]


def version() -> int:
    """Return the number of the version in force; 0 before anything was arranged."""
    return integration_versions.number(CODE)


def layout(audience: str, *, by: User) -> Layout:
    """Return the layout that ``by`` arranges for an audience; until it has its own, everyone's.

    Raises:
        Forbidden: she may not change the settings.
        NotFound: there is no such audience.
    """
    need(RIGHT, by=by)
    if audience not in AUDIENCES:
        raise NotFound
    return domain.whole(layouts.of(audience), fields.of("account"))


def section(audience: str, key: str, *, by: User) -> Section:
    """Return a section.

    Raises:
        Forbidden
        NotFound: the layout of this audience has no such section.
    """
    found = layout(audience, by=by).section(key)
    if found is None:
        raise NotFound
    return found


def tab(audience: str, key: str, *, by: User) -> Tab:
    """Return a tab that was made for this layout.

    Raises:
        Forbidden
        NotFound: the layout of this audience has no such tab.
    """
    found = layout(audience, by=by).tab(key)
    if found is None:
        raise NotFound
    return found


def arrange(audience: str, order: Sequence[str], moved: str, *, seen: int, by: User) -> None:
    """Put sections and fields in ``order``; a section that was ``moved`` takes its fields along.

    Raises:
        Forbidden, NotFound
        Invalid: fields would decide about each other in a circle.
        Conflict: somebody has changed something since version ``seen``, as with all that follow.
    """
    _change(audience, lambda old: domain.arranged(old, order, moved), seen=seen, by=by)


def put(audience: str, names: Sequence[str], key: str, *, seen: int, by: User) -> None:
    """Put fields at the end of a section.

    Raises:
        Invalid: no field is named, or there is no such section.
    """
    ticked = _ticked(names)
    if layout(audience, by=by).section(key) is None:
        raise Invalid({"section": NO_SECTION})
    _change(audience, lambda old: domain.put(old, ticked, key), seen=seen, by=by)


def hide(audience: str, names: Sequence[str], *, seen: int, by: User, again: bool = False) -> None:
    """Leave fields out of the form and the record page, or with ``again`` show them.

    Raises:
        Invalid: no field is named, or one of them is required.
    """
    ticked = _ticked(names)
    living = fields.of("account")
    needed = [living[name].label for name in ticked if living[name].required]
    if needed and not again:
        raise Invalid({"": Text(ALWAYS_SHOWN, {"fields": [Text(label) for label in needed]})})

    def change(old: Layout) -> Layout:
        gone = old.hidden - {*ticked} if again else old.hidden | {*ticked}
        return replace(old, hidden=gone)

    _change(audience, change, seen=seen, by=by)


def _ticked(names: Sequence[str]) -> list[str]:
    found = [name for name in dict.fromkeys(names) if name in fields.of("account")]
    if not found:
        raise Invalid({"": NOTHING_TICKED})
    return found


def save_section(
    audience: str, key: str | None, typed: Mapping[str, str], *, seen: int, by: User
) -> str:
    """Name a section and lay it on a tab, or make one if ``key`` is None; return its key.

    Raises:
        NotFound: there is no such section.
        Invalid: field → what is wrong with it.
    """
    now = layout(audience, by=by)
    before = section(audience, key, by=by) if key else None
    name, name_fr = _names(typed, [each for each in now.sections if each.key != key])
    chosen = typed.get("tab") or DETAILS
    if chosen != DETAILS and now.tab(chosen) is None:
        raise Invalid({"tab": NO_TAB})
    if key == MORE and chosen != DETAILS:
        raise Invalid({"tab": STAYS})
    made = key or domain.new_key(each.key for each in now.sections)
    wanted = replace(before or Section(made, name), name=name, name_fr=name_fr, tab=chosen)
    _change(audience, lambda old: domain.with_section(old, wanted), seen=seen, by=by)
    return made


def remove_section(audience: str, key: str, *, seen: int, by: User) -> None:
    """Take a section away; its fields come under More.

    Raises:
        Invalid: it is More.
    """
    section(audience, key, by=by)
    if key == MORE:
        raise Invalid({"": STAYS})
    _change(audience, lambda old: domain.without_section(old, key), seen=seen, by=by)


def save_tab(
    audience: str, key: str | None, typed: Mapping[str, str], *, seen: int, by: User
) -> str:
    """Name a tab, or make one if ``key`` is None; return its key, which stands in addresses.

    Raises:
        NotFound: there is no such tab.
        Invalid: field → what is wrong with it.
    """
    now = layout(audience, by=by)
    if key:
        tab(audience, key, by=by)
    others = [each for each in now.tabs if each.key != key]
    name, name_fr = _names(typed, others)
    made = key or _free_word(name, {each.key for each in others})
    wanted = Tab(made, name, name_fr)
    _change(audience, lambda old: domain.with_tab(old, wanted), seen=seen, by=by)
    return made


def _free_word(name: str, taken: set[str]) -> str:
    word = (code_from(name) or "tab").replace("_", "-")[:40]
    words = (word, *(f"{word}-{number}" for number in range(2, 1_000)))
    return next(each for each in words if each not in taken)


def remove_tab(audience: str, key: str, *, seen: int, by: User) -> None:
    """Take a tab away; its sections go to the details."""
    tab(audience, key, by=by)
    _change(audience, lambda old: domain.without_tab(old, key), seen=seen, by=by)


def shelve(
    audience: str, order: Sequence[str], shown: Sequence[str], *, seen: int, by: User
) -> None:
    """Put the tabs of the record page in order and hide those not ``shown``; never the details."""
    hidden = frozenset(order) - {*shown, DETAILS}
    shelf = Arrangement(tuple(order), hidden)
    _change(audience, lambda old: replace(old, shelf=shelf), seen=seen, by=by)


def reset(audience: str, *, seen: int, by: User) -> None:
    """Give the layout of an audience up: a role has everyone's again, everyone the standard one."""
    layout(audience, by=by)
    kept = layouts.kept()
    left = {who: each for who, each in kept.layouts.items() if who != audience}
    _put_in_force(replace(kept, layouts=left), seen=seen, by=by)


def show_field_if(name: str, condition: Condition | None, *, seen: int, by: User) -> None:
    """Show a field only if ``condition`` holds, in every layout; without one always.

    Raises:
        NotFound: there is no such field.
        Invalid: the condition cannot be asked, or makes a circle.
    """
    need(RIGHT, by=by)
    if name not in fields.every("account"):
        raise NotFound
    kept = layouts.kept()
    conditions = {field: each for field, each in kept.conditions.items() if field != name}
    if condition is not None:
        conditions[name] = _askable(condition)
    _put_in_force(replace(kept, conditions=conditions), seen=seen, by=by)


def show_section_if(
    audience: str, key: str, condition: Condition | None, *, seen: int, by: User
) -> None:
    """Show a section only if ``condition`` holds; without one always.

    Raises:
        NotFound: there is no such section.
        Invalid: it is More, the condition cannot be asked, or makes a circle.
    """
    before = section(audience, key, by=by)
    if key == MORE:
        raise Invalid({"": STAYS})
    wanted = replace(before, when=_askable(condition) if condition else None)
    _change(audience, lambda old: domain.with_section(old, wanted), seen=seen, by=by)


def _askable(condition: Condition) -> Condition:
    """Refuse a condition that no form offers.

    Raises:
        Invalid: what is wrong with it.
    """
    spec = fields.of("account").get(condition.field)
    if spec is None:
        raise Invalid({"field": NOT_DECIDING})
    if condition.operator not in asked_of(spec):
        raise Invalid({"operator": NO_ASKING})
    if not takes(condition.operator, len(condition.values)):
        raise Invalid({"values": NO_VALUES})
    try:
        check_values(condition)
    except BadValue as bad:
        raise Invalid({"values": bad.text}) from bad
    return condition


def restore(number: int, *, seen: int, by: User) -> None:
    """Arrange everything again as an older version says.

    Raises:
        NotFound: there is no such version.
    """
    need(RIGHT, by=by)
    options = integration_versions.get(CODE, number, by=by).options
    _put_in_force(Kept.from_json(options), seen=seen, by=by)


def history(most: int = 20, *, by: User) -> list[IntegrationVersion]:
    """Return the last versions, newest first.

    Raises:
        Forbidden
    """
    need(RIGHT, by=by)
    return integration_versions.last(CODE, most, by=by)


def _change(audience: str, change: Change, *, seen: int, by: User) -> None:
    """Change the layout of an audience; one of its own begins as a copy of what it had."""
    changed = change(layout(audience, by=by))
    kept = layouts.kept()
    _put_in_force(replace(kept, layouts={**kept.layouts, audience: changed}), seen=seen, by=by)


def _put_in_force(wanted: Kept, *, seen: int, by: User) -> None:
    need(RIGHT, by=by)
    if seen != version():
        raise Conflict({}, message=integration_versions.CHANGED_SINCE)
    if wanted == layouts.kept():
        return
    _refuse_circles(wanted)
    integration_versions.put_in_force(CODE, wanted.as_json(), seen=seen, by=by, kind="layout_saved")


def _refuse_circles(wanted: Kept) -> None:
    known = fields.every("account")
    standard = (
        {} if EVERYONE in wanted.layouts else {EVERYONE: domain.standard(fields.of("account"))}
    )
    for each in (*wanted.layouts.values(), *standard.values()):
        around = circle(layouts.rules_of(each, wanted.conditions))
        if around:
            labels = [Text(known[name].label) for name in around if name in known]
            raise Invalid({"": Text(CIRCLE, {"fields": labels})})


def _names(typed: Mapping[str, str], others: Sequence[domain.Named]) -> tuple[str, str]:
    """Return the English and the French name; one that is missing is as the other.

    Raises:
        Invalid: field → what is wrong with it.
    """
    names = {name: " ".join(str(typed.get(name) or "").split()) for name in ("name", "name_fr")}
    wrong: dict[str, Text | str] = {
        name: TOO_LONG for name, text in names.items() if len(text) > LONGEST_NAME
    }
    english = names["name"] or names["name_fr"]
    if not english:
        wrong["name"] = NO_NAME
    if any(each.name.casefold() == english.casefold() for each in others):
        wrong["name"] = NAME_TAKEN
    if wrong:
        raise Invalid(wrong)
    return english, names["name_fr"] or english
