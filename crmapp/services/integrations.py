"""What is set for the Advanced CRM Integration, in versions that can be taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from crmapp.db import session, while_unchanged
from crmapp.domain.arrangement import Arrangement
from crmapp.errors import Conflict, Invalid
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

    def since(self, before: Options) -> Change:
        """Return what these options do otherwise than those ``before``."""
        now, then = self.detail_fields, before.detail_fields
        return Change(
            None if self.show_details is before.show_details else self.show_details,
            tuple(name for name in now if name not in then),
            tuple(name for name in then if name not in now),
            [name for name in now if name in then] != [name for name in then if name in now],
        )


@dataclass(frozen=True)
class Change:
    """What is otherwise than before; ``shown`` says whether showing begins or ends, if it does."""

    shown: bool | None
    added: tuple[str, ...]
    removed: tuple[str, ...]
    reordered: bool

    @property
    def takes_away(self) -> bool:
        """Whether everybody loses something: a person looks at it before it is saved."""
        return bool(self.removed) or self.shown is False


@dataclass(frozen=True)
class Step:
    """A version with what it does otherwise than the one before it.

    ``back`` is what would be otherwise than now, were it put in force again.
    """

    version: IntegrationVersion
    change: Change
    back: Change


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
    steps = [
        Step(version, now.since(then), now.since(found[0]))
        for version, now, then in zip(versions, found, before, strict=True)
    ]
    return steps[:most]


def change(chosen: Options, *, seen: int, by: User) -> Change:
    """Return what would be otherwise if ``by`` saved ``chosen``.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        Conflict: somebody saved another version since ``seen``.
    """
    need(RIGHT, by=by)
    if chosen != options() and version() != seen:
        raise Conflict({}, message=integration_versions.CHANGED_SINCE)
    return chosen.since(options())


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
    return integration_versions.put_in_force(
        ADVANCED, chosen.as_json(), seen=seen, by=by, follow=lambda: _forget_all_but(names)
    )


def _forget_all_but(names: Collection[str]) -> None:
    """Forget how people have arranged other fields: one that comes back is new to everybody."""
    arranged = select(User.id, User.own_details).where(User.own_details.is_not(None))
    for person, kept in session.execute(arranged).all():
        before = Arrangement.from_json(kept)
        left = before.only(names)
        if left != before:
            changed = update(User).where(User.id == person)
            session.execute(changed.values(own_details=left.as_json()))


def at(number: int, *, by: User) -> Options:
    """Return what version ``number`` held.

    Raises:
        Forbidden
        NotFound: there is no such version.
    """
    return Options.from_json(integration_versions.get(ADVANCED, number, by=by).options)


def take_back(number: int, *, seen: int, by: User) -> int:
    """Put what version ``number`` held in force again, as a new version.

    Raises:
        Forbidden, Conflict
        NotFound: there is no such version.
    """
    return save(at(number, by=by), seen=seen, by=by)


def chosen_names(typed: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the names of ``typed`` that are ``known``, once each, in their order."""
    return tuple(dict.fromkeys(name for name in typed if name in set(known)))
