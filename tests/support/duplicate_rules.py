"""The rules for accounts that may exist already, as tests need them."""

from __future__ import annotations

from crmapp.domain.duplicate_keys import USUAL, Effect, Key
from crmapp.models import User
from crmapp.services import duplicate_rules


def rule(key: Key, effect: Effect, *, by: User) -> None:
    """Set one rule; the others stay."""
    _save({**duplicate_rules.rules(), key: effect}, by)


def ignore_all(*, by: User) -> None:
    """Let people save what they like: the test is about something else."""
    _save(dict.fromkeys(USUAL, Effect.IGNORE), by)


def _save(chosen: dict[Key, Effect], by: User) -> None:
    words = {key.value: effect.value for key, effect in chosen.items()}
    duplicate_rules.save(words, seen=duplicate_rules.version(), by=by)
