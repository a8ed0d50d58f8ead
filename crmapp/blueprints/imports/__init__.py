"""Files of records: send one, see how it is read, go on to the mapping."""

from flask import Blueprint

bp = Blueprint("imports", __name__, url_prefix="/imports")

from crmapp.blueprints.imports import reading, sending  # noqa: E402,F401  they need bp
