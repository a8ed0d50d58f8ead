"""From where the present request comes, for whoever notes what was done; the web says it."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Origin:
    """The network address and the browser that a request came from, and the request's name.

    ``program`` is the token that a program brought, by the name that its person gave it.
    ``viewer`` is the id of the administrator who looks at it as somebody else.
    """

    address: str
    agent: str
    request_id: str
    program: str | None = None
    viewer: int | None = None


_HERE: ContextVar[Origin | None] = ContextVar("origin", default=None)


def here() -> Origin | None:
    """Return where the present request comes from; ``None`` in a worker or at the terminal."""
    return _HERE.get()


def enter(origin: Origin | None) -> None:
    """Say where what follows comes from."""
    _HERE.set(origin)


def enter_program(name: str) -> None:
    """Say that what follows is asked by a program, with the token of this name."""
    if (known := here()) is not None:
        enter(replace(known, program=name))


def enter_viewer(person_id: int) -> None:
    """Say that what follows is asked by this person, whoever she sees it as."""
    if (known := here()) is not None:
        enter(replace(known, viewer=person_id))


def told(source: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return where values come from, for the change log: a program fills in no form."""
    known = here()
    if known is None or known.program is None or source.get("kind") != "form":
        return source
    return {**source, "kind": "api", "token": known.program}
