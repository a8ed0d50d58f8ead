"""Notes who did what, when and from where, in the transaction of its cause."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Table, event, insert, select
from sqlalchemy.orm import Mapper

from crmapp import origin
from crmapp.db import be_alone, beside, db, session, utcnow
from crmapp.db.bulk import reserve_ids
from crmapp.db.horizon import be_numbered
from crmapp.i18n import N_
from crmapp.models import AuditEvent, Run, User

KINDS: dict[str, str] = {
    "signed_in": N_("Signed in"),
    "sign_in_refused": N_("Sign-in refused"),
    "signed_out": N_("Signed out"),
    "sessions_ended": N_("Signed out everywhere"),
    "password_asked": N_("Asked for a new password"),
    "password_reset": N_("Set a new password by a letter"),
    "password_changed": N_("Changed the password"),
    "password_given": N_("Gave a new password"),
    "second_step_passed": N_("Entered a code to sign in"),
    "second_step_on": N_("Turned two-step sign-in on"),
    "second_step_off": N_("Turned two-step sign-in off"),
    "second_step_reset": N_("Took two-step sign-in away"),
    "second_step_roles": N_("Asked roles for two-step sign-in"),
    "sign_in_ended": N_("Signed a person out in one browser"),
    "passkey_added": N_("Added a passkey"),
    "passkey_removed": N_("Removed a passkey"),
    "provider_saved": N_("Saved the identity provider"),
    "provider_linked": N_("Signed in by the identity provider for the first time"),
    "provider_unlinked": N_("Forgot as whom the identity provider knows a person"),
    "token_made": N_("Made a token for a program"),
    "token_revoked": N_("Revoked a token"),
    "calendar_renewed": N_("Gave the calendar a new address"),
    "calendar_closed": N_("Closed the calendar"),
    "view_as_begun": N_("Began to see crmapp as somebody else"),
    "view_as_ended": N_("Went back to the own view"),
    "view_as_refused": N_("Was kept from a change while seeing as somebody else"),
    "person_restricted": N_("Chose which accounts a person reaches"),
    "person_added": N_("Added a person"),
    "role_changed": N_("Gave another role"),
    "person_let_in": N_("Let a person in"),
    "person_let_go": N_("Let a person go"),
    "connection_saved": N_("Saved a connection"),
    "connection_removed": N_("Removed a connection"),
    "connection_let_in": N_("Signed in for a connection"),
    "keys_rotated": N_("Encrypted secrets anew"),
    "options_saved": N_("Saved options of an integration"),
    "layout_saved": N_("Saved a layout"),
    "field_map_saved": N_("Saved the field map"),
    "field_saved": N_("Saved a field"),
    "field_retired": N_("Retired a field"),
    "required_fields": N_("Chose required fields"),
    "match_rules": N_("Changed the rules of matching"),
    "crm_mapping_saved": N_("Saved a CRM mapping"),
    "source_saved": N_("Saved a source"),
    "source_retired": N_("Retired a source"),
    "schedule_set": N_("Set a schedule"),
    "retention_set": N_("Set how long things are kept"),
    "dataset_made": N_("Made a database"),
    "dataset_changed": N_("Changed a database"),
    "dataset_removed": N_("Removed a database"),
    "webhook_added": N_("Added a webhook"),
    "webhook_changed": N_("Changed a webhook"),
    "webhook_on": N_("Switched a webhook on"),
    "webhook_off": N_("Switched a webhook off"),
    "webhook_secret": N_("Gave a webhook a new secret"),
    "webhook_replayed": N_("Sent failed messages of a webhook again"),
    "webhook_removed": N_("Deleted a webhook"),
    "run_begun": N_("Began a run"),
    "run_cancelled": N_("Cancelled a run"),
    "exported": N_("Downloaded a file"),
    "backed_up": N_("Made a backup"),
    "restored": N_("Brought a backup back"),
    "records_erased": N_("Erased records for good"),
    "person_erased": N_("Erased a person for good"),
}
"""What an event of each kind says that somebody did."""
RECORDS = "records_changed"
"""The kind of the event that says from where records were changed; the changes say the rest."""
_KNOWN = "crmapp_origin_of_changes"
_LONGEST = 200
_WHO_TOOK_WHAT = ("kind", "by_id", "about", "about_id", "address")


def note(
    kind: str, *, by: User | int | None, about: str = "", about_id: object = "", **details: Any
) -> int:
    """Note what ``by`` did, and return the event's id; the caller commits.

    ``by`` is ``None`` for a visitor, the terminal or a schedule. Nothing personal belongs into
    ``details``, nor anything that a person typed to sign in: it may be a password.
    """
    table = cast("Table", AuditEvent.__table__)
    (id_,) = reserve_ids(table, 1)
    by_id = by.id if isinstance(by, User) else by
    row = _row(kind, by_id, about, str(about_id), details)
    session.execute(insert(AuditEvent).values(id=id_, **row))
    return id_


def exported(
    what: str,
    *,
    by: User | None,
    about_id: object = "",
    since: datetime | None = None,
    **details: Any,
) -> None:
    """Note that ``by`` takes a file of ``what`` away, before she has the first line of it.

    In a transaction of its own: what was read for the file stays as it is. With ``since``, once
    from then on for each network address that she takes it from; most often that is looked up by
    an index and nothing is written.
    """
    row = _row("exported", by.id if by else None, what, str(about_id), details)
    if since is not None and _is_noted(session.connection(), row, since):
        return
    with beside(db.engine) as connection:
        if since is not None:
            be_alone(f"{what} {about_id}", connection)
            if _is_noted(connection, row, since):
                return
        be_numbered(connection)
        connection.execute(insert(AuditEvent).values(**row))


def _is_noted(connection: Connection, row: Mapping[str, Any], since: datetime) -> bool:
    column = cast("Table", AuditEvent.__table__).c
    same = [column[name] == row.get(name) for name in _WHO_TOOK_WHAT]
    noted = connection.scalars(select(column.details).where(*same, column.at >= since))
    return row["details"] in noted.all()


def place_of_changes(by: User | None) -> int | None:
    """Return the event that says from where a person changes records, once per transaction.

    There is none for runs, nor for what is done at the terminal.
    """
    if by is None or origin.here() is None:
        return None
    info, now = session().info, session().get_transaction()
    known: tuple[object, int] | None = info.get(_KNOWN)
    if known is None or known[0] is not now:
        known = info[_KNOWN] = now, note(RECORDS, by=by)
    return known[1]


def commitment(salt: str | None, address: str | None, agent: str | None) -> str:
    """Return what is kept of an address and a browser when they are forgotten."""
    if salt is None:
        return ""
    return hashlib.sha256(salt.encode() + orjson.dumps([address, agent])).hexdigest()


def listen() -> None:
    """Note each run that a person begins, wherever it is made."""
    if not event.contains(Run, "after_insert", _begun):
        event.listen(Run, "after_insert", _begun)


def _begun(_mapper: Mapper[Run], connection: Connection, run: Run) -> None:
    if run.by_id is not None:
        row = _row("run_begun", run.by_id, "run", str(run.id), {"kind": run.kind})
        connection.execute(insert(AuditEvent).values(**row))


def _row(
    kind: str, by_id: int | None, about: str, about_id: str, details: dict[str, Any]
) -> dict[str, Any]:
    """Return the row of an event; who looks at it as somebody else does it herself."""
    here = origin.here()
    if here is not None and here.viewer not in (None, by_id):
        by_id, details = here.viewer, {**details, "seen_as": by_id}
    row: dict[str, Any] = {"kind": kind, "by_id": by_id, "about": about, "about_id": about_id}
    row |= {"at": utcnow(), "details": details}
    if here is None:
        return row
    salt, agent = secrets.token_hex(16), here.agent[:_LONGEST]
    return row | {
        "request_id": here.request_id,
        "address": here.address,
        "agent": agent,
        "salt": salt,
        "commitment": commitment(salt, here.address, agent),
    }
