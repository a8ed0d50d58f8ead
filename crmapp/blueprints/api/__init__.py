"""The same services as people use, for programs: JSON over HTTP under ``/api/v1``."""

from flask import Blueprint

from crmapp.web.extensions import csrf

bp = Blueprint("api", __name__, url_prefix="/api/v1")
csrf.exempt(bp)  # a program sends a token with each request and no cookie counts

from crmapp.blueprints.api import door, figures, reference, runs, setup  # noqa: E402,F401  the views need bp

door.serve(bp)
reference.serve(bp)
