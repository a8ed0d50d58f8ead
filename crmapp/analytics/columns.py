"""The columns of an answer: properties of the entity, then measures by period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crmapp.analytics.across import NOTHING_ACROSS, Across
from crmapp.analytics.dataset import Dataset, Dimension, Label
from crmapp.analytics.modes import keys
from crmapp.analytics.query import Question
from crmapp.analytics.ranges import AGAINST, Calendar
from crmapp.domain.periods import Period, is_whole_months, month_number
from crmapp.i18n import N_

CAPTIONS = {
    "total": Label(N_("Total"), "Total"),
    "current": Label(N_("Year to date"), "Année à ce jour"),
    "previous": Label(N_("Last year to date"), "Année précédente à la même date"),
    "variance": Label(N_("Variance"), "Écart"),
    "percent": Label(N_("% variance"), "% d’écart"),
    "share": Label(N_("Share"), "Part"),
    "cumulative": Label(N_("Cumulative share"), "Part cumulée"),
    "class": Label(N_("Class"), "Classe"),
    "other": Label(N_("Others"), "Autres"),
}
_KINDS = {"percent": "percent", "share": "percent", "cumulative": "percent", "class": "text"}


@dataclass(frozen=True)
class Column:
    """One column: its name in URLs and in rows, its label, and how its values are written.

    ``kind``: text, number, money, percent or date. A measure's column also has ``measure``,
    ``period_key`` and ``period`` (the days it covers; None for variances and for all time).
    ``words``: what is said of the column where its days alone do not say it.
    """

    name: str
    label: Label
    kind: str
    measure: str = ""
    period_key: str = ""
    period: Period | None = None
    words: Label | None = None

    @property
    def caption(self) -> str:
        """The words in English, to be translated; nothing where the days say it."""
        return self.words.en if self.words else ""

    def heading(self, locale: str) -> str:
        """What stands over the column where only a plain text fits: ``Value – 2026-10``."""
        parts = [self.label.text(locale)]
        if self.words is not None:
            parts.append(self.words.text(locale))
        elif self.period is not None:
            parts.append(_days(self.period))
        return " – ".join(parts)

    @property
    def numeric(self) -> bool:
        return self.kind in ("number", "money", "percent")


def property_columns(dimension: Dimension, names: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """The columns of a dimension's properties: the named ones, or all."""
    chosen = (dimension.properties[name] for name in names or dimension.properties)
    return tuple(Column(one.name, one.label, one.kind) for one in chosen)


def row_columns(dataset: Dataset, question: Question, calendar: Calendar) -> tuple[Column, ...]:
    """The columns of :meth:`crmapp.analytics.engine.Engine.rows`: every property, the measures."""
    properties = property_columns(dataset.dimension(question.dimension))
    return (*properties, *measure_columns(dataset, question.by_row, calendar))


def measure_columns(
    dataset: Dataset, question: Question, calendar: Calendar, across: Across = NOTHING_ACROSS
) -> tuple[Column, ...]:
    """The columns of a question's measures, in their order; ``across``: those of a matrix."""
    spans = question.spans(calendar)
    found = [*_keys(question, spans, across)]
    return tuple(
        Column(
            name=f"{name}.{key}",
            label=dataset.measures[name].label,
            kind=_KINDS.get(key, dataset.measures[name].kind),
            measure=name,
            period_key=key,
            period=spans.get("total" if question.mode == "matrix" else key),
            words=words,
        )
        for name in question.shown_measures
        for key, words in found
    )


def _keys(
    question: Question, spans: dict[str, Period | None], across: Across
) -> Iterator[tuple[str, Label | None]]:
    """The keys of one measure's columns, each with its words."""
    if question.mode == "matrix":
        titles = dict(zip(across.keys, across.titles, strict=False))
        yield from ((key, titles.get(key, CAPTIONS.get(key))) for key in across.keys)
        return
    by_days = question.period != "ytd" or question.against != AGAINST[0]
    for key in keys(question.mode, question.period, question.top):
        if key in ("current", "previous") and by_days:
            yield key, None
        elif key in CAPTIONS or key in spans:
            yield key, CAPTIONS.get(key)


def _days(period: Period) -> str:
    if not is_whole_months(period):
        return f"{period.start} – {period.end}"
    if month_number(period.start) == month_number(period.end):
        return f"{period.start:%Y-%m}"
    return f"{period.start:%Y-%m} – {period.end:%Y-%m}"
