"""Contacts: the list of all, and the forms that add and change the people at an account."""

from flask import Blueprint

bp = Blueprint("contacts", __name__)

from crmapp.blueprints.contacts import listing, views  # noqa: E402,F401  the views need bp
