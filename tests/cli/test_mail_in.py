"""A mail server hands a message over and learns by a number what became of it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from crmapp import config
from crmapp.cli import commands
from crmapp.config import ROOT
from crmapp.db import session
from crmapp.models import Activity
from tests.support.letters import DOMAIN, drop_of, letter


@pytest.fixture
def mail_in(app, database, settings, monkeypatch):
    """Hand a message over on the database of this test; return the exit code and what was said."""
    monkeypatch.setenv("CRMAPP_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("CRMAPP_MAIL_DROP_DOMAIN", DOMAIN)
    monkeypatch.delenv("REDIS_URL", raising=False)
    config.use(replace(settings, mail_drop_domain=DOMAIN))

    def invoke(given: bytes, *recipients: str) -> tuple[int, str]:
        session.rollback()
        result = CliRunner().invoke(commands, ("mail-in", *recipients), input=given)
        session.rollback()
        return result.exit_code, result.output

    return invoke


def subjects():
    return session.scalars(select(Activity.subject)).all()


def test_a_message_is_filed(mail_in, make):
    address, bob = drop_of(make, make.account()), make.bob.email

    assert mail_in(letter("x", bob).as_bytes(), address) == (0, "")

    assert subjects() == ["Your prices"]


def test_a_message_that_comes_again_is_well_and_stays_one(mail_in, make):
    address, bob = drop_of(make, make.account()), make.bob.email
    mail_in(letter(address, bob).as_bytes())

    assert mail_in(letter(address, bob).as_bytes()) == (0, "")

    assert subjects() == ["Your prices"]


def test_the_message_of_a_stranger_is_refused(mail_in, make):
    address = drop_of(make, make.account())

    code, said = mail_in(letter("x", "stranger@elsewhere.example").as_bytes(), address)

    assert code == 77
    assert said.startswith("Only people of this installation")
    assert subjects() == []


def test_no_account_lives_at_the_address(mail_in):
    given = letter("x").as_bytes()

    assert mail_in(given, f"x+1-{'a' * 20}@{DOMAIN}") == (67, "No account has this address.\n")


def test_what_is_no_message_is_bad(mail_in):
    assert mail_in(b"\x00\x01") == (65, "The message does not say who sent it.\n")


@pytest.mark.parametrize(
    "wrong", [{"DATABASE_URL": "sqlite:////nowhere/crmapp.db"}, {"CRMAPP_LEASE": "long"}]
)
def test_the_message_waits_while_the_installation_cannot_be_used(tmp_path, wrong):
    environ = {**os.environ, "CRMAPP_HOME": str(tmp_path), **wrong}

    done = subprocess.run(
        [sys.executable, "-m", "crmapp", "mail-in"],
        input=letter("x").as_bytes(), env=environ, cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == 75
    assert done.stderr
