"""What a program may do with a person's token: never more than she may do herself."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from crmapp.i18n import N_


class Scope(StrEnum):
    """A part of the API; ``SENTENCES`` says what it opens."""

    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_WRITE = "accounts:write"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    ACTIVITIES_READ = "activities:read"
    ACTIVITIES_WRITE = "activities:write"
    SETUP_READ = "setup:read"
    SETUP_WRITE = "setup:write"
    DATASETS_READ = "datasets:read"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    MAPPINGS_READ = "mappings:read"
    CONNECTIONS_READ = "connections:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


SENTENCES: dict[Scope, str] = {
    Scope.ACCOUNTS_READ: N_("Read accounts."),
    Scope.ACCOUNTS_WRITE: N_("Read, create, change and delete accounts."),
    Scope.CONTACTS_READ: N_("Read contacts."),
    Scope.CONTACTS_WRITE: N_("Read, add and change contacts."),
    Scope.ACTIVITIES_READ: N_("Read activities."),
    Scope.ACTIVITIES_WRITE: N_("Read, add and change activities."),
    Scope.SETUP_READ: N_("Read the fields and the pick lists."),
    Scope.SETUP_WRITE: N_("Read the fields, read and change the pick lists."),
    Scope.DATASETS_READ: N_("Read the databases and ask questions of the grid."),
    Scope.RUNS_READ: N_("Read runs, their receipts, and the rows that they left out."),
    Scope.RUNS_WRITE: N_("Read, plan, start and undo runs."),
    Scope.MAPPINGS_READ: N_("Read saved mappings."),
    Scope.CONNECTIONS_READ: N_("Read how it stands with the connections."),
    Scope.WEBHOOKS_READ: N_("Read webhooks and their messages, but not their secrets."),
    Scope.WEBHOOKS_WRITE: N_(
        "Read, add, change and delete webhooks, and send their messages again."
    ),
}


def opens(scopes: Collection[str], needed: Scope) -> bool:
    """Say whether ``scopes`` open what needs ``needed``; who may write may read."""
    return needed in scopes or needed.replace(":read", ":write") in scopes
