"""Lists in a form that a person puts in order: by buttons, or by dragging a row (``ladder.js``).

Each row has a hidden ``field``; the buttons ``up``, ``down`` and ``dropped`` have its name as their
value. A list that is not saved yet may stand in an address, with ``moved`` for the row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import request

MOVERS = ("up", "down", "dropped")
LONGEST_ADDRESS = 3000
"""Longer ones may be refused on their way: the server takes lines of 4094 bytes."""


def mover(form: Mapping[str, str]) -> str | None:
    """Return the name of the row that was moved, by whichever way."""
    return next((form[name] for name in (*MOVERS, "moved") if name in form), None)


def moved(names: Sequence[str], form: Mapping[str, str]) -> tuple[str, ...]:
    """Return ``names`` after the button that was pressed: one of them up or down."""
    order = list(names)
    for button, step in (("up", -1), ("down", 1)):
        name = form.get(button)
        if name in order:
            place = order.index(name)
            order.insert(max(0, place + step), order.pop(place))
    return tuple(order)


def placed(names: Sequence[str]) -> tuple[str, int] | None:
    """Return which of ``names`` this request moved, and at which place it stands, from 1."""
    name = mover(request.values)
    return (name, names.index(name) + 1) if name and name in names else None
