"""Accounts whose names were mistyped are found by what else is right."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.domain.matching import Clues
from crmapp.models import ExternalIdentity
from crmapp.services import match_traces

ROW = Clues("K1", name="Acme Boulangerie", email="info@acme.example", postal_code="75 001")
IDENTITY = ("feed:1", "customer")


def found(*clues: Clues) -> set[int]:
    traced = match_traces.read(clues, IDENTITY)
    return {candidate.id for group in traced.values() for candidate in group}


@pytest.mark.parametrize(
    "name, held",
    [
        ("Amce Boulangerie", {"billing_postal_code": "75001"}),
        ("Acmz Boulangerie", {"billing_postal_code": "75 001"}),
        ("Whatever", {"email": "Jo@ACME.example"}),
    ],
)
def test_an_account_is_found_by_its_place_or_its_domain(make, name, held):
    make.account("Acme Boulangerie", billing_postal_code="69001", email="jo@zeta.example")
    mine = make.account(name, **held).id

    assert found(ROW) == {mine}


def test_what_the_source_has_already_is_left_out(make):
    held = make.account("Acne Boulangerie", billing_postal_code="75001").id
    other = make.account("Acve Boulangerie", billing_postal_code="75001").id
    system, object_ = IDENTITY
    with unit_of_work():
        known = {"system": system, "object": object_, "external_id": "K9"}
        session.add(ExternalIdentity(**known, account_id=held))

    assert found(ROW) == {other}


def test_a_row_that_says_nothing_else_leads_nowhere(make):
    make.account("Acme Boulangerie", billing_postal_code="75001")

    assert found(Clues("K1", name="Acme Boulangerie")) == set()
    assert found(Clues("K1", email="jo@gmail.com", postal_code="75001")) == set()
