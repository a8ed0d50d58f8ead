"""What may be done, in one sentence each, and which role may do it."""

from __future__ import annotations

from enum import StrEnum

from crmapp.i18n import N_


class Right(StrEnum):
    """A named right; ``SENTENCES`` says what it allows."""

    ACCOUNT_VIEW = "account.view"
    ACCOUNT_VIEW_ALL = "account.view_all"
    ACCOUNT_CREATE = "account.create"
    ACCOUNT_EDIT = "account.edit"
    ACCOUNT_EDIT_ALL = "account.edit_all"
    ACCOUNT_DELETE = "account.delete"
    VIEW_SHARE = "view.share"
    CONTACT_EDIT = "contact.edit"
    ACTIVITY_EDIT = "activity.edit"
    MAIL_FILE = "mail.file"
    GRID_VIEW = "grid.view"
    GRID_ADD_UPDATE_ACCOUNTS = "grid.add_update_accounts"
    RUN_VIEW = "run.view"
    RUN_CANCEL = "run.cancel"
    RUN_UNDO = "run.undo"
    USER_MANAGE = "user.manage"
    INTEGRATION_MANAGE = "integration.manage"
    DATASET_MANAGE = "dataset.manage"
    SETTINGS_MANAGE = "settings.manage"
    AUDIT_VIEW = "audit.view"


SENTENCES: dict[Right, str] = {
    Right.ACCOUNT_VIEW: N_("See accounts, their contacts and activities."),
    Right.ACCOUNT_VIEW_ALL: N_("See every account, whoever owns it."),
    Right.ACCOUNT_CREATE: N_("Create accounts by hand."),
    Right.ACCOUNT_EDIT: N_("Change the accounts one may see and that are one's own or unowned."),
    Right.ACCOUNT_EDIT_ALL: N_("Change every account, whoever owns it."),
    Right.ACCOUNT_DELETE: N_("Delete and restore accounts."),
    Right.VIEW_SHARE: N_(
        "Share views of the accounts with everyone, and look after those of others."
    ),
    Right.CONTACT_EDIT: N_("Add and change contacts."),
    Right.ACTIVITY_EDIT: N_("Add and change activities."),
    Right.MAIL_FILE: N_("Read the letters that no account was found for, and file them."),
    Right.GRID_VIEW: N_("Open the analytics grid."),
    Right.GRID_ADD_UPDATE_ACCOUNTS: N_("Add or update accounts from the analytics grid."),
    Right.RUN_VIEW: N_("See runs and their receipts."),
    Right.RUN_CANCEL: N_("Cancel a run."),
    Right.RUN_UNDO: N_("Undo a run."),
    Right.USER_MANAGE: N_("Add people and set their roles."),
    Right.INTEGRATION_MANAGE: N_("Manage connections, mappings and managed lists."),
    Right.DATASET_MANAGE: N_("Make, change and refresh the databases of the grid."),
    Right.SETTINGS_MANAGE: N_("Change the settings of the installation."),
    Right.AUDIT_VIEW: N_("Read who did what, when and from where."),
}


class Role(StrEnum):
    """The roles of the first day."""

    ADMIN = "admin"
    IMPLEMENTER = "implementer"
    MANAGER = "manager"
    REP = "rep"
    VIEWER = "viewer"


ROLE_LABELS: dict[Role, str] = {
    Role.ADMIN: N_("Administrator"),
    Role.IMPLEMENTER: N_("Implementer"),
    Role.MANAGER: N_("Sales manager"),
    Role.REP: N_("Sales representative"),
    Role.VIEWER: N_("Viewer"),
}

_VIEWER = frozenset({Right.ACCOUNT_VIEW, Right.ACCOUNT_VIEW_ALL, Right.GRID_VIEW})
_REP = frozenset(
    {
        Right.ACCOUNT_VIEW,
        Right.ACCOUNT_CREATE,
        Right.ACCOUNT_EDIT,
        Right.CONTACT_EDIT,
        Right.ACTIVITY_EDIT,
        Right.GRID_VIEW,
    }
)
_RUNS = frozenset({Right.RUN_VIEW, Right.RUN_CANCEL, Right.RUN_UNDO})
_MANAGER = (
    _REP
    | _VIEWER
    | _RUNS
    | {Right.ACCOUNT_EDIT_ALL, Right.ACCOUNT_DELETE, Right.VIEW_SHARE, Right.MAIL_FILE}
    | {Right.GRID_ADD_UPDATE_ACCOUNTS}
)
_IMPLEMENTER = (
    _VIEWER
    | _RUNS
    | {Right.GRID_ADD_UPDATE_ACCOUNTS, Right.INTEGRATION_MANAGE, Right.DATASET_MANAGE}
)

GRANTS: dict[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.IMPLEMENTER: _IMPLEMENTER,
    Role.MANAGER: _MANAGER,
    Role.REP: _REP,
    Role.VIEWER: _VIEWER,
}


def allows(role: str, right: Right) -> bool:
    """Say whether ``role`` holds ``right``; an unknown role holds none."""
    return right in rights_of(role)


def rights_of(role: str) -> frozenset[Right]:
    """Return the rights that ``role`` holds; an unknown role holds none."""
    return GRANTS.get(role, frozenset())  # type: ignore[call-overload,no-any-return]  # a Role is its text


def roles_with(right: Right) -> list[Role]:
    """Return the roles that hold ``right``, in the order of :class:`Role`."""
    return [role for role in Role if right in GRANTS[role]]
