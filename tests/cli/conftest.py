"""An installation with something in it, an empty place, and commands in both."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner

from crmapp import config
from crmapp.cli import commands
from crmapp.db import db, session, unit_of_work
from crmapp.errors import BackupError, ConfigurationError
from crmapp.models import FeedSource
from crmapp.services import (
    attachments,
    audit,
    backup_archive,
    seals,
    vault,
)
from tests.support.attached import sent
from tests.support.elsewhere import (
    PASSPHRASE,
    SECRET,
    place_like,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(backup_archive, "_WORK", 2)


@pytest.fixture
def here(app, database, settings):
    """The installation of this test, as an operator names it."""
    named = {"CRMAPP_HOME": str(settings.home), "DATABASE_URL": database.url}
    return {**named, "SECRET_KEY": settings.secret_key}


@pytest.fixture
def elsewhere(database, tmp_path):
    """An empty place with a database of the same kind."""
    with place_like(database.url, tmp_path / "elsewhere") as place:
        yield place


@pytest.fixture
def operate(app, settings, monkeypatch):
    """Run a command in a place; return its exit code and output."""
    for name in ("REDIS_URL", "CRMAPP_ENCRYPTION_KEYS"):
        monkeypatch.delenv(name, raising=False)

    def invoke(place, *words, passphrase=PASSPHRASE, **more):
        session.remove()
        env = {"SECRET_KEY": None, "CRMAPP_BACKUP_PASSPHRASE": passphrase, **place, **more}
        try:
            result = CliRunner().invoke(commands, words, env=env)
        finally:
            config.use(settings)
        db.engine.dispose()
        if isinstance(result.exception, (BackupError, ConfigurationError)):
            return 1, f"Error: {result.exception}\n"
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return invoke


@pytest.fixture
def filled(make, settings):
    """People, an account with a file, a sealed secret and a sealed audit trail."""
    account = make.account("Ateliers Rousseau", owner_id=make.bob.id)
    attachments.add_to_account(account.id, [sent()], by=make.bob)
    read = {"kind": "sql", "settings": {}, "object": "customers"}
    with unit_of_work():
        secrets = vault.seal(SECRET)
        session.add(FeedSource(name="ERP", key_column="code", secrets=secrets, **read))
        audit.note("signed_in", by=make.bob)
    seals.seal(at_least=1, soon=timedelta(0))
    plan = settings.artefacts_dir / "run-1" / "plan-1.parquet"
    plan.parent.mkdir(parents=True)
    plan.write_bytes(b"a plan")
    return account


@pytest.fixture
def archive(operate, here, filled, tmp_path):
    """A backup of all that."""
    path = tmp_path / "monday.crmapp"
    code, output = operate(here, "backup", str(path))
    assert code == 0, output
    return path
