"""The grid: databases, dimensions, figures, selections."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("grid", __name__, url_prefix="/analytics")

from crmapp.blueprints.grid import exporting, favourites, selecting, transactions, views  # noqa: E402, F401 - they register themselves
