"""Saved mappings: their list, their versions and what changed in each, name and retirement."""

from flask import Blueprint

bp = Blueprint("mappings", __name__, url_prefix="/mappings")

from crmapp.blueprints.mappings import views  # noqa: E402,F401  the views need bp
