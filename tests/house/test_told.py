"""What needs a right of those who run the installation, or sends files, is told in the trail."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

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
SENDS = re.compile(r"\bsend_file\(|Content-Disposition|text/calendar")
TAKEN = re.compile(r"\btaken\(|audit\.exported\(|personal_export\.data\(")


def test_services_that_need_such_a_right_and_write_say_so_in_the_trail():
    silent = {
        path.stem
        for path in (ROOT / "crmapp" / "services").glob("*.py")
        if RIGHT.search(text := path.read_text())
        and "unit_of_work()" in text
        and not TOLD.search(text)
    }

    assert silent == BEGIN_RUNS | WRITE_RECORDS | KEEP_WHO | NOTHING


def test_whatever_sends_a_file_says_so_in_the_trail():
    sending = {name: text for name, text in functions() if SENDS.search(text)}

    assert len(sending) >= 8
    assert {name for name, text in sending.items() if not TAKEN.search(text)} == set()


def functions() -> Iterator[tuple[str, str]]:
    """Yield each function of the product by its place, and its text."""
    for path in (ROOT / "crmapp").rglob("*.py"):
        text = path.read_text()
        for node in ast.walk(ast.parse(text) if SENDS.search(text) else ast.Module([], [])):
            if isinstance(node, ast.FunctionDef):
                yield f"{path.stem}.{node.name}", ast.get_source_segment(text, node) or ""
