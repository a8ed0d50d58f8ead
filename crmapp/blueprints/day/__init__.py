"""My day: what a person has to do, and what a manager sees of her people's days."""

from flask import Blueprint

bp = Blueprint("day", __name__, url_prefix="/day")

from crmapp.blueprints.day import acting, team, views  # noqa: E402,F401  the views need bp
