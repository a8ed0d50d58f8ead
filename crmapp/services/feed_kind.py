"""A kind of source: what it is told, whether it reads changes alone, how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from crmapp.connectors.settings import SettingField
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.services.feed_readers import Origin, Told

LONGEST, LONGEST_TEXT = 500, 20_000
Values = Mapping[str, Any]
Texts = dict[str, str]
Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class FeedKind:
    """One kind of source.

    ``delta`` says whether it can read what changed alone. ``open`` gives its origin for the time
    of a block. ``object_of`` names what is read there by its settings. ``offered`` are the values
    of a field that are known only while it runs, in a language. ``place`` are the settings that
    say where secrets are sent to: others than those that are kept need the secrets anew.
    """

    code: str
    label: str
    help: str
    icon: str
    fields: tuple[SettingField, ...]
    delta: bool
    open: Callable[[Told], AbstractContextManager[Origin]]
    object_of: Callable[[Values], str]
    offered: Callable[[str, str], Choices] = lambda _field, _locale: ()
    place: tuple[str, ...] = ()
    settled: Callable[[Texts, Texts], tuple[Texts, Texts]] = lambda values, secrets: (
        values,
        secrets,
    )
    """Puts what was typed where it belongs; raises Invalid for what does not go together."""
    keyed: bool = False
    """Whether its rows can be read only in the order of a key."""
    object_field: str = ""
    """The setting that names what is read, where a test shows what there is to choose from."""
    stamped: bool = False
    """Whether a column may be named that says when a row was changed."""

    def checked(self, typed: Mapping[str, str], kept: Mapping[str, str]) -> tuple[Texts, Texts]:
        """Return the settings and the secrets of what was typed; ``kept`` stand where nothing was.

        Raises:
            Invalid: field → what is wrong with it.
        """
        values: Texts = {}
        secrets: Texts = {}
        wrong: dict[str, Text | str] = {}
        for field in self.fields:
            text = (typed.get(field.name) or "").strip()
            value = text or kept.get(field.name, "") if field.secret else text
            if problem := self._problem(field, value):
                wrong[field.name] = problem
            elif value:
                (secrets if field.secret else values)[field.name] = value
        if wrong:
            raise Invalid(wrong)
        return self.settled(values, secrets)

    def _problem(self, field: SettingField, value: str) -> Text | str | None:
        longest = LONGEST_TEXT if field.long else LONGEST
        if not value:
            return N_("Enter a value; this field is required.") if field.required else None
        if len(value) > longest:
            return Text(N_("Enter at most %(count)s characters."), {"count": longest})
        if not field.long and not value.isprintable():
            return N_("Remove the invisible characters from this text.")
        offered = field.choices or tuple(self.offered(field.name, ""))
        if offered and value not in [str(each) for each, _label in offered]:
            return N_("Choose one of the values that are offered.")
        return None
