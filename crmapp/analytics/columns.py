"""The columns of an answer: properties of the entity, then measures by period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crmapp.analytics.dataset import Dataset, Dimension, Label
from crmapp.analytics.query import PERIOD_KEYS, Question
from crmapp.domain.periods import Period, rolling_months, span, year_to_date
from crmapp.i18n import N_

CAPTIONS = {
    "total": Label(N_("Total"), "Total"),
    "current": Label(N_("Year to date"), "Année à ce jour"),
    "previous": Label(N_("Last year to date"), "Année précédente à la même date"),
    "variance": Label(N_("Variance"), "Écart"),
    "percent": Label(N_("% variance"), "% d’écart"),
}


@dataclass(frozen=True)
class Calendar:
    """The days a snapshot's periods are counted from: when it was built, where its facts end."""

    today: date
    through: date

    def periods(self, kind: str) -> tuple[Period, ...]:
        """The periods with facts of their own: twelve months, this year and last, or none."""
        if kind == "months":
            return rolling_months(self.today)
        return year_to_date(self.through) if kind == "ytd" else ()


@dataclass(frozen=True)
class Column:
    """One column: its name in URLs and in rows, its label, and how its values are written.

    ``kind``: text, number, money, percent or date. A measure's column also has ``measure``,
    ``period_key`` and ``period`` (the days it covers; None for variances and for all time).
    ``caption`` is the translatable word for the period where its days alone do not say it.
    """

    name: str
    label: Label
    kind: str
    measure: str = ""
    period_key: str = ""
    period: Period | None = None

    @property
    def caption(self) -> str:
        return CAPTIONS[self.period_key].en if self.period_key in CAPTIONS else ""

    def heading(self, locale: str) -> str:
        """What stands over the column where only a plain text fits: ``Value – 2026-10``."""
        words = [self.label.text(locale)]
        if self.period_key in CAPTIONS:
            words.append(CAPTIONS[self.period_key].text(locale))
        elif self.period is not None:
            words.append(f"{self.period.start:%Y-%m}")
        return " – ".join(words)

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
    return (*properties, *measure_columns(dataset, question, calendar))


def measure_columns(dataset: Dataset, question: Question, calendar: Calendar) -> tuple[Column, ...]:
    """The columns of a question's measures, in their order."""
    periods = {period.key: period for period in calendar.periods(question.period)}
    if question.period == "months":
        periods["total"] = span(tuple(periods.values()), "total")
    return tuple(
        Column(
            name=f"{name}.{key}",
            label=dataset.measures[name].label,
            kind="percent" if key == "percent" else dataset.measures[name].kind,
            measure=name,
            period_key=key,
            period=periods.get(key),
        )
        for name in question.shown_measures
        for key in PERIOD_KEYS[question.period]
    )
