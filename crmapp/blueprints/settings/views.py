"""What an administrator looks at: the way in, the mail log, the datasets, the health."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import Right
from crmapp.errors import Forbidden
from crmapp.i18n import N_
from crmapp.services import databases, installation, mailboxes, match_inbox, unfiled
from crmapp.services import datasets as dataset_files
from crmapp.web import navigation
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.paging import page_number


@dataclass(frozen=True)
class Section:
    """A page of the settings and the right that opens it."""

    name: str
    label: str
    about: str
    icon: str
    right: Right

    @property
    def url(self) -> str:
        return url_for(f"settings.{self.name}")


SECTIONS = (
    Section(
        "users",
        N_("People"),
        N_("Who may sign in, and what each role may do."),
        "users",
        Right.USER_MANAGE,
    ),
    Section(
        "identity_provider",
        N_("Identity provider"),
        N_("Sign-in with OpenID Connect: where people sign in, and who is let in."),
        "key-round",
        Right.USER_MANAGE,
    ),
    Section(
        "fields",
        N_("Fields"),
        N_("Fields of your own for accounts, and which fields are required."),
        "table-2",
        Right.SETTINGS_MANAGE,
    ),
    Section(
        "layouts",
        N_("Layouts"),
        N_("Tabs, sections and the order of fields on accounts, and when a field is shown."),
        "columns-3",
        Right.SETTINGS_MANAGE,
    ),
    Section(
        "pick_lists",
        N_("Pick lists"),
        N_("What people choose from: the values, their labels, their order and their default."),
        "list-checks",
        Right.SETTINGS_MANAGE,
    ),
    Section(
        "mail",
        N_("Mail"),
        N_("Every letter that crmapp wrote, and what became of it."),
        "mail",
        Right.SETTINGS_MANAGE,
    ),
    Section(
        "unfiled",
        N_("Unfiled letters"),
        N_("Letters that no account was found for: a person says whose they are."),
        "inbox",
        Right.MAIL_FILE,
    ),
    Section(
        "connections",
        N_("Connections"),
        N_("Salesforce and Sage Intacct: how crmapp signs in, and what it asked them."),
        "link",
        Right.INTEGRATION_MANAGE,
    ),
    Section(
        "feed_sources",
        N_("Sources"),
        N_("Where customers are read from: databases, files, other systems."),
        "package",
        Right.INTEGRATION_MANAGE,
    ),
    Section(
        "crm_mappings",
        N_("CRM mappings"),
        N_("Standing rules by which sources create accounts and keep them up to date."),
        "columns-3",
        Right.INTEGRATION_MANAGE,
    ),
    Section(
        "managed_lists",
        N_("Managed lists"),
        N_("The lists that Sage Intacct owns: synchronized by hand or on a schedule."),
        "refresh-cw",
        Right.INTEGRATION_MANAGE,
    ),
    Section(
        "sync_health",
        N_("Sync health"),
        N_("How accounts and lists come to Salesforce and Sage Intacct, and what is wrong."),
        "activity",
        Right.INTEGRATION_MANAGE,
    ),
    Section(
        "matches",
        N_("Match inbox"),
        N_("Customers of sources that may be accounts already: a person says which."),
        "inbox",
        Right.INTEGRATION_MANAGE,
    ),
    Section(
        "matching",
        N_("Matching"),
        N_("By which rules the rows of a run find the accounts that exist."),
        "git-merge",
        Right.INTEGRATION_MANAGE,
    ),
    Section(
        "duplicate_rules",
        N_("Duplicates"),
        N_("What happens when people save an account that may exist already."),
        "copy",
        Right.INTEGRATION_MANAGE,
    ),
    Section(
        "subscriptions",
        N_("Subscriptions"),
        N_("What works together with Salesforce and Sage Intacct, and how it is configured."),
        "package",
        Right.INTEGRATION_MANAGE,
    ),
    Section(
        "webhooks",
        N_("Webhooks"),
        N_("Programs that are told at once what changes, and what became of each message."),
        "send",
        Right.SETTINGS_MANAGE,
    ),
    Section(
        "datasets",
        N_("Datasets"),
        N_("The databases of the analytics grid, and when they were read last."),
        "database",
        Right.DATASET_MANAGE,
    ),
    Section(
        "retention",
        N_("Retention"),
        N_("For how long files of runs, deleted files and unfiled letters are kept."),
        "history",
        Right.SETTINGS_MANAGE,
    ),
    Section(
        "erasures",
        N_("Erasure"),
        N_("What is known of a person, to hand over or to erase on request."),
        "trash-2",
        Right.USER_MANAGE,
    ),
    Section(
        "audit",
        N_("Audit"),
        N_("Who did what, when and from where."),
        "badge-check",
        Right.AUDIT_VIEW,
    ),
    Section(
        "health",
        N_("Health"),
        N_("Whether everything that crmapp needs is there."),
        "activity",
        Right.SETTINGS_MANAGE,
    ),
)


@bp.record_once
def _offer(state: BlueprintSetupState) -> None:
    navigation.offer(state.app, SECTIONS)


@bp.app_context_processor
def _sections() -> dict[str, object]:
    return {"settings_sections": SECTIONS}


@bp.get("")
def index() -> ResponseReturnValue:
    """Show the way to each page of the settings that is open to the reader."""
    if not any(current_user.can(section.right) for section in SECTIONS):
        raise Forbidden(Right.SETTINGS_MANAGE.value)
    waiting = {
        "matches": match_inbox.count(by=current_user),
        "unfiled": unfiled.count(by=current_user),
    }
    return page("settings/index.html", waiting=waiting)


@bp.get("/mail")
@requires(Right.SETTINGS_MANAGE)
def mail() -> ResponseReturnValue:
    """Show the letters, newest first."""
    before = request.args.get("before")
    place = page_number(before, 2**31 - 1) if before else None
    letters, older = installation.letters(by=current_user, before=place)
    states, kinds = installation.MAIL_STATES, installation.LETTERS
    return page(
        "settings/mail.html",
        letters=letters,
        older=older,
        states=states,
        kinds=kinds,
        sends=installation.sends_mail(),
        mailbox=mailboxes.standing(by=current_user),
    )


@bp.post("/mail/reading")
@requires(Right.SETTINGS_MANAGE)
def read_mailbox() -> ResponseReturnValue:
    """Have the mailbox read now."""
    mailboxes.read_soon(by=current_user)
    flash(_("The mailbox is read now. Look again in a moment."), "success")
    return see_other(url_for("settings.mail"))


@bp.get("/datasets")
@requires(Right.DATASET_MANAGE)
def datasets() -> ResponseReturnValue:
    """List the databases: those made here, and files, with what is wrong with them."""
    return page(
        "settings/datasets.html",
        datasets=[each for each in dataset_files.listed() if each.stored is None],
        made=databases.everything(by=current_user),
    )


@bp.get("/health")
@requires(Right.SETTINGS_MANAGE)
def health() -> ResponseReturnValue:
    """Show whether all is well."""
    return page("settings/health.html", findings=installation.health(by=current_user))
