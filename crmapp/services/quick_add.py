"""Add an activity from My day: the account is meant by its number or its name, as typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from crmapp.db import utcnow
from crmapp.domain.fields import REQUIRED, BadValue, Lookups, parse
from crmapp.domain.planned import KINDS as PLANNED
from crmapp.domain.planned import NOT_STARTED
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import account_links, activities, palette

OFFERED = ("task", "call", "meeting")
_NOT_YET = N_("A call is noted when it has taken place. Add a task to plan one.")


def add(typed: Mapping[str, str], *, by: User, key: str | None) -> int:
    """Add what was typed; return the activity's id.

    It is kind, subject, account, happens_at and, which counts for a meeting, length_minutes.

    Raises:
        Forbidden: she may not add activities.
        Invalid: field → what is wrong with it, for all fields at once.
    """
    wrong: dict[str, Text | str] = {}
    if typed["kind"] not in OFFERED:
        wrong["kind"] = N_("Choose call, meeting or task.")
    if not typed["subject"].strip():
        wrong["subject"] = REQUIRED
    if typed["kind"] == "call" and _is_ahead(typed["happens_at"]):
        wrong["happens_at"] = _NOT_YET
    account_id = None
    try:
        account_id = account_meant(typed["account"], by=by)
    except BadValue as bad:
        wrong["account"] = bad.text
    if wrong or account_id is None:
        raise Invalid(wrong)
    values = {name: typed[name] for name in ("kind", "subject", "happens_at")}
    if typed["kind"] in PLANNED:
        values["status"] = NOT_STARTED
    if typed["kind"] == "meeting":
        values["length_minutes"] = typed.get("length_minutes", "")
    try:
        return activities.add(account_id, values, by=by, key=key)
    except NotFound:
        raise Invalid({"account": N_("This account is not open to you any more.")}) from None


def suggestions(words: str, *, by: User) -> list[palette.Hit]:
    """Return accounts that may be meant by what was typed so far."""
    return palette.find_accounts(words, by=by)


def account_meant(text: str, *, by: User) -> int:
    """Return the account that is meant by its number or its name.

    Raises:
        BadValue: none is, or more than one.
    """
    words = text.strip()
    if not words:
        raise BadValue(Text(REQUIRED))
    known = Lookups(accounts=account_links.meant([words], by=by))
    return int(parse(ACCOUNT_FIELDS["parent_id"], words, known))


def _is_ahead(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return moment.tzinfo is not None and moment > utcnow()
