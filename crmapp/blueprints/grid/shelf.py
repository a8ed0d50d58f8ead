"""The favourites beside a grid: those of its database, and the one that the grid comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crmapp.analytics.query import Question
from crmapp.blueprints.grid.address import address, grid_url
from crmapp.services import favourites
from crmapp.services.favourites import Listed
from crmapp.web.access import current_user


@dataclass(frozen=True)
class Shelf:
    """``open`` is the favourite that the grid comes from; ``changed``: the grid now asks more.

    ``plain`` is the question as a favourite would keep it.
    """

    plain: Question
    favourites: tuple[Listed, ...]
    open: Listed | None
    changed: bool
    changeable: bool

    @property
    def new_url(self) -> str:
        return address(self.plain, "grid.new_favourite")

    @property
    def renew_url(self) -> str:
        """Where the favourite that is open is told to show this grid; nothing if none is."""
        if self.open is None:
            return ""
        args = {**self.plain.to_args(), "favourite_id": self.open.id}
        return grid_url(self.plain.dataset, self.plain.dimension, args, "grid.renew_favourite")


def shelf_of(question: Question) -> Shelf:
    """Find the favourites for the page of a grid."""
    found = favourites.listed(by=current_user, dataset=question.dataset)
    opened = next((each for each in found if each.id == question.favourite), None)
    if opened is not None and opened.dimension != question.dimension:
        opened = None
    return Shelf(
        plain=replace(question, page=1, selection=None, favourite=None),
        favourites=tuple(found),
        open=opened,
        changed=opened is not None and favourites.is_changed(opened, question),
        changeable=opened is not None and favourites.may_change(opened, by=current_user),
    )
