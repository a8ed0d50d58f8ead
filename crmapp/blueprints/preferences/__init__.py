"""What a person prefers: language, theme, density, her day, her e-mails, and her tokens."""

from flask import Blueprint

bp = Blueprint("preferences", __name__, url_prefix="/preferences")

from crmapp.blueprints.preferences import day, mail, sessions, tokens, views  # noqa: E402,F401  the views need bp
