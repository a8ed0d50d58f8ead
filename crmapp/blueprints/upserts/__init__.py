"""Add or update accounts: choose the rows, map the columns, look at the plan, run it."""

from flask import Blueprint

bp = Blueprint("upserts", __name__, url_prefix="/upserts")

from crmapp.blueprints.upserts import (  # noqa: E402  the views need bp
    fixing,  # noqa: F401  they register themselves
    kept_answers,  # noqa: F401
    mapping,  # noqa: F401
    planning,  # noqa: F401
    starting,  # noqa: F401
)
