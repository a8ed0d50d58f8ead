"""Settings: people, mail, datasets and health, for those who run the installation."""

from flask import Blueprint

bp = Blueprint("settings", __name__, url_prefix="/admin")

from crmapp.blueprints.settings import people, picklists, values, views  # noqa: E402,F401  views need bp
