"""What is wrong with a connection: of which kind it is, and how it is kept and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmapp.connectors.errors import (
    AuthFailed,
    ConfigBroken,
    PermissionMissing,
    QuotaExceeded,
    Retryable,
    Unreachable,
    WrongInstance,
)
from crmapp.connectors.redaction import redacted, shortened
from crmapp.db import utcnow
from crmapp.domain.list_values import SYSTEMS
from crmapp.errors import CRMError, SecretsLost
from crmapp.i18n import N_, Text

KINDS: dict[str, str] = {
    "credentials": N_("The credentials are wrong"),
    "permission": N_("A permission is missing"),
    "network": N_("The network does not get there"),
    "instance": N_("The address is wrong"),
    "quota": N_("The quota is used up"),
    "busy": N_("The other system is busy"),
    "field": N_("A field or an object is gone"),
    "secrets": N_("The secrets cannot be read"),
    "other": N_("Something is wrong"),
}
_BUSY = N_("%(system)s is busy. It is asked again in a while.")
# The first that fits; an error stands before the one that it is a kind of.
_KINDS: tuple[tuple[type[CRMError], str], ...] = (
    (AuthFailed, "credentials"),
    (PermissionMissing, "permission"),
    (WrongInstance, "instance"),
    (QuotaExceeded, "quota"),
    (Unreachable, "network"),
    (Retryable, "busy"),
    (ConfigBroken, "field"),
    (SecretsLost, "secrets"),
)


def name_busy(error: Retryable, system: str) -> None:
    """Have an error say which system is busy, if it does not say anything of its own."""
    if error.message.text == Retryable.default:
        error.message = Text(_BUSY, {"system": SYSTEMS.get(system, system)})


@dataclass(frozen=True)
class Problem:
    """``remote`` are the other system's own words, ``what`` the permission or field it is about."""

    kind: str
    sentence: Text
    remote: str = ""
    what: str = ""
    at: datetime | None = None

    @property
    def title(self) -> str:
        return KINDS.get(self.kind, KINDS["other"])


def kind_of(error: CRMError) -> str:
    """Return the kind of problem that an error is."""
    return next((kind for type_, kind in _KINDS if isinstance(error, type_)), "other")


def kept(error: CRMError) -> dict[str, Any]:
    """Return an error as JSON, to be said later in any language."""
    params = {
        name: value if isinstance(value, str | int | float) else str(value)
        for name, value in error.message.params.items()
    }
    return {
        "kind": kind_of(error),
        "text": error.message.text,
        "params": params,
        "remote": shortened(redacted(getattr(error, "remote", ""))),
        "what": getattr(error, "what", "") or getattr(error, "field", ""),
        "at": utcnow().isoformat(),
    }


def of(json: Mapping[str, Any]) -> Problem | None:
    """Return the problem that was kept, if one was."""
    if not json:
        return None
    at = json.get("at")
    return Problem(
        kind=json.get("kind", "other"),
        sentence=Text(json.get("text", ""), dict(json.get("params") or {})),
        remote=json.get("remote", ""),
        what=json.get("what", ""),
        at=datetime.fromisoformat(at) if at else None,
    )
