"""Add or update accounts: choose the rows, map the columns, look at the plan, run it."""

from flask import Blueprint

bp = Blueprint("upserts", __name__, url_prefix="/upserts")

from crmapp.blueprints.upserts import fixing, mapping, planning, starting  # noqa: E402,F401  views need bp
