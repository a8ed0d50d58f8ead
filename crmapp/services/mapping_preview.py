"""What a mapping would make of a source: samples before and after, and words nobody knows yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.fields import LISTED, BadValue, Field, Kind, Lookups, freeze, parse
from crmapp.domain.mapping import CHOSEN_KINDS, FieldMapping, cell, meant
from crmapp.domain.record_keys import ACTIVITY_KINDS
from crmapp.domain.search import fold
from crmapp.domain.steps import StepKind, as_text
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import fields, mapping_words, pick_lists
from crmapp.services.activities import KINDS
from crmapp.services.sources import Source, SourceColumn
from crmapp.services.words import Words

COUNTED = 20_000
"""How many rows of a source are read to count its words."""
SHOWN = 40
"""How many words of one field are shown; the most frequent come first."""
_PAGE = 5000


@dataclass(frozen=True)
class Sample:
    """A cell as it came, what becomes of it as a person reads it, or what is wrong with it."""

    before: str
    after: Any = None
    problem: Text | None = None

    @property
    def changed(self) -> bool:
        return self.problem is not None or str(self.after) != self.before


@dataclass(frozen=True)
class Word:
    """A word of the source, in how many rows it stands, and what it was said to mean."""

    text: str
    count: int
    meaning: str | None = None


@dataclass(frozen=True)
class Preview:
    """What becomes of one field: samples, and of a field with few values the words to map.

    ``unknown`` and ``rows`` count the words that nothing is known about, and their rows.
    """

    samples: Sequence[Sample] = ()
    words: Sequence[Word] = ()
    unknown: int = 0
    rows: int = 0


@dataclass(frozen=True)
class _Reading:
    mapping: FieldMapping
    specs: Mapping[str, Field]
    lookups: Lookups
    words: Mapping[str, Counter[str]] = field(default_factory=dict)

    def value(self, name: str, raw: str) -> Any:
        row = {self.mapping.columns.get(name, ""): raw}
        return meant(self.specs[name], cell(self.mapping, name, row), self.lookups)


def previews(
    source: Source,
    columns: Sequence[SourceColumn],
    mapping: FieldMapping,
    names: Iterable[str],
    *,
    by: User,
    locale: str,
    specs: Mapping[str, Field] | None = None,
) -> dict[str, Preview]:
    """Return field → its preview, of those fields among ``names`` that the mapping fills.

    ``specs`` are the fields that may be filled, those of accounts unless it says otherwise.
    """
    specs = fields.of("account") if specs is None else specs
    filled = [name for name in names if name in mapping.fields and name in specs]
    known = {column.name: column for column in columns}
    chosen = [
        name
        for name in filled
        if specs[name].kind in CHOSEN_KINDS and mapping.columns.get(name) in known
    ]
    counted = count_words(source, [mapping.columns[name] for name in chosen])
    lookups = mapping_words.lookups(mapping, specs, _rows(mapping, filled, known), by=by)
    reading = _Reading(mapping, specs, lookups, counted)
    samples = {name: _samples(reading, name, known) for name in filled}
    said = _said(samples, specs, by, locale)
    return {
        name: _with_words(reading, name, said[name]) if name in chosen else Preview(said[name])
        for name in filled
    }


def _rows(
    mapping: FieldMapping, names: Iterable[str], known: Mapping[str, SourceColumn]
) -> list[dict[str, str]]:
    """Return the samples of the columns that ``names`` are filled from, each as a row."""
    columns = {mapping.columns.get(name, "") for name in names} & known.keys()
    return [{}, *({name: text} for name in columns for text in known[name].samples)]


def count_words(source: Source, columns: Sequence[str]) -> dict[str, Counter[str]]:
    """Count the words in ``columns`` over the first :data:`COUNTED` rows."""
    counted = {column: Counter[str]() for column in columns}
    after, left = None, COUNTED if columns else 0
    while left > 0:
        found = source.rows(after, min(_PAGE, left))
        for column, counter in counted.items():
            counter.update(as_text(cells.get(column)).strip() for _key, cells in found.found)
        after, left = found.until, left - len(found.found) if found.found else 0
    return counted


def _samples(
    reading: _Reading, name: str, known: Mapping[str, SourceColumn]
) -> list[tuple[str, Any, Text | None]]:
    mapping = reading.mapping
    column = known.get(mapping.columns.get(name, ""))
    fixed = [text for text in [mapping.fixed.get(name, "")] if text]
    texts = fixed if column is None else list(column.samples)
    if column and any(step.kind is StepKind.DEFAULT for step in mapping.steps.get(name, ())):
        texts.append("")
    return [_sample(reading, name, text) for text in texts]


def _sample(reading: _Reading, name: str, text: str) -> tuple[str, Any, Text | None]:
    try:
        return text, reading.value(name, text), None
    except BadValue as error:
        return text, None, error.text


def _said(
    samples: Mapping[str, Sequence[tuple[str, Any, Text | None]]],
    specs: Mapping[str, Field],
    by: User,
    locale: str,
) -> dict[str, list[Sample]]:
    """Say values as people read them: labels of lists, names of people."""
    changes = [{name: [None, freeze(s[1])]} for name, of in samples.items() for s in of]
    words = Words(specs, changes, by=by, locale=locale)
    return {
        name: [
            Sample(before, words.say(specs[name], freeze(value)), problem)
            for before, value, problem in of
        ]
        for name, of in samples.items()
    }


def _with_words(reading: _Reading, name: str, samples: Sequence[Sample]) -> Preview:
    """Add the words of the source that nobody understands, and those that were mapped."""
    meanings_ = reading.mapping.meanings.get(name, {})
    plain = FieldMapping(reading.mapping.columns, steps=reading.mapping.steps)
    unmapped = replace(reading, mapping=plain)
    spelled: dict[str, str] = {fold(text): text for text in reading.mapping.values.get(name, {})}
    counts: Counter[str] = Counter()
    for text, count in reading.words[reading.mapping.columns[name]].items():
        word = _after_steps(unmapped, name, text)
        if word and (fold(word) in meanings_ or not _understood(unmapped, name, word)):
            spelled.setdefault(fold(word), word)
            counts[fold(word)] += count
    unknown = [Word(spelled[key], n) for key, n in counts.items() if key not in meanings_]
    unknown.sort(key=lambda word: (-word.count, word.text))
    mapped = [Word(spelled[key], counts[key], meaning) for key, meaning in meanings_.items()]
    rows = sum(word.count for word in unknown)
    return Preview(samples, [*unknown[:SHOWN], *mapped], len(unknown), rows)


def _after_steps(reading: _Reading, name: str, text: str) -> str | None:
    """Return the word that is looked up; ``None`` if the cell is empty or a step refuses it."""
    try:
        row = {reading.mapping.columns[name]: text}
        return as_text(cell(reading.mapping, name, row)).strip() or None
    except BadValue:
        return None


def _understood(reading: _Reading, name: str, word: str) -> bool:
    try:
        parse(reading.specs[name], word, reading.lookups)
    except BadValue:
        return False
    return True


def meanings(spec: Field, locale: str) -> list[tuple[str, str]]:
    """Return (word, label) of what a field with few values may hold, as a mapping keeps it."""
    if spec.pick_list == ACTIVITY_KINDS:
        return [*KINDS.items()]
    if spec.kind in LISTED:
        return pick_lists.choices(spec.pick_list or "", locale)
    if spec.kind is Kind.USER:
        active = select(User.email, User.name).where(User.active).order_by(User.name)
        return [(email, name) for email, name in session.execute(active)]
    if spec.kind is Kind.TEAM:
        return [(name, name) for _id, name in pick_lists.teams()]
    return [("yes", N_("Yes")), ("no", N_("No"))] if spec.kind is Kind.YES_NO else []
