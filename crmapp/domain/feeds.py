"""A CRM mapping as a value: its sources in their order, who owns what, who gets new accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmapp.domain.fields import Field
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.mapping_diff import differences
from crmapp.domain.ownership import LABELS, Owner
from crmapp.i18n import N_, Text

MANDATORY = ("name", "number")
RESPONSIBLE_BY = ("territory", "billing_postal_code")
"""Fields by which an owner and a team are chosen: the code, or how the postal code begins."""


@dataclass(frozen=True)
class FedBy:
    """One source of a CRM mapping; a field that is not in ``owned`` is the source's."""

    source_id: int
    mapping: FieldMapping
    owned: Mapping[str, Owner] = field(default_factory=dict)

    def owner_of(self, name: str) -> Owner:
        return self.owned.get(name, Owner.ERP)

    def as_json(self) -> dict[str, Any]:
        mapping = {name: each for name, each in self.mapping.as_json().items() if name != "version"}
        owned = {name: owner.value for name, owner in self.owned.items()}
        return {"source_id": self.source_id, "mapping": mapping, "owned": owned}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> FedBy:
        owned = {name: Owner(owner) for name, owner in kept.get("owned", {}).items()}
        return cls(kept["source_id"], FieldMapping.from_json(kept["mapping"]), owned)


@dataclass(frozen=True)
class Responsible:
    """Who gets an account that nobody has, by how one of its fields begins."""

    field: str
    begins: str
    owner_id: int | None = None
    team_id: int | None = None

    def fits(self, values: Mapping[str, Any]) -> bool:
        held = _squeezed(values.get(self.field))
        if self.field == "billing_postal_code":
            return bool(held) and held.startswith(_squeezed(self.begins))
        return bool(held) and held == _squeezed(self.begins)

    @property
    def gives(self) -> dict[str, int]:
        both = {"owner_id": self.owner_id, "team_id": self.team_id}
        return {name: id_ for name, id_ in both.items() if id_ is not None}

    def as_json(self) -> dict[str, Any]:
        own = {"field": self.field, "begins": self.begins}
        return {**own, "owner_id": self.owner_id, "team_id": self.team_id}


def _squeezed(value: Any) -> str:
    return "".join(str(value or "").split()).lower()


@dataclass(frozen=True)
class Content:
    """What a version of a CRM mapping says."""

    sources: tuple[FedBy, ...] = ()
    responsible: tuple[Responsible, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "sources": [each.as_json() for each in self.sources],
            "responsible": [each.as_json() for each in self.responsible],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Content:
        return cls(
            tuple(FedBy.from_json(each) for each in kept.get("sources", ())),
            tuple(Responsible(**each) for each in kept.get("responsible", ())),
        )


def responsible_for(rules: Sequence[Responsible], values: Mapping[str, Any]) -> dict[str, int]:
    """Return the owner and the team that the first rule which fits gives; nothing if none does."""
    return next((rule.gives for rule in rules if rule.fits(values)), {})


def changes(
    before: Content, after: Content, fields: Mapping[str, Field], names: Mapping[int, str]
) -> list[Text]:
    """Say what ``after`` does otherwise than ``before``; ``names`` are those of the sources."""
    return list(_changes(before, after, fields, names))


def _changes(
    before: Content, after: Content, fields: Mapping[str, Field], names: Mapping[int, str]
) -> Iterator[Text]:
    old = {each.source_id: each for each in before.sources}
    new = {each.source_id: each for each in after.sources}
    for gone in old.keys() - new.keys():
        yield Text(N_("“%(source)s” is read no more."), {"source": names.get(gone, "")})
    for id_, fed in new.items():
        source = {"source": names.get(id_, "")}
        was = old.get(id_)
        if was is None:
            yield Text(N_("“%(source)s” is read."), source)
        said = differences(was.mapping if was else FieldMapping({}), fed.mapping, fields)
        for each in (*said, *_owners(was, fed, fields)):
            yield Text(N_("“%(source)s”: %(change)s"), {**source, "change": each})
    shared = old.keys() & new.keys()
    if [id_ for id_ in old if id_ in shared] != [id_ for id_ in new if id_ in shared]:
        order = [names.get(id_, "") for id_ in new]
        yield Text(N_("The order of the sources is: %(names)s."), {"names": order})
    if before.responsible != after.responsible:
        yield Text(N_("Who gets new accounts has changed."))


def _owners(before: FedBy | None, after: FedBy, fields: Mapping[str, Field]) -> Iterator[Text]:
    for name in after.mapping.fields:
        owner = after.owner_of(name)
        if owner is not (before.owner_of(name) if before else Owner.ERP):
            label = Text(fields[name].label if name in fields else name)
            said = {"field": label, "owner": Text(LABELS[owner])}
            yield Text(N_("%(field)s: %(owner)s."), said)
