"""The form that asks what of which accounts is to be exported, in the drawer or as a page."""

from __future__ import annotations

import secrets

from flask import url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts.addresses import arguments, tail
from crmapp.errors import Invalid
from crmapp.services.account_sets import Chosen
from crmapp.services.record_exports import OBJECTS
from crmapp.web.htmx import page


def kept_arguments() -> list[tuple[str, str]]:
    """Return the list's arguments: deleted accounts are not imported again."""
    return [(name, value) for name, value in arguments() if name != "deleted"]


def form_of(
    chosen: Chosen, object_: str = "account", file: str = "xlsx", invalid: Invalid | None = None
) -> ResponseReturnValue:
    """Ask what of the accounts is to be exported and as what."""
    return page(
        "accounts/export.html",
        "accounts/_export.html",
        objects=OBJECTS,
        object=object_,
        file=file,
        chosen=chosen,
        errors=invalid.fields if invalid else {},
        narrowed=bool(
            [name for name, _value in kept_arguments() if name not in ("sort", "columns")]
        ),
        action=url_for("accounts.create_export") + tail(kept_arguments()),
        back=url_for("accounts.index") + tail(),
        key=secrets.token_urlsafe(16),
        status=422 if invalid else 200,
    )
