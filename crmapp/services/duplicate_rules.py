"""What happens when an account is saved that may exist already: a rule for each key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmapp.db import while_unchanged
from crmapp.domain.duplicate_keys import USUAL, Effect, Key
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import IntegrationVersion, User
from crmapp.services import integration_versions
from crmapp.services.rights import need

RIGHT = integration_versions.RIGHT
CODE = "duplicate_rules"
NOT_OFFERED = N_("Choose block, warn or ignore for each key.")

Rules = Mapping[Key, Effect]


@dataclass(frozen=True)
class Step:
    """A version of the rules with those that it changed: key → what it was, what it became."""

    version: IntegrationVersion
    changed: dict[Key, tuple[Effect, Effect]]


def rules() -> Rules:
    """Return the rules in force."""
    return while_unchanged(CODE, lambda: _from_json(integration_versions.options(CODE)))


def version() -> int:
    """Return the number of the version in force; 0 before anybody set any."""
    return integration_versions.number(CODE)


def history(*, by: User, most: int = 20) -> list[Step]:
    """Return the last versions that changed something, newest first.

    Raises:
        Forbidden: she may not set the rules.
    """
    versions = integration_versions.last(CODE, most + 1, by=by)
    found = [_from_json(each.options) for each in versions]
    before = [*found[1:], USUAL]
    steps = [
        Step(each, {key: (then[key], now[key]) for key in USUAL if then[key] is not now[key]})
        for each, now, then in zip(versions, found, before, strict=False)
    ]
    return steps[:most]


def save(chosen: Mapping[str, str], *, seen: int, by: User) -> None:
    """Put other rules in force for everybody; ``seen`` is the version that ``by`` saw.

    Raises:
        Forbidden: she may not set the rules.
        Invalid: a key is missing or not known, or has an effect that there is none of.
        Conflict: somebody saved others since.
    """
    need(RIGHT, by=by)
    if chosen.keys() != USUAL.keys() or not set(chosen.values()) <= set(Effect):
        raise Invalid({"": NOT_OFFERED})
    if seen != version() or chosen != rules():
        integration_versions.put_in_force(CODE, dict(chosen), seen=seen, by=by)


def _from_json(kept: Mapping[str, Any]) -> Rules:
    return {key: Effect(kept.get(key, usual)) for key, usual in USUAL.items()}
