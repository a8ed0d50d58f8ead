"""Signing in by the identity provider: there, and back."""

from flask import Blueprint

bp = Blueprint("provider", __name__, url_prefix="/login/provider")

from crmapp.blueprints.provider import views  # noqa: E402,F401  the views need bp
