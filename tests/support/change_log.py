"""What the change log says of accounts, replayed from nothing, and what the tables say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.fields import freeze
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.models import Account, Change, ExternalIdentity

Key = tuple[str, str, str]
BLANK = {"tags": [], "active": True}
"""What a new account holds where nothing was said; a cell that is not there holds nothing."""


@dataclass
class Seen:
    """An account: its cells as the log keeps them, and field → the change that wrote it last."""

    cells: dict[str, Any] = field(default_factory=lambda: dict(BLANK))
    deleted: bool = False
    version: int = 0
    lineage: dict[str, int] = field(default_factory=dict)


@dataclass
class World:
    """All accounts, and what external ids mean: the account, and the change that said so."""

    accounts: dict[int, Seen] = field(default_factory=dict)
    links: dict[Key, tuple[int, int]] = field(default_factory=dict)

    def means(self, key: Key) -> int | None:
        return self.links[key][0] if key in self.links else None


def present() -> World:
    """Read the tables."""
    session.rollback()
    accounts = {}
    for row in session.execute(select(Account.__table__)):
        standard = {name: freeze(getattr(row, name)) for name in (*ACCOUNT_FIELDS, "replaced_by")}
        cells = {n: v for n, v in {**standard, **row.custom}.items() if v is not None}
        accounts[row.id] = Seen(cells, row.deleted_at is not None, row.version, row.lineage)
    links = {
        (row.system, row.object, row.external_id): (row.account_id, row.change_id)
        for row in session.execute(select(ExternalIdentity.__table__))
    }
    return World(accounts, links)


def replayed() -> World:
    """Play the whole log from nothing; each change must begin with what is there by then."""
    world = World()
    log = Change.__table__
    for change in session.execute(
        select(log).where(log.c.object == "account").order_by(log.c.id)
    ).mappings():
        _play(world, change)
    return world


def _play(world: World, change: Mapping[str, Any]) -> None:
    if change["action"] == "created":
        assert change["record_id"] not in world.accounts, change
        world.accounts[change["record_id"]] = Seen({})
    account = world.accounts[change["record_id"]]
    assert account.deleted == (change["action"] == "restored"), change
    for name, (before, after) in change["fields"].items():
        assert before == account.cells.pop(name, None), (name, change)
        account.cells |= {} if after is None else {name: after}
        account.lineage[name] = change["id"]
    if change["action"] == "created":
        account.cells = BLANK | account.cells
    account.deleted = change["action"] == "deleted"
    account.version += change["action"] != "linked"
    assert account.version == change["version"], change
    for *key, before, after in change["links"]:
        _link(world, (key[0], key[1], key[2]), before, after, change["id"])


def _link(world: World, key: Key, before: int | None, after: int | None, by: int) -> None:
    assert world.means(key) == before, (key, by)
    world.links.pop(key, None)
    if after is not None:
        world.links[key] = (after, by)
