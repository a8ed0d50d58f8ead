"""What the change log says of records, replayed from nothing, and what the tables say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.fields import freeze
from crmapp.domain.planned import COMPLETION
from crmapp.models import Change, ExternalIdentity
from crmapp.services import records

Key = tuple[str, str, str]
KINDS = ("account", "contact", "activity", "attachment")
_AROUND = {"id", "custom", "lineage", "version", "created_at", "updated_at", "deleted_at"}
_FOLLOWS = {"search_text", *COMPLETION}


@dataclass
class Seen:
    """A record: its cells as the log keeps them, and field → the change that wrote it last."""

    cells: dict[str, Any] = field(default_factory=dict)
    deleted: bool = False
    version: int = 0
    lineage: dict[str, int] = field(default_factory=dict)


@dataclass
class World:
    """All records by kind and id, and what external ids mean: account, and change that said so."""

    records: dict[tuple[str, int], Seen] = field(default_factory=dict)
    links: dict[Key, tuple[int, int]] = field(default_factory=dict)

    @property
    def accounts(self) -> dict[int, Seen]:
        return {id_: seen for (kind, id_), seen in self.records.items() if kind == "account"}

    def means(self, key: Key) -> int | None:
        return self.links[key][0] if key in self.links else None


def cells_of(kind: str) -> list[str]:
    """Return the columns of a kind that somebody may fill in, those that follow from others not."""
    names = records.table_of(records.MODELS[kind]).c.keys()
    return [name for name in names if name not in _AROUND | _FOLLOWS and name[-4:] != "_key"]


def present() -> World:
    """Read the tables."""
    session.rollback()
    world = World()
    for kind in KINDS:
        names = cells_of(kind)
        for row in session.execute(select(records.table_of(records.MODELS[kind]))):
            own = {name: freeze(getattr(row, name)) for name in names} | row.custom
            cells = {name: value for name, value in own.items() if value is not None}
            seen = Seen(cells, row.deleted_at is not None, row.version, row.lineage)
            world.records[kind, row.id] = seen
    world.links = {
        (row.system, row.object, row.external_id): (row.account_id, row.change_id)
        for row in session.execute(select(ExternalIdentity.__table__))
    }
    return world


def replayed() -> World:
    """Play the whole log from nothing; each change must begin with what is there by then."""
    world = World()
    log = Change.__table__
    for change in session.execute(
        select(log).where(log.c.object.in_(KINDS)).order_by(log.c.id)
    ).mappings():
        _play(world, change)
    return world


def _play(world: World, change: Mapping[str, Any]) -> None:
    record = (change["object"], change["record_id"])
    if change["action"] == "created":
        assert record not in world.records, change
        world.records[record] = Seen({})
    seen = world.records[record]
    assert seen.deleted == (change["action"] == "restored"), change
    for name, (before, after) in change["fields"].items():
        assert before == seen.cells.pop(name, None), (name, change)
        seen.cells |= {} if after is None else {name: after}
        seen.lineage[name] = change["id"]
    if change["action"] == "created":
        seen.cells = _blank(change["object"]) | seen.cells
    seen.deleted = change["action"] == "deleted"
    seen.version += change["action"] != "linked"
    assert seen.version == change["version"], change
    for *key, before, after in change["links"]:
        _link(world, (key[0], key[1], key[2]), before, after, change["id"])


def _blank(kind: str) -> dict[str, Any]:
    """Return what a new record holds where nothing was said; what is not there holds nothing."""
    columns = records.table_of(records.MODELS[kind]).c
    defaults = {name: columns[name].default for name in cells_of(kind)}
    return {n: d.arg(None) if d.is_callable else d.arg for n, d in defaults.items() if d}


def _link(world: World, key: Key, before: int | None, after: int | None, by: int) -> None:
    assert world.means(key) == before, (key, by)
    world.links.pop(key, None)
    if after is not None:
        world.links[key] = (after, by)
