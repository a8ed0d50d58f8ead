"""A file of customers that a person imports: everybody knows what should come of its rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crmapp.analytics.intake.tables import Reading
from crmapp.domain.mapping import FieldMapping
from crmapp.models import User
from crmapp.services import imports, runs, upserts
from crmapp.services.imports import Headings, Way

HEADS = ("Code", "Name", "Phone", "City", "Limit")
MAPPING = FieldMapping(
    {
        "number": "Code",
        "name": "Name",
        "phone": "Phone",
        "billing_city": "City",
        "credit_limit": "Limit",
    }
)
SYSTEM = "old ERP"
NAMELESS, REPEATED, TORN = 39, 21, 33
"""Of forty rows: the one without a name, the one with the code of another, the one that is cut."""


@dataclass(frozen=True)
class Sheet:
    """The customers of a pretend ERP.

    Every second one is known already: half of these by their code there, half by their number only.
    A known one stays as it is or has moved.
    """

    size: int

    def known(self, linked: bool) -> Iterator[Sequence[str]]:
        """Give out the rows that were imported before: those known by their code, or the others."""
        return (self._row(n, "before") for n in range(0 if linked else 2, self.size, 4))

    def rows(self) -> Iterator[Sequence[str]]:
        """Give out the rows of the file."""
        for n in range(self.size):
            code, name, *others = self._row(n, "now" if n % 8 == 0 or n % 2 else "before")
            if n % 40 == NAMELESS:
                name = ""
            if n % 40 == REPEATED:
                code = self._row(n - 1, "")[0]
            yield [code, name] if n % 40 == TORN else [code, name, *others]

    def done(self) -> Mapping[str, int]:
        """Say what becomes of the rows of the file."""
        return dict(Counter(self._fate(n) for n in range(self.size)))

    def _fate(self, n: int) -> str:
        if n % 40 in (NAMELESS, REPEATED, TORN):
            return "rejected"
        if n % 2:
            return "created"
        return "updated" if n % 8 == 0 else "unchanged"

    def _row(self, n: int, when: str) -> Sequence[str]:
        name = f"Customer {n} of the old ERP"
        return f"C{n:07}", name, f"+33 1 {n:08}", f"City {n % 97} {when}", f"{n % 5000}.25"


def send(rows: Iterator[Sequence[str]], *, linked: bool, by: User) -> int:
    """Send rows as a file and have them planned; return the run's id.

    ``linked`` says that the ERP knows its customers by the code.
    """
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADS, *rows])
    run_id = imports.start(io.BytesIO(text.getvalue().encode()), "customers.csv", Headings(), by=by)
    if linked:
        reading = Reading(**runs.get(run_id, by=by).source["reading"])
        way = replace(Way(reading), key_column="Code", system=SYSTEM)
        imports.read_anew(run_id, way, Headings(), by=by)
    upserts.plan_later(run_id, MAPPING, confirmed=None, by=by)
    return run_id
