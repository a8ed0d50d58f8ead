"""Accounts: their list, their record page with its tabs, and the forms that change them."""

from flask import Blueprint

from crmapp.blueprints.accounts.facts import mapping_address
from crmapp.blueprints.accounts.remote_values import written
from crmapp.blueprints.accounts.tabs import on_shelf
from crmapp.web.record_forms import form_name

bp = Blueprint("accounts", __name__, url_prefix="/accounts")
bp.add_app_template_filter(form_name)
bp.add_app_template_filter(mapping_address)
bp.add_app_template_filter(on_shelf)
bp.add_app_template_filter(written, "remote_value")

from crmapp.blueprints.accounts import (  # noqa: E402,F401  views need bp
    arranging,
    bulk,
    changing,
    column_choice,
    duplicates,
    exporting,
    files,
    filter_building,
    hints,
    listing,
    mail_drop,
    merging,
    readers,
    record,
    record_exports,
    salesforce,
    saved_views,
    sync,
    timeline,
    values,
    view_counts,
)
