"""What a person typed, on its way to a record."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from crmapp.db import session, unit_of_work
from crmapp.errors import Invalid
from crmapp.models import Account
from crmapp.services.editing import unless_taken
from tests.support.columns import derived


def two_at_once():
    """Write one number twice past the door, as two transactions that do not see each other."""
    values = {"name": "Acme", "number": "C1"}
    with unit_of_work():
        for _ in "12":
            session.add(Account(**values, **derived("account", values)))
        session.flush()


def test_two_who_want_one_number_at_once_are_told(app):
    taken = unless_taken({"number": "x"}, index="uq_account_number", column="account.number")

    with pytest.raises(Invalid) as invalid, taken:
        two_at_once()

    assert list(invalid.value.fields) == ["number"]


def test_other_breaches_are_not_taken_for_it(app):
    taken = unless_taken({"email": "x"}, index="uq_user_email", column="user.email")

    with pytest.raises(IntegrityError), taken:
        two_at_once()
