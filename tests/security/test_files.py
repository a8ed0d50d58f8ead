"""V5: what a file is called stays its name, and what it holds stays in it."""

from __future__ import annotations

import pytest

from crmapp.services import accounts, attachments
from tests.support.attached import PDF, sent

NAMES = [
    'a"b.pdf',
    "a\r\nX-Evil: 1.pdf",
    "a; filename=evil.html; x=.pdf",
    "../../etc/passwd.pdf",
    "\u202efdp.exe.pdf",
    "Grüße aus Łódź.pdf",
    "a%0d%0aX-Evil: 1.pdf",
    "=cmd|' /C calc'!A0.pdf",
]


@pytest.fixture
def fetched(make, as_user):
    """Return a function that attaches a file of a name and fetches it."""

    def fetch(name):
        account = make.account("Acme", owner_id=make.bob.id)
        attachments.add_to_account(account.id, [sent(name, PDF)], by=make.bob)
        (kept,) = attachments.of_account(accounts.get(account.id, by=make.bob))
        return as_user(make.bob).get(f"/accounts/files/{kept.file.id}"), kept.file

    return fetch


@pytest.mark.parametrize("name", NAMES)
def test_a_name_adds_no_header(fetched, name):
    answer, kept = fetched(name)

    told = answer.headers["Content-Disposition"]
    assert answer.status_code == 200
    assert "X-Evil" not in answer.headers
    assert told.startswith("attachment; filename")
    assert told.isascii()
    assert not {"\r", "\n", "/", "\\"} & {*kept.name}


def test_a_file_is_sent_within_a_policy_of_its_own(fetched):
    answer, _kept = fetched("a.pdf")

    assert answer.data == PDF
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
