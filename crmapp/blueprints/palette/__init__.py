"""The command palette: every place, action, account and contact by a few letters."""

from flask import Blueprint

bp = Blueprint("palette", __name__)

from crmapp.blueprints.palette import views  # noqa: E402,F401  the views need bp
