"""Texts that are marked for translation here and translated where a reader's language is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

LOCALES = ("en", "fr")


def N_(text: str) -> str:
    """Mark a text for translation without translating it."""
    return text


class Bilingual(str):
    """A text that people of the installation wrote in both languages; as a string it is English."""

    __slots__ = ("fr",)
    fr: str

    def __new__(cls, en: str, *, fr: str = "") -> Self:
        made = super().__new__(cls, en)
        made.fr = fr or en
        return made

    def said_in(self, locale: str) -> str:
        """Return the text in the language of ``locale``."""
        return self.fr if locale.startswith("fr") else str(self)


@dataclass(frozen=True)
class Text:
    """A translatable sentence with its values: ``Text("%(count)s rows", {"count": 3})``."""

    text: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.params if self.params else self.text
