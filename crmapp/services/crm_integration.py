"""What is set for the CRM Integration: whether fields are mapped, in versions."""

from __future__ import annotations

from dataclasses import dataclass

from crmapp.db import while_unchanged
from crmapp.models import IntegrationVersion, User
from crmapp.services import integration_versions
from crmapp.services.integration_versions import RIGHT
from crmapp.services.rights import need

CRM = "crm"


@dataclass(frozen=True)
class Step:
    """A version, and whether the field map was enabled by it."""

    version: IntegrationVersion
    maps_fields: bool


def maps_fields() -> bool:
    """Say whether the field map is enabled; without it only standard fields are synchronised."""
    return while_unchanged("crm options", _maps_fields)


def _maps_fields() -> bool:
    return bool(integration_versions.options(CRM).get("field_map"))


def version() -> int:
    """Return the number of the version in force; 0 before anything was set."""
    return integration_versions.number(CRM)


def history(*, by: User, most: int = 20) -> list[Step]:
    """Return the last versions, newest first.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    found = integration_versions.last(CRM, most, by=by)
    return [Step(each, bool(each.options.get("field_map"))) for each in found]


def save(enabled: bool, *, seen: int, by: User) -> int:
    """Enable the field map or rest it, and return the version; the map itself stays as it is.

    ``seen`` is the version that ``by`` looked at. What is in force already makes no new one.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        Conflict: somebody saved another version since.
    """
    need(RIGHT, by=by)
    if _maps_fields() is enabled:
        return version()
    return integration_versions.put_in_force(CRM, {"field_map": enabled}, seen=seen, by=by)


def take_back(number: int, *, seen: int, by: User) -> int:
    """Put what version ``number`` held in force again, as a new version.

    Raises:
        Forbidden, Conflict
        NotFound: there is no such version.
    """
    found = integration_versions.get(CRM, number, by=by)
    return save(bool(found.options.get("field_map")), seen=seen, by=by)
