"""Whatever needs a right of those who run the installation is told in the audit trail."""

from __future__ import annotations

import re

from crmapp.config import ROOT

RIGHT = re.compile(r"RIGHT\b|Right\.(USER|SETTINGS|INTEGRATION|DATASET)_MANAGE")
TOLD = re.compile(r"audit\.note\(|put_in_force\(")
BEGIN_RUNS = {
    "account_sync",
    "dataset_refresh",
    "feeds",
    "handovers",
    "imports",
    "replacements",
    "upserts",
}
"""What they write besides is the run, which is noted wherever it is made."""
WRITE_RECORDS = {"match_inbox", "pick_list_keeping", "pick_list_values", "unfiled"}
"""What they decide is in the log of changes."""
KEEP_WHO = {"account_pairs", "favourites", "list_review", "match_answers"}
"""Answers and choices that say themselves who gave them, and change no setting."""
NOTHING = {"mailboxes", "request_log"}
"""They have the mailbox read sooner, or count requests."""


def test_services_that_need_such_a_right_and_write_say_so_in_the_trail():
    silent = {
        path.stem
        for path in (ROOT / "crmapp" / "services").glob("*.py")
        if RIGHT.search(text := path.read_text())
        and "unit_of_work()" in text
        and not TOLD.search(text)
    }

    assert silent == BEGIN_RUNS | WRITE_RECORDS | KEEP_WHO | NOTHING
