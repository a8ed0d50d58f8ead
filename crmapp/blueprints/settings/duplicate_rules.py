"""What happens when somebody saves an account that may exist already: the rules, key by key."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.duplicate_keys import EFFECTS, MEANINGS, REASONS, USUAL
from crmapp.errors import Conflict, Invalid
from crmapp.i18n import Text
from crmapp.services import duplicate_rules as services
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other


@bp.get("/duplicate-rules")
@requires(services.RIGHT)
def duplicate_rules() -> ResponseReturnValue:
    """Show the rules in force and who changed them when."""
    return _show({key.value: effect.value for key, effect in services.rules().items()})


@bp.post("/duplicate-rules")
@requires(services.RIGHT)
def save_duplicate_rules() -> ResponseReturnValue:
    """Put other rules in force, or say what is wrong or who was quicker."""
    chosen = {key.value: request.form.get(key.value, "") for key in USUAL}
    seen = request.form.get("version", -1, type=int)
    try:
        services.save(chosen, seen=seen, by=current_user)
    except Invalid as invalid:
        return _show(chosen, list(invalid.fields.values()), invalid.status)
    except Conflict as conflict:
        return _show(chosen, [conflict.message], conflict.status)
    flash(_("The rules are saved. They hold from now on."), "success")
    return see_other(url_for("settings.duplicate_rules"))


def _show(
    chosen: Mapping[str, str], messages: list[Text] | None = None, status: int = 200
) -> ResponseReturnValue:
    return page(
        "settings/duplicate_rules.html",
        None,
        status,
        rules=[(key, REASONS[key], MEANINGS[key], chosen[key]) for key in USUAL],
        effects=EFFECTS,
        reasons=REASONS,
        steps=services.history(by=current_user),
        version=services.version(),
        messages=messages or [],
    )
