"""Settings: people, fields, mail, datasets and health, for those who run the installation."""

from flask import Blueprint

bp = Blueprint("settings", __name__, url_prefix="/admin")

from crmapp.blueprints.settings import (  # noqa: E402  the views need bp
    account_sync,  # noqa: F401
    audit,  # noqa: F401
    connections,  # noqa: F401  they register themselves
    crm,  # noqa: F401
    crm_mapping_order,  # noqa: F401
    crm_mapping_rules,  # noqa: F401
    crm_mapping_sources,  # noqa: F401
    crm_mapping_versions,  # noqa: F401
    crm_mappings,  # noqa: F401
    duplicate_rules,  # noqa: F401
    erasures,  # noqa: F401
    feed_plans,  # noqa: F401
    feed_sources,  # noqa: F401
    field_map,  # noqa: F401
    fields,  # noqa: F401
    handovers,  # noqa: F401
    identity_provider,  # noqa: F401
    layout_conditions,  # noqa: F401
    layout_parts,  # noqa: F401
    layouts,  # noqa: F401
    managed_lists,  # noqa: F401
    matches,  # noqa: F401
    matching,  # noqa: F401
    people,  # noqa: F401
    picklists,  # noqa: F401
    reaches,  # noqa: F401
    replacements,  # noqa: F401
    requests,  # noqa: F401
    retention,  # noqa: F401
    second_step,  # noqa: F401
    sessions,  # noqa: F401
    sign_in,  # noqa: F401
    subscriptions,  # noqa: F401
    sync_health,  # noqa: F401
    sync_plans,  # noqa: F401
    unfiled,  # noqa: F401
    values,  # noqa: F401
    viewing_as,  # noqa: F401
    views,  # noqa: F401
    webhook_messages,  # noqa: F401
    webhooks,  # noqa: F401
)
