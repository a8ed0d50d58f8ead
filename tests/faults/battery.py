"""Which faults meet a resync, in which system and at which phase, and how it is to end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crmapp.connectors.sandbox.faults import Kind
from crmapp.domain.managed_lists import VALUE_HIDDEN
from tests.faults.departments import OBJECT

READ = {
    "xml": {
        "sign-in": ("getAPISession", 0),
        "description": ("lookup DEPARTMENT", 0),
        "first page": ("query DEPARTMENT", 0),
        "middle page": ("query DEPARTMENT", 1),
        "last page": ("query DEPARTMENT", 2),
    },
    "rest": {
        "sign-in": ("POST */oauth2/token", 0),
        "description": ("GET */core/model*", 0),
        "first page": ("query company-config/department", 0),
        "middle page": ("query company-config/department", 1),
        "last page": ("query company-config/department", 2),
    },
    "salesforce": {
        "sign-in": ("POST */oauth2/token", 0),
        "description": (f"GET */{OBJECT}/describe", 0),
        "first page": ("GET */query*", 0),
        "middle page": ("GET */query*", 1),
        "last page": ("GET */query*", 2),
    },
}
"""Phases of reading: what the request is called, and how many like it go well before."""
WRITTEN = {
    "first chunk": ("PATCH */composite/*", 0),
    "middle chunk": ("PATCH */composite/*", 1),
    "last chunk": ("PATCH */composite/*", 2),
}
"""Phases of writing to Salesforce."""
PHASES = {**READ, "salesforce": {**READ["salesforce"], **WRITTEN}}
SYSTEMS = {"xml": "Intacct (XML)", "rest": "Intacct (REST)", "salesforce": "Salesforce"}
ONCE, WHILE, ALWAYS = "once", "until it was noticed", "until the run gave up"


@dataclass(frozen=True)
class Ends:
    """How a run is to go on: whether it is put off, as what it ends, and what it says of it."""

    status: str = "done"
    waits: bool = False
    says: str = ""


WELL = Ends()
BUSY = "(?i)busy|too many requests"
AWAY = "does not answer|ended in the middle|not whole|too long"


@dataclass(frozen=True)
class Combination:
    """One fault in one system at one phase, and how long it lasts."""

    kind: Kind
    system: str
    phase: str
    lasts: str

    def __str__(self) -> str:
        return "-".join((self.system, self.phase, self.kind, self.lasts)).replace(" ", "_")

    @property
    def fault(self) -> dict[str, Any]:
        """Return what is set at the pretend system."""
        pattern, after = PHASES[self.system][self.phase]
        times = 1 if self.lasts == ONCE else None
        more = dict(MORE.get(self.kind, {}))
        if self.kind is Kind.FIELD_VANISHED:
            more = dict(zip(("object", "field"), VANISHES[self.system], strict=True))
        return {"kind": self.kind, "pattern": pattern, "after": after, "times": times, **more}


VANISHES = {
    "xml": ("DEPARTMENT", "TITLE"),
    "rest": ("DEPARTMENT", "TITLE"),
    "salesforce": (OBJECT, VALUE_HIDDEN),
}
MORE: Mapping[Kind, Mapping[str, Any]] = {
    Kind.THROTTLED: {"seconds": 60.0},
    Kind.SLOW: {"seconds": 1.0},
    Kind.WRONG_CLOCK: {"seconds": -7200.0},
}


def combinations() -> Iterator[Combination]:
    """Give out the table, row by row."""
    for system, phases in PHASES.items():
        for phase in phases:
            for kind in Kind:
                if kind is Kind.LOCK_ROW and phase not in WRITTEN:
                    continue
                for lasts in (ONCE, WHILE, ALWAYS):
                    yield Combination(kind, system, phase, lasts)
