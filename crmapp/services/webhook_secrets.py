"""Secrets of webhooks: encrypted where they are kept; those before count for a day more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crmapp.db import utcnow
from crmapp.domain.webhooks import new_secret
from crmapp.services import vault

OVERLAP = timedelta(hours=24)
"""So long messages are signed by the old secret as well, for the receiver to change over."""
MOST_OLDER = 4
"""So many old secrets sign beside the newest one, at most."""


def fresh(before: str = "") -> tuple[str, str]:
    """Make a secret; return it, and what is kept of it and of those ``before``.

    Each of those counts until its day is over, but the :data:`MOST_OLDER` newest alone.

    Raises:
        SecretsLost: what was before cannot be read.
    """
    word, kept = new_secret(), vault.unseal(before)
    older = [[kept["word"], (utcnow() + OVERLAP).isoformat()], *_older(kept)] if kept else []
    return word, vault.seal({"word": word, "older": older[:MOST_OLDER]})


def good(sealed: str) -> Sequence[str]:
    """Return the secrets that messages are signed by now, the newest first.

    Raises:
        SecretsLost: no key opens them.
    """
    kept = vault.unseal(sealed)
    return [kept["word"], *(word for word, _until in _older(kept))]


def _older(kept: Mapping[str, Any]) -> list[Sequence[str]]:
    """Return the secrets before it that still count, and until when, the newest first."""
    now = utcnow()
    return [each for each in kept.get("older", ()) if now < datetime.fromisoformat(each[1])]
