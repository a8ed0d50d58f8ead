"""Where the rows of a run come from: one port, and which adapter reads a run's source."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from crmapp.domain.changes import Reason
from crmapp.domain.shapes import Shape, shape_of
from crmapp.domain.steps import as_text
from crmapp.errors import NotFound
from crmapp.models import User

SAMPLES = 3
SAMPLED = 500
"""How many rows a source looks at to say what its columns hold."""


@dataclass(frozen=True)
class SourceColumn:
    """A column of a source: its name in rows, its label in the reader's language, samples.

    ``shape`` is what the values of a larger sample look like; ``meant`` the field that it was made
    for, if we named it ourselves.
    """

    name: str
    label: str
    samples: tuple[str, ...] = ()
    shape: Shape | None = None
    meant: str = ""


def column(name: str, label: str, cells: Sequence[Any]) -> SourceColumn:
    """Describe a column by ``cells``, a sample of its values."""
    texts = dict.fromkeys(text for cell in cells if (text := as_text(cell).strip()))
    return SourceColumn(name, label, tuple(texts)[:SAMPLES], shape_of(cells))


Wrong = tuple[Reason, Mapping[str, Any]]
"""Why a row could not be read, and the values of the sentence that says so."""
_NONE: Mapping[int, Wrong] = {}


class Rows(NamedTuple):
    """Some rows of a source, (key, cells) each, and the place behind them, where it goes on.

    ``key`` is what the source calls a row, and what the ledger of identities keeps of it; the place
    is the source's own affair. ``wrong`` says of rows that could not be read why: by their position
    in ``found``.
    """

    found: Sequence[tuple[str, Mapping[str, Any]]] = ()
    until: str | None = None
    wrong: Mapping[int, Wrong] = _NONE


def by_key(found: Sequence[tuple[str, Mapping[str, Any]]]) -> Rows:
    """Return rows of a source whose rows stand in the order of their keys."""
    return Rows(found, found[-1][0] if found else None)


class Source(Protocol):
    """A frozen set of rows that can be counted and read in an order that never changes.

    Reading it twice gives the same rows: it is pinned to what it was when the run was started.
    """

    def columns(self, locale: str = "") -> Sequence[SourceColumn]:
        """The columns that a mapping may use, with up to three samples each.

        Their labels are in the language ``locale``, or else in the opener's own.
        """

    def count(self) -> int:
        """How many rows there are."""

    def rows(self, after: str | None, limit: int) -> Rows:
        """The next rows after the place ``after``, or the first.

        They are ``limit`` at most, and fewer where rows are wide: none says that it is the end.
        """


class Page(NamedTuple):
    """Rows as they come, in any order, and where the reading would go on behind them.

    Without a ``place`` a reading that is interrupted begins anew.
    """

    found: Sequence[tuple[str, Mapping[str, Any]]]
    place: Any = None
    wrong: Mapping[int, Wrong] = _NONE


Stager = Callable[[Mapping[str, Any], Any], Generator[Page, None, None]]
"""Read the rows of the source that a run keeps, from a place on (``None``: from the first).

It is called outside of any transaction, by the worker, and closed when the run is left or ended.

Raises:
    CRMError: the source cannot be read, now or ever; ``message`` says why.
    ConnectorError: another system cannot be read.
"""
Opener = Callable[[Mapping[str, Any], User], Source]
Renewer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_OPENERS: dict[str, Opener] = {}
_RENEWERS: dict[str, Renewer] = {}
_STAGERS: dict[str, Stager] = {}


def register(
    kind: str, opener: Opener, renew: Renewer | None = None, stage: Stager | None = None
) -> None:
    """Say how sources of ``kind`` are opened, and how one is pinned to what it is by now.

    ``stage`` reads those that cannot be read in pieces: their rows are written down for the run
    before they are planned (:mod:`crmapp.services.staged_rows`).
    """
    _OPENERS[kind] = opener
    if renew is not None:
        _RENEWERS[kind] = renew
    if stage is not None:
        _STAGERS[kind] = stage


def stager(kept: Mapping[str, Any]) -> Stager | None:
    """Return what reads the rows of a source that has to be staged; ``None`` if it has not."""
    return _STAGERS.get(kept.get("of") or kept.get("kind", ""))


def renewed(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run would keep of the source if it were started now."""
    renew = _RENEWERS.get(kept.get("kind", ""))
    return dict(kept if renew is None else renew(kept))


def open_source(kept: Mapping[str, Any], *, by: User) -> Source:
    """Open the source that a run keeps as ``{"kind": …}``, as ``by`` may see it.

    Raises:
        NotFound: the source no longer exists.
    """
    opener = _OPENERS.get(kept.get("kind", ""))
    if opener is None:
        raise NotFound
    return opener(kept, by)
