"""The same services as people use, for programs: JSON over HTTP under ``/api/v1``."""

from flask import Blueprint

from crmapp.web.extensions import csrf

bp = Blueprint("api", __name__, url_prefix="/api/v1")
csrf.exempt(bp)  # a program sends a token with each request and no cookie counts

from crmapp.blueprints.api import (  # noqa: E402  the views need bp
    door,
    figures,  # noqa: F401
    reference,
    runs,  # noqa: F401
    setup,  # noqa: F401
    webhook_messages,  # noqa: F401
    webhooks,  # noqa: F401
)

door.serve(bp)
reference.serve(bp)
