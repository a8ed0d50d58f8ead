"""How the fields of an account are arranged: in sections that lie on tabs, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from crmapp.domain.arrangement import Arrangement
from crmapp.domain.conditions import Condition
from crmapp.domain.field_conditions import as_text, from_text
from crmapp.domain.fields import Field
from crmapp.domain.records import GROUP_MORE
from crmapp.i18n import Bilingual

DETAILS = "details"
"""The tab that is always there: sections lie on it, or on a tab of the installation's own."""
MORE = "more"
"""The section that takes up what lies in no other; it stays on the details, for everybody."""
OWN = "="
"""Begins the key of a section among fields, and of a tab of its own among those built in."""


@dataclass(frozen=True)
class Named:
    """What has a name in both languages; one of ours has no French, but is translated."""

    key: str
    name: str
    name_fr: str = ""

    @property
    def label(self) -> str:
        return Bilingual(self.name, fr=self.name_fr) if self.name_fr else self.name


@dataclass(frozen=True)
class Tab(Named):
    """A tab of the record page that this installation made."""


@dataclass(frozen=True)
class Section(Named):
    """A heading with the fields under it, in their order; ``when`` says for which accounts."""

    tab: str = DETAILS
    fields: tuple[str, ...] = ()
    when: Condition | None = None


@dataclass(frozen=True)
class Layout:
    """Sections in their order, tabs, and the fields that are ``hidden`` though they have a place.

    ``shelf`` is the order of the record's tabs, those that are built in too, and which are hidden.
    """

    sections: tuple[Section, ...]
    tabs: tuple[Tab, ...] = ()
    shelf: Arrangement = Arrangement()
    hidden: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(
            tuple(
                Section(
                    **{**each, "fields": tuple(each["fields"]), "when": from_text(each["when"])}
                )
                for each in kept["sections"]
            ),
            tuple(Tab(**each) for each in kept["tabs"]),
            Arrangement.from_json(kept["shelf"]),
            frozenset(kept["hidden"]),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "sections": [
                {
                    **vars(each), "fields": list(each.fields),
                    "when": as_text(each.when) if each.when else "",
                }
                for each in self.sections
            ],
            "tabs": [vars(each) for each in self.tabs],
            "shelf": self.shelf.as_json(),
            "hidden": sorted(self.hidden),
        }  # fmt: skip

    def section(self, key: str) -> Section | None:
        return next((each for each in self.sections if each.key == key), None)

    def tab(self, key: str) -> Tab | None:
        return next((each for each in self.tabs if each.key == key), None)


def required_first(fields: Iterable[Field]) -> list[Field]:
    """Return the fields in their order, but the required ones before the others."""
    return sorted(fields, key=lambda spec: not spec.required)


def grouped(fields: Iterable[Field]) -> list[tuple[str, list[Field]]]:
    """Return (label of the group, its fields), required fields first."""
    groups: dict[str, list[Field]] = {}
    for spec in required_first(fields):
        groups.setdefault(spec.group, []).append(spec)
    return list(groups.items())


def standard(fields: Mapping[str, Field]) -> Layout:
    """Return the layout of an installation that has made none: a section for each group."""
    return Layout(
        tuple(
            Section(
                MORE if label == GROUP_MORE else f"s{number}",
                str(label),
                label.fr if isinstance(label, Bilingual) else "",
                fields=tuple(spec.name for spec in specs),
            )
            for number, (label, specs) in enumerate(grouped(fields.values()), 1)
        )
    )


def whole(layout: Layout, fields: Mapping[str, Field]) -> Layout:
    """Return the layout with all ``fields`` in it: those that lie nowhere come last, under More."""
    placed = {name for each in layout.sections for name in each.fields}
    rest = tuple(name for name in fields if name not in placed)
    if not rest:
        return layout
    more = layout.section(MORE)
    if more is None:
        return replace(layout, sections=(*layout.sections, Section(MORE, GROUP_MORE, fields=rest)))
    return with_section(layout, replace(more, fields=(*more.fields, *rest)))


