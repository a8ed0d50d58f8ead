"""The words of letters about runs that end."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.i18n import Text
from crmapp.mail import messages
from crmapp.models import MailOutbox, Run
from crmapp.services import failures, notifications
from tests.factories import Make
from tests.support.upserts import carry_out, plan, rows_of

UNKNOWN = "The SQL database %(name)s is not known here. Ask whoever runs crmapp."


def letter_of(make: Make, *, locale: str = "en", **values: object) -> messages.Message:
    """End a run of mona's and write the letter that tells her."""
    return letter_about(make, make.run(by_id=make.mona.id, **values), locale)


def letter_about(make: Make, run: Run, locale: str = "en") -> messages.Message:
    """Write the letter that tells mona that a run of hers has ended."""
    with unit_of_work():
        make.mona.locale = locale
        notifications.run_ended(run.id)
    letters = session.query(MailOutbox).filter_by(user_id=make.mona.id)
    return messages.write(letters.filter_by(kind="run_ended").one())


@pytest.mark.parametrize(
    "kind, says, leads_to",
    [
        ("upsert", "Created: 0", "The receipt\n"),
        ("export", "Rows written: 0", "Its page, and the file for a week"),
        ("dataset_refresh", "Loaded: 0", "The receipt\n"),
    ],
)
def test_a_letter_leads_to_what_a_run_of_its_kind_has(make, kind, says, leads_to):
    letter = letter_of(make, kind=kind, status="done")

    assert says in letter.text
    assert leads_to in letter.text
    assert leads_to.strip() in letter.html
    assert "undo" not in letter.text


def test_a_letter_about_a_run_that_changed_something_offers_to_undo_it(make):
    run = carry_out(make, plan(make, rows_of("Acme")))

    letter = letter_about(make, run)

    assert "The receipt, and a way to undo it" in letter.text


def test_who_may_not_undo_is_not_offered_to(make):
    run = carry_out(make, plan(make, rows_of("Acme")))
    with unit_of_work():
        make.mona.role = "viewer"

    letter = letter_about(make, run)

    assert "undo" not in letter.text


@pytest.mark.parametrize("kind", ["upsert", "feed"])
def test_a_letter_about_a_preview_that_could_not_be_made_offers_no_undo(make, kind):
    letter = letter_of(make, kind=kind, status="failed", error="The file is gone.")

    assert "Its page, and what can be done" in letter.text
    assert "undo" not in letter.text + letter.html


def test_why_a_run_failed_is_said_in_the_language_of_the_reader(make):
    why = failures.kept(Text(UNKNOWN, {"name": "erp"}))

    letter = letter_of(make, locale="fr", kind="dataset_refresh", status="failed", **why)

    assert "La base SQL erp n’est pas connue ici." in letter.text
    assert session.query(Run).one().error.startswith("The SQL database erp")
