"""Which standard fields of an account this installation requires, beyond the name."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select

from crmapp.db import session, unit_of_work
from crmapp.domain.fields import Field, Kind
from crmapp.domain.permissions import Right
from crmapp.domain.records import ACCOUNT_FIELDS, ALWAYS_REQUIRED
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import RequiredField, User
from crmapp.services import audit, fields, passing_on
from crmapp.services.rights import need

RIGHT = Right.SETTINGS_MANAGE
UNKNOWN = N_("Choose among the fields of this page.")


def possible() -> list[Field]:
    """Return the standard fields that can be required, and those that always are.

    A yes or no always has a value, a primary contact can only come after the account, and who gets
    its own invoices or goods names nobody.
    """
    return [
        spec
        for name, spec in ACCOUNT_FIELDS.items()
        if spec.kind is not Kind.YES_NO and name not in ("primary_contact_id", *passing_on.FIELDS)
    ]


def chosen(*, by: User) -> set[str]:
    """Return the names of the standard fields that are required here.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    return set(session.scalars(select(RequiredField.name))) | set(ALWAYS_REQUIRED)


def choose(names: Collection[str], *, by: User) -> None:
    """Require the standard fields ``names``, and no others but those that always are.

    Raises:
        Forbidden: she lacks the right.
        Invalid: there is no such field, or it cannot be required.
    """
    need(RIGHT, by=by)
    if not set(names) <= {spec.name for spec in possible()}:
        raise Invalid({"": UNKNOWN})
    with unit_of_work():
        before = sorted(chosen(by=by) - set(ALWAYS_REQUIRED))
        session.execute(delete(RequiredField))
        wanted = sorted(set(names) - set(ALWAYS_REQUIRED))
        session.add_all(RequiredField(object="account", name=name) for name in wanted)
        fields.touch()
        audit.note("required_fields", by=by, about="fields", fields=[before, wanted])
