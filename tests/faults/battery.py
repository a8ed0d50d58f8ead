"""Which faults meet a resync, in which system and at which phase, and how it is to go on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crmapp.connectors.sandbox.faults import Kind
from crmapp.domain.managed_lists import VALUE_HIDDEN
from tests.faults.departments import LIST, OBJECT

ALL = os.environ.get("CRMAPP_FAULTS_ALL") == "1"
"""Whether all is tried that means something, as for the table; else it is half of it."""
SYSTEMS = {"xml": "Intacct (XML)", "rest": "Intacct (REST)", "salesforce": "Salesforce"}
_XML, _REST = f"query {LIST.xml_object}", f"query {LIST.rest_object}"
_ASKED, _SENT = "GET */query*", "PATCH */composite/*"
WRITING = {
    "writing the first rows": (_SENT, 0),
    "writing rows in the middle": (_SENT, 1),
    "writing the last rows": (_SENT, 2),
}
PHASES: Mapping[str, Mapping[str, tuple[str, int]]] = {
    "xml": {
        "signing in": ("getAPISession", 0),
        "reading what there is": (f"lookup {LIST.xml_object}", 0),
        "reading the first page": (_XML, 0),
        "reading a page in the middle": (_XML, 1),
        "reading the last page": (_XML, 2),
    },
    "rest": {
        "signing in": ("POST */oauth2/token", 0),
        "reading a page in the middle": (_REST, 1),
    },
    "salesforce": {
        "signing in": ("POST */oauth2/token", 0),
        "reading what there is": (f"GET */{OBJECT}/describe", 0),
        "reading the first page": (_ASKED, 0),
        "reading a page in the middle": (_ASKED, 1),
        "reading the last page": (_ASKED, 2),
        **WRITING,
    },
}
"""What each phase's request is called, and how many like it go well before.

Intacct's two interfaces differ in how they sign in and refuse, and not in where a reading stands.
"""


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
_VANISHES = {
    "xml": (LIST.xml_object, LIST.xml_name),
    "rest": (LIST.xml_object, LIST.xml_name),
    "salesforce": (OBJECT, VALUE_HIDDEN),
}
_SECONDS = {Kind.THROTTLED: 60.0, Kind.SLOW: 0.5, Kind.WRONG_CLOCK: -7200.0}


@dataclass(frozen=True)
class Combination:
    """One fault in one system at one phase, and how long it lasts."""

    kind: Kind
    system: str
    phase: str
    lasts: Lasts

    def __str__(self) -> str:
        return f"{self.system}: {self.phase}: {self.kind}, {self.lasts}"

    @property
    def fault(self) -> dict[str, Any]:
        """Return what is set at the pretend system."""
        pattern, after = PHASES[self.system][self.phase]
        times = 1 if self.lasts is Lasts.ONCE else None
        more: dict[str, Any] = {"seconds": _SECONDS.get(self.kind, 0.0)}
        if self.kind is Kind.FIELD_VANISHED:
            more["object"], more["field"] = _VANISHES[self.system]
        return {"kind": self.kind, "pattern": pattern, "after": after, "times": times, **more}

    @property
    def signs_in(self) -> bool:
        return self.phase == "signing in"

    @property
    def asks_for_tokens(self) -> bool:
        """Whether it is a request that is not repeated: what rotates dies with its first use."""
        return self.signs_in and self.system != "xml"

    def row(self, waits: int, status: str) -> str:
        """Return the combination and what was seen as cells of the table."""
        seen = [f"put off {waits} ×"] if waits else []
        seen.append({"done": "done", "failed": "failed"}.get(status, "done, with rows left out"))
        if status != "done":
            seen.append("the next one done")
        cells = (SYSTEMS[self.system], self.phase, NAMES[self.kind], self.lasts, ", ".join(seen))
        return " | ".join(cells)


def combinations() -> Iterator[Combination]:
    """Give out the table: every fault at every phase, each lasting as long as it is its turn."""
    for system, phases in PHASES.items():
        for place, phase in enumerate(phases):
            for turn, kind in enumerate(Kind):
                if _means_something(kind, phase) and (ALL or (place + turn) % 4 < 2):
                    yield Combination(kind, system, phase, _lasting(kind, place + turn))


def _means_something(kind: Kind, phase: str) -> bool:
    if kind is Kind.LOCK_ROW:
        return phase in WRITING
    return kind is not Kind.FIELD_VANISHED or phase.endswith(("page", "rows", "middle"))


def _lasting(kind: Kind, turn: int) -> Lasts:
    if kind in _ENDS_IT | _UNHARMED | {Kind.UNAUTHORIZED, Kind.LOCK_ROW}:
        return (Lasts.ONCE, Lasts.ON)[turn % 2]
    return tuple(Lasts)[turn % 3]


_ENDS_IT = {Kind.QUOTA, Kind.FIELD_VANISHED}
_UNHARMED = {Kind.TWICE, Kind.WRONG_CLOCK}
_ALWAYS_NOTICED = {Kind.THROTTLED, Kind.SERVER_ERROR, Kind.SLOW}


@dataclass(frozen=True)
class Course:
    """How a run is to go on: whether it is put off, as what it ends, and what it says then."""

    waits: bool
    status: str
    says: str


def course(met: Combination) -> Course:
    """Return how a run is to go on that meets this."""
    once, kind = met.lasts is Lasts.ONCE, met.kind
    says = _says(met)
    if kind in _ENDS_IT:
        return Course(False, "failed", says)
    if kind is Kind.UNAUTHORIZED:
        renewed = once and not met.signs_in
        return Course(False, "done" if renewed else "failed", says)
    if kind is Kind.LOCK_ROW:
        return Course(False, "done" if once else "done_with_errors", says)
    if kind in _UNHARMED or (once and kind not in _ALWAYS_NOTICED and not met.asks_for_tokens):
        return Course(False, "done", says)
    return Course(True, "failed" if met.lasts is Lasts.ON else "done", says)


def _says(met: Combination) -> str:
    """Return what a sentence about the fault has in it."""
    match met.kind:
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
        case Kind.LOCK_ROW:
            return "unable to obtain exclusive access"
    return ""
