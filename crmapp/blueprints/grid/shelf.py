"""The favourites beside a grid: those of its database, and the one that the grid comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for

from crmapp.analytics.query import Question
from crmapp.models import Favourite
from crmapp.services import favourites
from crmapp.web.access import current_user


@dataclass(frozen=True)
class Shelf:
    """``open`` is the favourite that the grid comes from; ``changed``: the grid now asks more."""

    favourites: Sequence[Favourite]
    open: Favourite | None
    changed: bool
    changeable: bool
    new_url: str
    renew_url: str


def shelf_of(question: Question) -> Shelf:
    """Find the favourites for the page of a grid."""
    found = favourites.listed(by=current_user, dataset=question.dataset)
    opened = next((each for each in found if each.id == question.favourite), None)
    if opened is not None and opened.dimension != question.dimension:
        opened = None
    plain = replace(question, page=1, selection=None, favourite=None)
    args = {"dataset": plain.dataset, "dimension": plain.dimension, **plain.to_args()}
    return Shelf(
        favourites=found,
        open=opened,
        changed=opened is not None and favourites.is_changed(opened, question),
        changeable=opened is not None and favourites.may_change(opened, by=current_user),
        new_url=_url("grid.new_favourite", args),
        renew_url=_url("grid.renew_favourite", {**args, "favourite_id": opened.id})
        if opened
        else "",
    )


def _url(endpoint: str, args: Mapping[str, Any]) -> str:
    return url_for(endpoint, **args)
