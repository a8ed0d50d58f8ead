"""A URL's arguments, read one by one; what is wrong with them is gathered, a sentence each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from crmapp.analytics.dataset import Dataset
from crmapp.analytics.ranges import days_of
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text

LONGEST_SEARCH = 200
MOST_DIGITS = 9
FOCUS = "focus."
EXAMPLE = "2026-01-05..2026-03-31"
_TWO_DAYS = N_("%(name)s needs two days, the earlier one first: %(example)s.")


class Reader:
    """Reads arguments one by one; ``known`` names all that there are, beside the focuses."""

    def __init__(self, args: Mapping[str, str], known: Collection[str]) -> None:
        self._args = args
        self._problems: dict[str, Text | str] = {}
        for name in args:
            if name not in known and not name.startswith(FOCUS):
                self.refuse(name, (*known, FOCUS + "…"), known=False)

    def text(self, name: str) -> str:
        text = self._args.get(name, "").strip()
        if len(text) > LONGEST_SEARCH:
            self._problems[name] = Text(
                N_("%(name)s is too long: use up to %(count)s characters."),
                {"name": name, "count": LONGEST_SEARCH},
            )
            return ""
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            self._problems[name] = Text(
                N_("%(name)s holds a character that cannot be used."), {"name": name}
            )
            return ""
        return text

    def choice(self, name: str, allowed: Collection[str], default: str) -> str:
        value = self._args.get(name) or default
        if value not in allowed:
            self.refuse(name, allowed)
            return default
        return value

    def period(self, name: str, allowed: Collection[str], default: str) -> str:
        """One of the periods with a name, or the days from one to another."""
        value = self._args.get(name) or default
        if days_of(value):
            return value
        if ".." in value:
            self.reject(name, Text(_TWO_DAYS, {"name": name, "example": EXAMPLE}))
            return default
        return self.choice(name, (*allowed, EXAMPLE), default)

    def several(
        self, name: str, allowed: Collection[str], default: tuple[str, ...]
    ) -> tuple[str, ...]:
        values = tuple(dict.fromkeys(filter(None, self._args.get(name, "").split(","))))
        if any(value not in allowed for value in values):
            self.refuse(name, allowed)
            return default
        return values or default

    def number(self, name: str, default: int) -> int:
        value = self._args.get(name) or str(default)
        plain = value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS
        if not plain or int(value) < 1 <= default:
            self._problems[name] = Text(N_("%(name)s is not a number from 1 on."), {"name": name})
            return default
        return int(value)

    def focus(self, dataset: Dataset) -> Iterable[tuple[str, int]]:
        for name in self._args:
            if not name.startswith(FOCUS):
                continue
            dimension = name.removeprefix(FOCUS)
            if dimension not in dataset.dimensions:
                self.refuse(name, [FOCUS + known for known in dataset.dimensions], known=False)
            elif number := self.number(name, 0):
                yield dimension, number

    def reject(self, name: str, problem: Text) -> None:
        """Note what is wrong with an argument, in words of one's own."""
        self._problems[name] = problem

    def refuse(self, name: str, allowed: Collection[str], known: bool = True) -> None:
        words = {"name": short(name), "allowed": ", ".join(allowed)}
        self._problems[short(name)] = (
            Text(N_("%(name)s is none of those that can be used: %(allowed)s."), words)
            if known
            else Text(N_("There is no argument %(name)s; there are: %(allowed)s."), words)
        )

    def finish(self) -> None:
        if self._problems:
            raise Invalid(self._problems, next(iter(self._problems.values())))


def short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"
