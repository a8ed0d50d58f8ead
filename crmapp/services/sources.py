"""Where the rows of a run come from: one port, and which adapter reads a run's source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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


class Source(Protocol):
    """A frozen set of rows that can be counted and read in the order of their keys.

    Reading it twice gives the same rows: it is pinned to what it was when the run was started.
    """

    def columns(self, locale: str = "") -> Sequence[SourceColumn]:
        """The columns that a mapping may use, with up to three samples each.

        Their labels are in the language ``locale``, or else in the opener's own.
        """

    def count(self) -> int:
        """How many rows there are."""

    def rows(self, after: str | None, limit: int) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """The next (key, cells) pairs after the key ``after``, in the order of keys.

        They are ``limit`` at most, and fewer where rows are wide: none says that it is the end.
        """


Opener = Callable[[Mapping[str, Any], User], Source]
Renewer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_OPENERS: dict[str, Opener] = {}
_RENEWERS: dict[str, Renewer] = {}


def register(kind: str, opener: Opener, renew: Renewer | None = None) -> None:
    """Say how sources of ``kind`` are opened, and how one is pinned to what it is by now."""
    _OPENERS[kind] = opener
    if renew is not None:
        _RENEWERS[kind] = renew


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
