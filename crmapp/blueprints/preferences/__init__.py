"""What a person prefers: language, theme, density, her day, and which e-mails she gets."""

from flask import Blueprint

bp = Blueprint("preferences", __name__, url_prefix="/preferences")

from crmapp.blueprints.preferences import day, mail, sessions, views  # noqa: E402,F401  the views need bp
