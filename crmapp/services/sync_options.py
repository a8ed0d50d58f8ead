"""What is set for the sync of accounts, in versions that can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmapp.db import while_unchanged
from crmapp.domain.field_rules import Side, Sync
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import IntegrationVersion, User
from crmapp.services import integration_versions
from crmapp.services.integration_versions import RIGHT
from crmapp.services.rights import need

ACCOUNTS = "account_sync"
EVERY = (5, 15, 60, 240)
"""Minutes between two readings of what was changed there, as people may choose them."""


@dataclass(frozen=True)
class SyncOptions:
    """Whether accounts are synchronised, in which direction, and where they may be created.

    ``direction`` narrows what the rows of the field map say; ``every`` is in minutes.
    """

    enabled: bool = False
    direction: Sync = Sync.BOTH
    create: frozenset[Side] = frozenset({Side.SALESFORCE})
    every: int = 15

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> SyncOptions:
        if not kept:
            return cls()
        return cls(
            bool(kept.get("enabled")),
            Sync(kept["direction"]),
            frozenset(map(Side, kept["create"])),
            int(kept["every"]),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "enabled": self.enabled,
            "direction": str(self.direction),
            "create": sorted(map(str, self.create)),
            "every": self.every,
        }


@dataclass(frozen=True)
class Step:
    """A version with what was in force by it, and before it."""

    version: IntegrationVersion
    now: SyncOptions
    before: SyncOptions


def options() -> SyncOptions:
    """Return what is in force."""
    return while_unchanged(
        "sync options", lambda: SyncOptions.from_json(integration_versions.options(ACCOUNTS))
    )


def was_set() -> bool:
    """Whether the sync was ever enabled, or anything else of it set."""
    return while_unchanged("sync set", lambda: version() > 0)


def version() -> int:
    """Return the number of the version in force; 0 before anything was set."""
    return integration_versions.number(ACCOUNTS)


def history(*, by: User, most: int = 20) -> list[Step]:
    """Return the last versions, newest first.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    versions = integration_versions.last(ACCOUNTS, most + 1, by=by)
    found = [SyncOptions.from_json(each.options) for each in versions]
    before = [*found[1:], SyncOptions()][: len(found)]
    return [Step(*each) for each in zip(versions, found, before, strict=True)][:most]


def save(chosen: SyncOptions, *, seen: int, by: User) -> int:
    """Put ``chosen`` in force, and return its version; ``seen`` is the one that ``by`` looked at.

    What is in force already makes no new one.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        Invalid: setting → what is wrong with it.
        Conflict: somebody saved another version since.
    """
    need(RIGHT, by=by)
    if chosen.every not in EVERY:
        raise Invalid({"every": N_("Choose one from the list.")})
    if chosen == SyncOptions.from_json(integration_versions.options(ACCOUNTS)):
        return version()
    return integration_versions.put_in_force(ACCOUNTS, chosen.as_json(), seen=seen, by=by)


def take_back(number: int, *, seen: int, by: User) -> int:
    """Put what version ``number`` held in force again, as a new version; 0 is before the first.

    Raises:
        Forbidden, Conflict
        NotFound: there is no such version.
    """
    kept = integration_versions.get(ACCOUNTS, number, by=by).options if number else {}
    return save(SyncOptions.from_json(kept), seen=seen, by=by)
