"""A person's data on request: found, handed over, and erased after a look at what would go."""

from __future__ import annotations

import secrets

from flask import Response, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.errors import Conflict, Invalid
from crmapp.i18n import N_, Text
from crmapp.models import Contact, User
from crmapp.services import person_erasure, personal_data, personal_export
from crmapp.services.personal_data import RIGHT
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other

PLACES: dict[str, str] = {
    "account": N_("Accounts"),
    "activity": N_("Activities"),
    "attached_file": N_("Attached files and letters"),
    "attachment": N_("Names of attached files"),
    "change": N_("History of other records"),
    "connection": N_("Connections"),
    "contact": N_("Contacts"),
    "file": N_("Files of runs and imports"),
    "history": N_("Own history"),
    "mail_outbox": N_("E-mails of crmapp"),
    "plan_decision": N_("Decisions in plans"),
    "request_log": N_("Requests to other systems"),
    "run": N_("Runs"),
    "run_exception": N_("Rows that runs left out"),
    "unfiled_letter": N_("Unfiled letters"),
    "user": N_("People"),
}
"""Where a person is named; other places are called as the database does."""
_KIND = "<any(contact, user):kind>/<int:person_id>"


@bp.get("/erasures")
@requires(RIGHT)
def erasures() -> ResponseReturnValue:
    """Find the person by name, e-mail or phone."""
    words = request.args.get("q", "").strip()[:200]
    return page(
        "settings/erasures.html",
        words=words,
        found=[_found(each) for each in personal_data.search(words, by=person())],
    )


@bp.get(f"/erasures/{_KIND}")
@requires(RIGHT)
def erasure(kind: str, person_id: int) -> ResponseReturnValue:
    """Show what would be erased and what stays."""
    return _plan(kind, person_id)


@bp.post(f"/erasures/{_KIND}")
@requires(RIGHT)
def erase(kind: str, person_id: int) -> ResponseReturnValue:
    """Have the person erased, whose name was typed."""
    typed = request.form.get("name", "").strip()[:400]
    key = request.form.get("idempotency_key", "")[:100]
    try:
        run_id = person_erasure.start(kind, person_id, typed=typed, key=key, by=person())
    except Invalid as invalid:
        return _plan(kind, person_id, typed, invalid.fields["name"], 422)
    except Conflict as conflict:
        return _plan(kind, person_id, typed, conflict.message, 409)
    flash(_("The person is being erased."), "success")
    return see_other(url_for("runs.show", run_id=run_id))


@bp.get(f"/erasures/{_KIND}/data")
@requires(RIGHT)
def personal_data_file(kind: str, person_id: int) -> ResponseReturnValue:
    """Send what is known of the person, for her to have."""
    answer = Response(
        personal_export.data(kind, person_id, by=person()), mimetype="application/json"
    )
    name = f"{kind}-{person_id}.json"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _plan(
    kind: str, person_id: int, typed: str = "", error: str | Text = "", status: int = 200
) -> ResponseReturnValue:
    return page(
        "settings/erasure.html",
        status=status,
        plan=person_erasure.plan(kind, person_id, by=person()),
        places=PLACES,
        typed=typed,
        error=error,
        wrong=status == 422,
        key=secrets.token_urlsafe(16),
        open_section="erasures",
    )


def _found(row: Contact | User) -> dict[str, object]:
    kind = personal_data.USER if isinstance(row, User) else personal_data.CONTACT
    where = row.account.name if isinstance(row, Contact) else ""
    return {"kind": kind, "id": row.id, "name": row.name, "email": row.email, "where": where}
