"""From where the present request comes, for whoever notes what was done; the web says it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """The network address and the browser that a request came from, and the request's name."""

    address: str
    agent: str
    request_id: str


_HERE: ContextVar[Origin | None] = ContextVar("origin", default=None)


def here() -> Origin | None:
    """Return where the present request comes from; ``None`` in a worker or at the terminal."""
    return _HERE.get()


def enter(origin: Origin | None) -> None:
    """Say where what follows comes from."""
    _HERE.set(origin)
