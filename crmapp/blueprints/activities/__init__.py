"""Activities: the forms that note calls, meetings, tasks and notes."""

from flask import Blueprint

bp = Blueprint("activities", __name__)

from crmapp.blueprints.activities import files, views  # noqa: E402,F401  views need bp
