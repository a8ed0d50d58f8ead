"""The user guide in the app."""

from flask import Blueprint

bp = Blueprint("help", __name__, url_prefix="/help")

from crmapp.blueprints.help import views  # noqa: E402,F401  the views need bp
