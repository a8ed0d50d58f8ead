"""What the description of the API says in words, and an example of each body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmapp.domain.scopes import Scope
from crmapp.i18n import N_

GROUPS: Mapping[str, str] = {
    "accounts": N_("Accounts"),
    "contacts": N_("Contacts"),
    "activities": N_("Activities"),
    "setup": N_("Fields and pick lists"),
    "datasets": N_("Databases"),
    "runs": N_("Runs"),
    "mappings": N_("Saved mappings"),
    "connections": N_("Connections"),
    "webhooks": N_("Webhooks"),
}
"""What stands before the colon of a scope → what it is about, in the order of a reader."""
FAULTS: Mapping[int, str] = {
    400: N_("The request cannot be understood"),
    401: N_("No good token"),
    403: N_("The token lacks the scope, or the person the right"),
    404: N_("There is none, or not for the person of the token"),
    409: N_("Another request was quicker, or it has gone too far for this"),
    412: N_("The record has another version by now"),
    422: N_("Some values need attention"),
    428: N_("If-Match is missing"),
    429: N_("Too many requests; see Retry-After"),
}
MAY_EXIST = N_(
    "Accounts like it exist, and nothing is saved yet: send it again with the duplicate_seal of the"
    " answer and a duplicate_reason if it is another one. Or another request was quicker"
)
MORE_FIELDS = N_(
    "Accounts, contacts and activities may have further members: the fields that an installation"
    " has made (c_…). They are described to who is signed in or sends a good token."
)
NO_BODY = N_("Done; there is no body")
GIVEN_AWAY = N_("Done; the record is somebody else’s now, and not open to the person of the token")
OWN_FIELD = N_("Only accounts with this value of the field.")
ARGUMENTS: Mapping[str, str] = {
    "account_id": N_("The number of the account."),
    "contact_id": N_("The number of the contact."),
    "activity_id": N_("The number of the activity."),
    "mapping_id": N_("The number of the saved mapping."),
    "run_id": N_("The number of the run."),
    "hook_id": N_("The number of the webhook."),
    "message_id": N_("The number of the message."),
    "value_id": N_("The number of the value."),
    "object_": N_("“account”, “contact” or “activity”."),
    "code": N_("The code of a pick list, such as “terms”."),
    "dataset": N_("The name of a database, as their list has it."),
    "dimension": N_("The name of a dimension of the database."),
    "q": N_("Words that are looked for, as in the search box."),
    "active": N_("“yes”: only those that are active; “no”: only the others."),
    "owner": N_("The number of a person, “me”, or “none”."),
    "team": N_("The number of a team, or “none”."),
    "location": N_("A place, letter by letter. It may be sent several times."),
    "where": N_("A filter of several conditions, as the address of the list has it."),
    "run": N_("The number of a run that has created or changed them."),
    "deleted": N_("“yes”: those that were deleted."),
    "sort": N_("The column to sort by, with “-” before it for descending order."),
    "cursor": N_("What “next” held in the page before."),
    "limit": N_("How many a page has; 50 if nothing is sent."),
    "role": N_("The code of a role of contacts."),
    "status": N_("Only runs in this state."),
    "state": N_("Only messages in this state."),
    "kind": N_("Only runs of this kind."),
    "period": N_("A period by its name, such as “ytd”, or two days: 2026-01-05..2026-03-31."),
    "mode": N_("How the figures are laid out, such as “total”, “variance” or “matrix”."),
    "against": N_("In a variance, the period to compare with."),
    "across": N_("In a matrix, the dimension that makes the columns."),
    "top": N_("In a matrix, how many columns: 5, 10, 20 or 50."),
    "measures": N_("Names of measures, with commas between them."),
    "properties": N_("Names of properties, with commas between them."),
    "activity": N_("“with”, “without” or “all”: those with figures in the period, or without."),
    "page": N_("The number of the page, from 1."),
    "size": N_("How many a page has: 25, 50, 100 or 200."),
    "sel": N_("The number of a selection of the grid."),
    "fav": N_("The number of a favourite of the grid."),
    "view": N_("How the grid draws the answer; its figures are the same."),
    "Idempotency-Key": N_(
        "A word of your own, a new one for each request. Whoever sends it again gets the same"
        " answer, and nothing is done twice."
    ),
    "If-Match": N_("The ETag that was read. If it is another one by now, nothing is changed."),
}
"""Argument or header → what it is for."""
PLACES: Mapping[str, str] = {
    "object_": "account",
    "code": "terms",
    "dataset": "sales",
    "dimension": "customers",
}
"""Part of an address → what may stand there; all others are numbers."""
EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "create_account": {"name": "Nordic Toys", "billing_city": "Bergen"},
    "change_account": {"phone": "+47 55 01 02 03"},
    "add_contact": {"first_name": "Ingrid", "last_name": "Dahl", "email": "ingrid@nordic.example"},
    "change_contact": {"email": "ingrid.dahl@nordic.example"},
    "add_activity": {"kind": "call", "subject": "Catalogue", "happens_at": "2026-12-01T09:00:00Z"},
    "change_activity": {"subject": "Catalogue 2027"},
    "add_pick_list_value": {"label_en": "60 days", "label_fr": "60 jours"},
    "change_pick_list_value": {"active": False},
    "draft_run": {"dataset": "sales", "dimension": "customers", "arguments": {"q": "toys"}},
    "plan_run": {"mapping": 1},
    "add_webhook": {
        "name": "Hub",
        "url": "https://hub.example.com/crmapp",
        "events": ["account.created", "account.updated"],
        "fields": ["account.phone"],
    },
    "change_webhook": {"events": ["account.created"]},
    "replay_webhook": {"since": "2026-06-15T00:00:00Z", "until": "2026-06-16T00:00:00Z"},
    "start_run": {"plan_hash": "3f1c…"},
}
"""Operation → a body that can be sent to it."""


def group(scope: Scope) -> str:
    """Return what a scope is about, a key of :data:`GROUPS`."""
    return scope.partition(":")[0]
