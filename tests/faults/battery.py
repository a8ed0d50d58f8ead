"""Which faults meet a run, in which system and at which phase, and how it is to go on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crmapp.connectors.sandbox.faults import Kind

ALL = os.environ.get("CRMAPP_FAULTS_ALL") == "1"
"""Whether all is tried that means something, as for the table; else it is a seventh of it."""
SYSTEMS = {
    "xml": "Intacct (XML)",
    "rest": "Intacct (REST)",
    "salesforce": "Salesforce",
    "bulk": "Salesforce (Bulk)",
}
SIGNING_IN, OPENING, IN_JOB = "signing in", "opening a job", "writing in the job"
Phases = Mapping[str, Mapping[str, tuple[str, int]]]
"""Of each system and phase: what its request is called, and how many like it go well before.

Phases in which the system is written are called so.
"""
Vanishes = Mapping[str, tuple[str, str]]
"""Of each system: the object and the field that is not there any more."""
BULK = {
    OPENING: ("POST */jobs/ingest", 0),
    "sending rows to a job": ("PUT */jobs/ingest/*/batches", 0),
    "closing a job": ("PATCH */jobs/ingest/*", 0),
    IN_JOB: ("BULK */jobs/*", 0),
    "asking after a job": ("GET */jobs/ingest/*", 0),
    "fetching what a job did": ("GET */successfulResults/", 0),
}
"""The phases of a job that writes many rows to Salesforce."""


class Lasts(StrEnum):
    """How long a fault lasts; the second kind is over once the run was put off or has ended."""

    ONCE = "one request"
    NOTICED = "until noticed"
    ON = "on and on"


NAMES: Mapping[Kind, str] = {
    Kind.UNAUTHORIZED: "401, the session is refused",
    Kind.QUOTA: "403, the quota is used up",
    Kind.THROTTLED: "429 with Retry-After",
    Kind.SERVER_ERROR: "500",
    Kind.UNAVAILABLE: "503",
    Kind.LOCK_ROW: "rows are locked",
    Kind.SLOW: "slower than we wait",
    Kind.CUT: "cut before anything is done",
    Kind.CUT_AFTER: "done, and cut before the answer",
    Kind.HALF: "done, and half an answer",
    Kind.TWICE: "delivered twice",
    Kind.FIELD_VANISHED: "a field has vanished",
    Kind.WRONG_CLOCK: "the clock is two hours wrong",
}
_SECONDS = {Kind.THROTTLED: 60.0, Kind.SLOW: 0.5, Kind.WRONG_CLOCK: -7200.0}


@dataclass(frozen=True)
class Combination:
    """One fault in one system at one phase, and how long it lasts."""

    kind: Kind
    system: str
    phase: str
    lasts: Lasts
    request: tuple[str, int]
    vanishes: tuple[str, str]

    def __str__(self) -> str:
        return f"{self.system}: {self.phase}: {self.kind}, {self.lasts}"

    @property
    def fault(self) -> dict[str, Any]:
        """Return what is set at the pretend system."""
        pattern, after = self.request
        times = 1 if self.lasts is Lasts.ONCE else None
        more: dict[str, Any] = {"seconds": _SECONDS.get(self.kind, 0.0)}
        if self.kind is Kind.FIELD_VANISHED:
            more["object"], more["field"] = self.vanishes
        return {"kind": self.kind, "pattern": pattern, "after": after, "times": times, **more}

    @property
    def asks_for_tokens(self) -> bool:
        return self.phase == SIGNING_IN and self.system != "xml"

    @property
    def sent_once(self) -> bool:
        """Whether the request is not repeated at once, because it may have been done."""
        if self.system == "xml":
            return self.phase.startswith("writing")
        return self.phase in (SIGNING_IN, OPENING)

    @property
    def by_rest_writes(self) -> bool:
        return self.system == "rest" and self.phase.startswith("writing")

    def row(self, waits: int, status: str) -> str:
        """Return the combination and what was seen as cells of the table."""
        seen = [f"put off {waits} ×"] if waits else []
        seen.append(status if status in ("done", "failed") else "done, with rows left out")
        if status != "done":
            seen.append("the next one done")
        cells = (SYSTEMS[self.system], self.phase, NAMES[self.kind], self.lasts, ", ".join(seen))
        return " | ".join(cells)


def combinations(phases: Phases, vanishes: Vanishes) -> Iterator[Combination]:
    """Give out the table: every fault at every phase, each lasting as long as it is its turn."""
    for system, named in phases.items():
        for place, (phase, request) in enumerate(named.items()):
            for turn, kind in enumerate(Kind):
                if _means_something(kind, phase) and (ALL or (3 * place + turn) % 7 == 0):
                    lasts = _lasting(kind, place + turn)
                    yield Combination(kind, system, phase, lasts, request, vanishes[system])


def _means_something(kind: Kind, phase: str) -> bool:
    if phase == IN_JOB:
        return kind in (Kind.SERVER_ERROR, Kind.LOCK_ROW, Kind.FIELD_VANISHED)
    if kind is Kind.LOCK_ROW:
        return phase.startswith("writing")
    return kind is not Kind.FIELD_VANISHED or phase not in (
        SIGNING_IN,
        "reading what there is",
        *_NO_FIELDS,
    )


_NO_FIELDS = (
    OPENING,
    "sending rows to a job",
    "closing a job",
    "asking after a job",
    "fetching what a job did",
    "reading them once more",
    "writing customers",
    "writing new customers",
)
"""Phases in which no field is named, or only those that are written: Intacct passes over one."""


def _lasting(kind: Kind, turn: int) -> Lasts:
    if kind in _ENDS_IT | _UNHARMED | {Kind.UNAUTHORIZED, Kind.LOCK_ROW}:
        return (Lasts.ONCE, Lasts.ON)[turn % 2]
    return tuple(Lasts)[turn % 3]


_SEEN_NEXT_TIME = ("writing new customers", "closing a job")
"""Phases after which all is done there though nobody was told; whoever looks again sees it."""
_ENDS_IT = {Kind.QUOTA, Kind.FIELD_VANISHED}
_UNHARMED = {Kind.TWICE, Kind.WRONG_CLOCK}
_ALWAYS_NOTICED = {Kind.THROTTLED, Kind.SERVER_ERROR, Kind.SLOW, Kind.LOCK_ROW}


@dataclass(frozen=True)
class Course:
    """How a run is to go on: whether it is put off, as what it ends, and what it says then."""

    waits: bool
    status: str
    says: str


def course(met: Combination, *, looks_again: bool = False) -> Course:
    """Return how a run is to go on that meets this.

    One that ``looks_again`` reads once what there is before it gives up for a field that is gone.
    """
    once, kind, says = met.lasts is Lasts.ONCE, met.kind, _says(met)
    lasting = "failed" if met.lasts is Lasts.ON else "done"
    if kind is Kind.FIELD_VANISHED and looks_again:
        return Course(True, lasting, says)
    if kind in _ENDS_IT:
        return Course(False, "failed", says)
    if kind is Kind.UNAUTHORIZED:
        renewed = once and met.phase != SIGNING_IN
        return Course(False, "done" if renewed else "failed", says)
    if kind is Kind.LOCK_ROW and met.system != "rest":
        return Course(False, "done" if once else "done_with_errors", says)
    if kind in _UNHARMED or (once and kind not in _ALWAYS_NOTICED and not met.sent_once):
        return Course(False, "done", says)
    if met.by_rest_writes and kind is Kind.SLOW:  # it is given time for each of its rows
        return Course(False, "done", says)
    if met.phase == "sending rows to a job" and kind is Kind.HALF:
        return Course(False, "done", says)  # half of an empty answer
    if met.phase in _SEEN_NEXT_TIME and kind in (Kind.CUT_AFTER, Kind.HALF, Kind.SLOW):
        return Course(True, "done", says)
    return Course(True, lasting, says)


def _says(met: Combination) -> str:
    """Return what a sentence about the fault has in it."""
    match met.kind:
        case Kind.SERVER_ERROR if met.phase == IN_JOB:
            return "gave the job up"
        case Kind.UNAUTHORIZED if met.asks_for_tokens:
            return "secret"
        case Kind.UNAUTHORIZED:
            return "refuses the "
        case Kind.QUOTA:
            return "used up"
        case Kind.THROTTLED | Kind.SERVER_ERROR | Kind.UNAVAILABLE:
            return "busy"
        case Kind.SLOW:
            return "does not answer in time"
        case Kind.CUT | Kind.CUT_AFTER | Kind.HALF:
            return "was cut before the answer was whole"
        case Kind.FIELD_VANISHED:
            return " is gone in "
        case Kind.LOCK_ROW if met.system == "rest":
            return "busy"
        case Kind.LOCK_ROW if met.system == "xml":
            return "locked by another transaction"
        case Kind.LOCK_ROW:
            return "unable to obtain exclusive access"
    return ""
