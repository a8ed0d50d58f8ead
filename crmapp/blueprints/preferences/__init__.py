"""What a person prefers: language, theme and density."""

from flask import Blueprint

bp = Blueprint("preferences", __name__, url_prefix="/preferences")

from crmapp.blueprints.preferences import views  # noqa: E402,F401  the views need bp
