"""Secrets of webhooks: encrypted where they are kept; the one before counts for a day more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from crmapp.db import utcnow
from crmapp.domain.webhooks import new_secret
from crmapp.services import vault

OVERLAP = timedelta(hours=24)
"""So long messages are signed by the old secret as well, for the receiver to change over."""


def fresh(before: str = "") -> tuple[str, str]:
    """Make a secret; return it, and what is kept of it and of the one ``before``.

    Raises:
        SecretsLost: what was before cannot be read.
    """
    word, kept = new_secret(), vault.unseal(before)
    more = {"old": kept["word"], "until": (utcnow() + OVERLAP).isoformat()} if kept else {}
    return word, vault.seal({"word": word, **more})


def good(sealed: str) -> Sequence[str]:
    """Return the secrets that messages are signed by now, the newest first.

    Raises:
        SecretsLost: no key opens them.
    """
    kept = vault.unseal(sealed)
    old = "old" in kept and utcnow() < datetime.fromisoformat(kept["until"])
    return [kept["word"], kept["old"]] if old else [kept["word"]]
