"""Bulk verbs fail alike on every database."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from crmapp.db import unit_of_work, utcnow
from crmapp.db.bulk import insert_rows
from crmapp.models import IdempotencyKey


def test_rows_that_break_a_rule_are_refused_as_by_any_other_statement(app):
    row = {"key": "twice", "digest": "", "result": None, "at": utcnow()}

    with pytest.raises(IntegrityError), unit_of_work():
        insert_rows(IdempotencyKey.__table__, [row, row])
