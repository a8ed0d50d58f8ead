"""Contacts: listed, read, added to an account, changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.api import records
from crmapp.blueprints.api.door import Operation, operation
from crmapp.blueprints.api.schemas import TEXT
from crmapp.domain.fields import Field
from crmapp.domain.permissions import Right
from crmapp.domain.scopes import Scope
from crmapp.i18n import N_
from crmapp.models import Contact
from crmapp.services import accounts, contact_list, contacts, fields, published
from crmapp.services.contact_list import Asked
from crmapp.web.access import person, requires

_ACTIVE = {None: None, "yes": True, "no": False}
_FILTERS: dict[str, Mapping[str, Any]] = {
    "q": TEXT,
    "role": TEXT,
    "active": {"enum": ["yes", "no"]},
    "cursor": records.CURSOR,
}


def specs() -> dict[str, Field]:
    """Return the fields that a contact has here."""
    return dict(fields.of("contact"))


@operation(
    Operation("GET", "/contacts", Scope.CONTACTS_READ, N_("List contacts"), answers="Contacts",
              arguments=_FILTERS)
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def list_contacts() -> ResponseReturnValue:
    """List the contacts that the address asks for by name, a page at a time."""
    args = records.arguments(*_FILTERS)
    active = args.get("active")
    if active not in _ACTIVE:
        raise records.wrong("active")
    asked = Asked(
        words=args.get("q", "").strip()[:200],
        role=args.get("role", ""),
        active=_ACTIVE[active],
        after=records.place(args.get("cursor")),
    )
    found = contact_list.page(asked, by=person())
    following = str(found.rows[-1].id) if found.rows and found.later else None
    return records.many([_shown(each) for each in found.rows], following)


@operation(
    Operation("GET", "/accounts/<int:account_id>/contacts", Scope.CONTACTS_READ,
              N_("List the contacts of an account"), answers="Contacts")
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def list_contacts_of_account(account_id: int) -> ResponseReturnValue:
    """List the contacts of an account, the primary one first."""
    records.arguments()
    found = contacts.of(accounts.get(account_id, by=person()))
    return records.many([_shown(each) for each in found], None)


@operation(
    Operation("GET", "/contacts/<int:contact_id>", Scope.CONTACTS_READ, N_("Read a contact"),
              answers="Contact", versioned=True)
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def read_contact(contact_id: int) -> ResponseReturnValue:
    """Send a contact."""
    return records.one(_shown(contacts.get(contact_id, by=person())))


@operation(
    Operation("POST", "/accounts/<int:account_id>/contacts", Scope.CONTACTS_WRITE,
              N_("Add a contact"), sends="NewContact", answers="Contact", status=201)
)  # fmt: skip
@requires(Right.CONTACT_EDIT)
def add_contact(account_id: int) -> ResponseReturnValue:
    """Add a contact to an account; sent again with the same key, it is the same contact."""
    known = specs()
    values = records.typed(records.body(), known)
    with records.refused_by_member(known):
        contact_id = contacts.add(account_id, values, by=person(), key=records.key("contact"))
    shown = _shown(contacts.get(contact_id, by=person()))
    return records.one(shown, 201, url_for("api.read_contact", contact_id=contact_id))


@operation(
    Operation("PATCH", "/contacts/<int:contact_id>", Scope.CONTACTS_WRITE, N_("Change a contact"),
              sends="ContactChanges", answers="Contact", versioned=True)
)  # fmt: skip
@requires(Right.CONTACT_EDIT)
def change_contact(contact_id: int) -> ResponseReturnValue:
    """Change the members that were sent, of the version that If-Match names."""
    version, known = contacts.get(contact_id, by=person()).version, specs()
    records.need_version(version)
    values = records.typed(records.body(), known)
    with records.refused_by_member(known):
        contacts.update(contact_id, values, version, by=person(), exact=True)
    return records.one(_shown(contacts.get(contact_id, by=person())))


def _shown(contact: Contact) -> dict[str, Any]:
    return {**published.written(contact, specs()), "account_id": contact.account_id}
