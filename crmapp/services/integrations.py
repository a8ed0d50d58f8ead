"""What is set for the Advanced CRM Integration, in versions that can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmapp.db import while_unchanged
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import IntegrationVersion, User
from crmapp.services import integration_versions
from crmapp.services.integration_versions import RIGHT
from crmapp.services.rights import need

ADVANCED = "advanced_crm"
MOST_FIELDS = 200
"""So many fields are shown at most: each is read of each account."""


@dataclass(frozen=True)
class Options:
    """Which fields of Salesforce's accounts are shown on ours, and whether they are at all."""

    show_details: bool = False
    detail_fields: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Options:
        return cls(bool(kept.get("show_details")), tuple(kept.get("detail_fields", ())))

    def as_json(self) -> dict[str, Any]:
        return {"show_details": self.show_details, "detail_fields": list(self.detail_fields)}


@dataclass(frozen=True)
class Step:
    """A version with what it does otherwise than the one before it."""

    version: IntegrationVersion
    options: Options
    shown: bool | None
    """Whether it began (True) or ended (False) to show details; None for neither."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    reordered: bool


def options() -> Options:
    """Return what is in force."""
    return while_unchanged(
        "integration options",
        lambda: Options.from_json(integration_versions.options(ADVANCED)),
    )


def version() -> int:
    """Return the number of the version in force; 0 before anything was set."""
    return integration_versions.number(ADVANCED)


def history(*, by: User, most: int = 20) -> list[Step]:
    """Return the last versions, newest first.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    versions = integration_versions.last(ADVANCED, most + 1, by=by)
    found = [Options.from_json(each.options) for each in versions]
    before = [*found[1:], Options()][: len(found)]
    steps = [_step(*each) for each in zip(versions, found, before, strict=True)]
    return steps[:most]


def _step(made: IntegrationVersion, now: Options, before: Options) -> Step:
    stayed = [name for name in now.detail_fields if name in before.detail_fields]
    order = [name for name in before.detail_fields if name in now.detail_fields]
    return Step(
        made,
        now,
        None if now.show_details is before.show_details else now.show_details,
        tuple(name for name in now.detail_fields if name not in before.detail_fields),
        tuple(name for name in before.detail_fields if name not in now.detail_fields),
        stayed != order,
    )


def save(chosen: Options, *, seen: int, by: User) -> int:
    """Put ``chosen`` in force for everybody, and return its version.

    ``seen`` is the version that ``by`` looked at. What is in force already makes no new one.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        Conflict: somebody saved another version since.
        Invalid: there are too many fields, or one of them is there twice.
    """
    need(RIGHT, by=by)
    names = chosen.detail_fields
    if len(names) > MOST_FIELDS:
        raise Invalid(
            {"fields": Text(N_("Choose at most %(most)s fields."), {"most": MOST_FIELDS})}
        )
    if len(set(names)) < len(names):
        raise Invalid({"fields": N_("A field is chosen twice. Reload the page and try again.")})
    if chosen == Options.from_json(integration_versions.options(ADVANCED)):
        return version()
    return integration_versions.put_in_force(ADVANCED, chosen.as_json(), seen=seen, by=by)


def take_back(number: int, *, seen: int, by: User) -> int:
    """Put what version ``number`` held in force again, as a new version.

    Raises:
        Forbidden, Conflict
        NotFound: there is no such version.
    """
    found = integration_versions.get(ADVANCED, number, by=by)
    return save(Options.from_json(found.options), seen=seen, by=by)


def chosen_names(typed: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the names of ``typed`` that are ``known``, once each, in their order."""
    return tuple(dict.fromkeys(name for name in typed if name in set(known)))
