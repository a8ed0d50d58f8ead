"""The words of letters about runs that end."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.i18n import Text
from crmapp.mail import messages
from crmapp.models import MailOutbox, Run
from crmapp.services import failures, notifications
from tests.factories import Make

UNKNOWN = "The SQL database %(name)s is not known here. Ask whoever runs crmapp."


def letter_of(make: Make, *, locale: str = "en", **values: object) -> messages.Message:
    """End a run of mona's and write the letter that tells her."""
    run = make.run(by_id=make.mona.id, **values)
    with unit_of_work():
        make.mona.locale = locale
        notifications.run_ended(run.id)
    return messages.write(session.query(MailOutbox).filter_by(user_id=make.mona.id).one())


@pytest.mark.parametrize(
    "kind, says, leads_to",
    [
        ("upsert", "Created: 0", "The receipt, and a way to undo it"),
        ("export", "Rows written: 0", "Its page, and the file for a week"),
        ("dataset_refresh", "Loaded: 0", "The receipt\n"),
    ],
)
def test_a_letter_leads_to_what_a_run_of_its_kind_has(make, kind, says, leads_to):
    letter = letter_of(make, kind=kind, status="done")

    assert says in letter.text
    assert leads_to in letter.text
    assert leads_to.strip() in letter.html
    assert ("undo" in letter.text) == (kind == "upsert")


def test_why_a_run_failed_is_said_in_the_language_of_the_reader(make):
    why = failures.kept(Text(UNKNOWN, {"name": "erp"}))

    letter = letter_of(make, locale="fr", kind="dataset_refresh", status="failed", **why)

    assert "La base SQL erp n’est pas connue ici." in letter.text
    assert session.query(Run).one().error.startswith("The SQL database erp")
