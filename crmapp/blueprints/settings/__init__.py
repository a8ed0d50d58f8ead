"""Settings: people, mail, datasets and health, for those who run the installation."""

from flask import Blueprint

bp = Blueprint("settings", __name__, url_prefix="/admin")

from crmapp.blueprints.settings import people, views  # noqa: E402,F401  the views need bp
