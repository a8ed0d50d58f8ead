"""The bad cells of a plan as a person sees them: what is wrong, and what may stand there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmapp import artefacts
from crmapp.domain.changes import Reason
from crmapp.domain.fields import Field
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.plan import PlanRow
from crmapp.i18n import Text
from crmapp.models import Run
from crmapp.services import upsert_fields
from crmapp.services.fixing import needed
from crmapp.services.mapping_preview import meanings

GROUPS = 8
"""How many values that several rows share are shown; the most frequent come first."""


@dataclass(frozen=True)
class BadCell:
    """A cell that could not be used: ``choices`` are the values that may stand there, if few.

    ``needed`` says that the row is nothing without it; ``count`` in how many rows it is the same.
    """

    field: str
    label: str
    problem: Text
    found: str
    choices: Sequence[tuple[str, str]]
    needed: bool
    count: int = 1


class BadCells:
    """Says what is wrong with rows of one plan, to one reader."""

    def __init__(self, run: Run, locale: str) -> None:
        self._run = run
        self._mapping = FieldMapping.from_json(run.mapping)
        self._specs = upsert_fields.of(run.source)
        self._locale = locale
        self._choices: dict[str, Sequence[tuple[str, str]]] = {}

    def of(self, row: PlanRow) -> list[BadCell]:
        """Return the bad cells of a rejected row."""
        if row.reason is not Reason.BAD_VALUE:
            return []
        bad = [self._cell(each) for each in (row.params, *row.params.get("others", ()))]
        return [cell for cell in bad if cell is not None]

    def shared(self, about: str = "") -> list[BadCell]:
        """Return bad values that several rows share, of all fields or of ``about``."""
        with artefacts.read([part["name"] for part in self._run.artefacts]) as plan:
            found = plan.ask(
                "SELECT json_extract_string(params, '$.field') AS field,"
                " json_extract_string(params, '$.found') AS found, count(*), min(row_no)"
                " FROM plan WHERE action = 'rejected' AND reason = 'bad_value'"
                " AND (? = '' OR json_extract_string(params, '$.field') = ?)"
                " GROUP BY ALL HAVING count(*) > 1 ORDER BY count(*) DESC, field, found LIMIT ?",
                [about, about, GROUPS],
            )
            firsts = [line[3] for line in found]
            rows = plan.rows("list_contains(?, row_no)", [firsts], len(firsts))
        params = {row["row_no"]: row["params"] for row in rows}
        cells = [self._cell(params[first], count) for *_, count, first in found]
        return [cell for cell in cells if cell is not None]

    def _cell(self, bad: Mapping[str, Any], count: int = 1) -> BadCell | None:
        spec = self._specs.get(bad["field"])
        if spec is None:
            return None
        return BadCell(
            spec.name,
            spec.label,
            Text(bad["problem"], dict(bad.get("values") or {})),
            bad.get("found", ""),
            self._choices_of(spec),
            needed(spec, self._mapping),
            count,
        )

    def _choices_of(self, spec: Field) -> Sequence[tuple[str, str]]:
        if spec.name not in self._choices:
            self._choices[spec.name] = meanings(spec, self._locale)
        return self._choices[spec.name]