def shown(layout: Layout, fields: Mapping[str, Field]) -> list[tuple[Section, list[Field]]]:
    """Return the sections with the fields that people meet there; a required one is never hidden.

    Sections without any are left out.
    """
    found: list[tuple[Section, list[Field]]] = []
    for section in whole(layout, fields).sections:
        specs = [fields[name] for name in section.fields if name in fields]
        met = [spec for spec in specs if spec.required or spec.name not in layout.hidden]
        if met:
            found.append((section, met))
    return found


def rows(layout: Layout, fields: Mapping[str, Field]) -> list[str]:
    """Return sections and fields as one list: each section is followed by its fields."""
    return [
        row
        for section in whole(layout, fields).sections
        for row in (OWN + section.key, *(name for name in section.fields if name in fields))
    ]


def arranged(layout: Layout, order: Sequence[str], moved: str | None = None) -> Layout:
    """Return the layout with its rows in ``order``: a field lies under the section above it.

    If a section was ``moved``, its fields come along. What ``order`` does not name, as a retired
    field, stays under its section.
    """
    known = {each.key: each for each in layout.sections}
    keys = [row.removeprefix(OWN) for row in order if row.startswith(OWN)]
    keys = [*dict.fromkeys(key for key in [*keys, *known] if key in known)]
    if moved is not None and moved.startswith(OWN):
        return replace(layout, sections=tuple(known[key] for key in keys))
    under: dict[str, list[str]] = {key: [] for key in keys}
    here = keys[0]
    placed = {name for each in layout.sections for name in each.fields}
    named = [row for row in dict.fromkeys(order) if row.startswith(OWN) or row in placed]
    for row in named:
        if row.startswith(OWN):
            here = row.removeprefix(OWN) if row.removeprefix(OWN) in known else here
        else:
            under[here].append(row)
    for key in keys:
        under[key] += [name for name in known[key].fields if name not in named]
    return replace(
        layout, sections=tuple(replace(known[key], fields=tuple(under[key])) for key in keys)
    )


def put(layout: Layout, names: Sequence[str], key: str) -> Layout:
    """Return the layout with the fields ``names`` at the end of the section ``key``."""
    return replace(
        layout,
        sections=tuple(
            replace(
                each,
                fields=(
                    *(name for name in each.fields if name not in names),
                    *(names if each.key == key else ()),
                ),
            )
            for each in layout.sections
        ),
    )


def with_section(layout: Layout, section: Section) -> Layout:
    """Return the layout with ``section`` in the place of the one with its key, else before More."""
    found, keys = list(layout.sections), [each.key for each in layout.sections]
    if section.key in keys:
        found[keys.index(section.key)] = section
    else:
        found.insert(len(keys) - (keys[-1:] == [MORE]), section)
    return replace(layout, sections=tuple(found))


def without_section(layout: Layout, key: str) -> Layout:
    """Return the layout without a section; its fields lie nowhere, so they come under More."""
    return replace(layout, sections=tuple(each for each in layout.sections if each.key != key))


def with_tab(layout: Layout, tab: Tab) -> Layout:
    """Return the layout with ``tab`` in the place of the one with its key, or as the last."""
    if layout.tab(tab.key) is None:
        return replace(layout, tabs=(*layout.tabs, tab))
    tabs = tuple(tab if each.key == tab.key else each for each in layout.tabs)
    return replace(layout, tabs=tabs)


def without_tab(layout: Layout, key: str) -> Layout:
    """Return the layout without a tab of its own; the sections on it go to the details."""
    sections = tuple(
        replace(each, tab=DETAILS) if each.tab == key else each for each in layout.sections
    )
    tabs = tuple(each for each in layout.tabs if each.key != key)
    return replace(layout, sections=sections, tabs=tabs)


def new_key(taken: Iterable[str]) -> str:
    """Return a key for a section that none of ``taken`` is."""
    used = set(taken)
    return next(key for key in (f"s{number}" for number in range(1, 10_000)) if key not in used)
