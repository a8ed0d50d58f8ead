"""Texts that are marked for translation here and translated where a reader's language is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LOCALES = ("en", "fr")


def N_(text: str) -> str:
    """Mark a text for translation without translating it."""
    return text


@dataclass(frozen=True)
class Text:
    """A translatable sentence with its values: ``Text("%(count)s rows", {"count": 3})``."""

    text: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.params if self.params else self.text
