"""Calendars: what programs read at the secret address of a person."""

from flask import Blueprint

bp = Blueprint("calendar", __name__, url_prefix="/calendar")

from crmapp.blueprints.calendar import views  # noqa: E402,F401  the views need bp
