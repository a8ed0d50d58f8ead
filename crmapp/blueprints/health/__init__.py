"""Whether the server lives and can do its work, for load balancers and the supervisor."""

from flask import Blueprint

bp = Blueprint("health", __name__)

from crmapp.blueprints.health import views  # noqa: E402,F401  the views need bp
