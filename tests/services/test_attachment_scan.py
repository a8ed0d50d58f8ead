"""The command that looks at files before they are attached."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from crmapp import config
from crmapp.domain.attachments import BadFile
from crmapp.services import attachment_scan, attachments
from tests.support.attached import OFFER, kept_files, sent

AWAY = "does not answer"


@pytest.fixture
def scanner(settings):
    """Return a function that makes a piece of Python the scanner; it gets the path as the last."""

    def use(code):
        config.use(replace(settings, attachment_scan=(sys.executable, "-c", code)))

    return use


def test_a_clean_file_is_attached(make, scanner):
    scanner("import sys; sys.exit(open(sys.argv[1], 'rb').read(4) != b'%PDF')")

    added = attachments.add_to_account(make.account().id, [sent()], by=make.bob)

    assert (added.new, added.refused) == (1, [])


def test_a_refused_file_is_not_kept_and_its_reason_is_said(make, scanner):
    scanner("print('Eicar-Signature FOUND\\x1b'); print('more'); raise SystemExit(1)")

    added = attachments.add_to_account(make.account().id, [sent()], by=make.bob)

    (refused,) = added.refused
    assert refused.name == OFFER
    assert str(refused.reason) == "The virus scanner refused it: Eicar-Signature FOUND"
    assert kept_files() == []


def test_a_refusal_without_a_word_is_one_as_well(make, scanner):
    scanner("raise SystemExit(1)")

    added = attachments.add_to_account(make.account().id, [sent()], by=make.bob)

    assert str(added.refused[0].reason) == "The virus scanner refused it."


@pytest.mark.parametrize("code", ["raise SystemExit(2)", "import os; os.abort()"])
def test_a_scanner_that_does_not_work_refuses_all(make, scanner, code):
    scanner(code)

    added = attachments.add_to_account(make.account().id, [sent()], by=make.bob)

    assert AWAY in str(added.refused[0].reason)


def test_a_scanner_that_is_not_there_refuses_all(make, settings):
    config.use(replace(settings, attachment_scan=("/nowhere/scanner",)))

    added = attachments.add_to_account(make.account().id, [sent()], by=make.bob)

    assert AWAY in str(added.refused[0].reason)


def test_a_scanner_that_hangs_is_not_waited_for(tmp_path, scanner, monkeypatch):
    monkeypatch.setattr(attachment_scan, "PATIENCE", 0.2)
    scanner("import time; time.sleep(600)")

    with pytest.raises(BadFile, match=AWAY):
        attachment_scan.scan(tmp_path)


def test_the_scanner_learns_no_secret(tmp_path, scanner, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "nobody may know")
    scanner("import os; raise SystemExit('SECRET_KEY' in os.environ)")

    attachment_scan.scan(tmp_path)
