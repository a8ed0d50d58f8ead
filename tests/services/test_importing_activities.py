"""Files of activities: what suits which kind, and when each happens."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Activity
from crmapp.services import (
    preferences,
)
from tests.support.record_files import (
    imported,
    reasons,
    undone,
)

DOINGS = "Account number,Kind,Subject,Date and time\n"


@pytest.mark.database
def test_new_activities_are_hers_and_happen_in_her_time_zone(make):
    account = make.account("Acme", number="1")
    preferences.keep({"timezone": "Europe/Paris"}, by=make.mona)

    run = imported(
        make, "activity",
        f"{DOINGS}1,Call,Asked,2026-07-01 14:30\n1,note,Heard,2026-07-01T14:30:00+00:00\n",
    )  # fmt: skip

    assert run.done == {"created": 2}
    asked, heard = session.scalars(select(Activity).order_by(Activity.id))
    assert (asked.kind, asked.account_id, asked.owner_id) == ("call", account.id, make.mona.id)
    assert asked.happens_at == datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
    assert heard.happens_at == datetime(2026, 7, 1, 14, 30, tzinfo=UTC)
    assert undone(make, run).done == {"updated": 2}


@pytest.mark.parametrize(
    "heads, row, reason",
    [
        ("Kind", "visit", "Kind: “visit” is not in the list. Choose one of its values."),
        ("Date and time", "soon", "Date and time: Enter a date and time, like 2026-11-22 14:30."),
        ("Contact", "{other}", "Contact: The account has no contact with this id."),
        ("Contact", "Ann", "Contact: Enter the id as our exports have it, a whole number."),
        ("Status", "Arranged", "Status: This kind of activity has no such field. Clear the cell."),
        ("Subject", "", "Subject: Enter a value; this field is required."),
    ],
)
def test_what_does_not_suit_an_activity_is_rejected(make, heads, row, reason):
    make.account("Acme", number="1")
    make.value("status", "arranged", label_en="Arranged")
    other = make.contact(make.account("Other"), "Else")
    right = {"Account number": "1", "Kind": "call", "Subject": "X", "Date and time": "2026-01-01"}
    cells = {**right, heads: row.format(other=other.id)}

    run = imported(make, "activity", ",".join(cells) + "\n" + ",".join(cells.values()) + "\n")

    assert reasons(make, run) == [f"2: {reason}"]


def test_the_kind_of_an_activity_stays(make):
    done = make.activity(make.account("Acme"), kind="call")

    run = imported(make, "activity", f"Activity ID,Kind\n{done.id},meeting\n")

    assert reasons(make, run) == [
        "2: Kind: The kind of an activity stays as it is. Enter what it was."
    ]


def test_words_of_the_source_mean_kinds_of_activities(make):
    make.account("Acme", number="1")

    run = imported(
        make, "activity", f"{DOINGS}1,Appel,Asked,2026-07-01\n", values={"kind": {"appel": "call"}}
    )

    assert run.done == {"created": 1}
