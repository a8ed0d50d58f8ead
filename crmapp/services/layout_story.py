"""What each version of the layouts changed, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crmapp.domain.layouts import DETAILS, Layout, Section
from crmapp.domain.permissions import ROLE_LABELS, Role
from crmapp.i18n import N_, Text
from crmapp.models import IntegrationVersion, User
from crmapp.services import fields, layout_edits, layouts
from crmapp.services.layouts import EVERYONE, Kept


@dataclass(frozen=True)
class Step:
    """A version, with what it changed."""

    version: IntegrationVersion
    changes: list[Text]


def told(most: int = 20, *, by: User) -> list[Step]:
    """Return the last versions, newest first.

    Raises:
        Forbidden: she may not change the settings.
    """
    versions = layout_edits.history(most + 1, by=by)
    states = [Kept.from_json(each.options) for each in versions]
    before = [*states[1:], Kept()]
    steps = [
        Step(version, list(changes(then, now)))
        for version, now, then in zip(versions, states, before, strict=False)
    ]
    return steps[:most]


def changes(before: Kept, after: Kept) -> Iterator[Text]:
    """Say what is other in ``after``."""
    for who in dict.fromkeys([*before.layouts, *after.layouts]):
        said = Text(N_("Everyone") if who == EVERYONE else ROLE_LABELS[Role(who)])
        if who not in after.layouts:
            yield Text(N_("%(who)s: reset"), {"who": said})
            continue
        then = before.layouts.get(who) or before.layouts.get(EVERYONE)
        if who not in before.layouts:
            yield Text(N_("%(who)s: a layout of its own"), {"who": said})
        for change in _between(then, after.layouts[who]):
            yield Text(N_("%(who)s: %(change)s"), {"who": said, "change": change})
    for name in dict.fromkeys([*before.conditions, *after.conditions]):
        if before.conditions.get(name) != after.conditions.get(name):
            yield Text(_condition_change(name in after.conditions), {"name": _called(name)})


def _between(before: Layout | None, after: Layout) -> Iterator[Text]:
    if before is None:
        before = layouts.standard_now()
    for name in sorted(after.hidden - before.hidden):
        yield Text(N_("%(name)s is hidden"), {"name": _called(name)})
    for name in sorted(before.hidden - after.hidden):
        yield Text(N_("%(name)s is shown again"), {"name": _called(name)})
    then = {each.key: each for each in before.sections}
    now = {each.key: each for each in after.sections}
    homes = {name: each.key for each in before.sections for name in each.fields}
    for key in [key for key in then if key not in now]:
        yield Text(N_("section “%(name)s” is gone"), {"name": Text(then[key].label)})
    for key, section in now.items():
        yield from _of_section(then.get(key), section)
        come = [name for name in section.fields if homes.get(name, key) != key]
        if come:
            names = [_called(name) for name in come]
            yield Text(
                N_("under “%(section)s” now: %(names)s"),
                {"section": Text(section.label), "names": names},
            )
    if _order(before) != _order(after) and _same_homes(before, after):
        yield Text(N_("another order of sections or fields"))
    if before.shelf != after.shelf or before.tabs != after.tabs:
        yield Text(N_("other tabs, or another order of them"))


def _of_section(before: Section | None, after: Section) -> Iterator[Text]:
    name = {"name": Text(after.label)}
    if before is None:
        yield Text(N_("section “%(name)s” is new"), name)
        return
    if before.label != after.label:
        yield Text(
            N_("section “%(old)s” is called “%(name)s”"), {"old": Text(before.label), **name}
        )
    if before.tab != after.tab:
        on_details = after.tab == DETAILS
        yield Text(
            N_("section “%(name)s” lies on the details") if on_details
            else N_("section “%(name)s” lies on another tab"),
            name,
        )  # fmt: skip
    if before.when != after.when:
        yield Text(_condition_change(after.when is not None), name)


def _condition_change(has_one: bool) -> str:
    if has_one:
        return N_("“%(name)s” counts under another condition")
    return N_("“%(name)s” counts always")


def _order(layout: Layout) -> list[str]:
    return [row for each in layout.sections for row in (each.key, *each.fields)]


def _same_homes(before: Layout, after: Layout) -> bool:
    return {each.key: {*each.fields} for each in before.sections} == {
        each.key: {*each.fields} for each in after.sections
    }


def _called(name: str) -> Text | str:
    known = fields.every("account").get(name)
    return Text(known.label) if known else name
