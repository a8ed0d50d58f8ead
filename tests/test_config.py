"""A setting that cannot be used is refused at the start, in one line that names it."""

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from crmapp.config import Settings
from crmapp.errors import ConfigurationError


@pytest.mark.parametrize(
    "name, value",
    [
        ("PORT", "abc"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("CRMAPP_SMTP_URL", "ftp://mail.example"),
        ("CRMAPP_SMTP_URL", "mail.example"),
        ("CRMAPP_SMTP_URL", "smtp://"),
        ("CRMAPP_SMTP_URL", "smtp://mail.example:many"),
        ("CRMAPP_SMTP_URL", "smtp://mail.example:65536"),
        ("CRMAPP_SMTP_URL", "smtp://[::1"),
        ("CRMAPP_IMAP_URL", "https://crm:secret@mail.example"),
        ("CRMAPP_IMAP_URL", "imaps://mail.example"),
        ("CRMAPP_IMAP_URL", "imaps://crm:secret@mail.example"),
        ("CRMAPP_MAIL_FROM", "nobody"),
        ("CRMAPP_MAIL_FROM", "crm@crm.example\nBcc: eve@evil.example"),
        ("CRMAPP_PUBLIC_URL", "crm.example"),
        ("CRMAPP_LOCALE", "xx"),
        ("HTMX_SOURCE", "elsewhere"),
        ("DATABASE_URL", "mysql://db.example/crm"),
        ("DATABASE_URL", "postgresql://crm:secret@db.example:many/crm"),
        ("DATABASE_URL", "postgresql://crm:secret@[::1/crm"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///file:crm?mode=memory&uri=true"),
        ("SECRET_KEY", "secret"),
        ("CRMAPP_SECURE_COOKIES", "yes"),
        ("CRMAPP_DEMO", "no"),
        ("CRMAPP_WORKERS", "0"),
        ("CRMAPP_WEB_PROCESSES", "0"),
        ("CRMAPP_LEASE", "nan"),
        ("CRMAPP_LEASE", "inf"),
        ("CRMAPP_TIME_SLICE", "0"),
        ("CRMAPP_SWEEP_INTERVAL", "-1"),
        ("CRMAPP_MAX_UPLOAD", "1GB"),
        ("CRMAPP_SOURCE_FOLDERS", "erp"),
        ("CRMAPP_SOURCE_FOLDERS", "/srv/erp:/"),
        ("CRMAPP_SOURCE_HOSTS", "http://erp.example"),
        ("CRMAPP_SOURCE_HOSTS", "10.1.0.0/40"),
        ("CRMAPP_SOURCE_HOSTS", "0.0.0.0/0"),
        ("CRMAPP_WEBHOOK_HOSTS", "https://hub.example"),
        ("CRMAPP_WEBHOOK_HOSTS", ".corp.example"),
        ("CRMAPP_WEBHOOK_HOSTS", "10.1.0.0/16"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}") as refused:
        Settings.from_env({name: value})

    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_what_can_be_used_is_taken() -> None:
    given = {"PORT": "65535", "CRMAPP_SMTP_URL": "smtps://me:secret@mail.example:465"}

    settings = Settings.from_env(given)

    assert (settings.port, settings.smtp_url) == (65535, given["CRMAPP_SMTP_URL"])


def test_a_database_file_is_where_the_operator_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    given = Settings.from_env({"DATABASE_URL": "sqlite:///records.db"})

    assert make_url(given.database_url).database == str(tmp_path / "records.db")


def test_a_home_may_have_any_name(tmp_path: Path) -> None:
    home = tmp_path / "50%25 off? é"

    settings = Settings.from_env({"CRMAPP_HOME": str(home)})

    assert make_url(settings.database_url).database == str(home / "crmapp.db")


def test_a_password_stays_as_it_was_written() -> None:
    url = Settings.from_env({"DATABASE_URL": "postgres://crm:p%40ss@db.example/crm"}).database_url

    assert url == "postgresql+psycopg://crm:p%40ss@db.example/crm"


def test_a_key_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    settings = Settings.from_env({"CRMAPP_HOME": str(tmp_path)})

    assert settings.session_key() == settings.session_key()
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_folders_and_hosts_of_sources_are_lists() -> None:
    given = {
        "CRMAPP_SOURCE_FOLDERS": "/srv/erp:/mnt/exports",
        "CRMAPP_SOURCE_HOSTS": "ERP.corp.example, .lan,10.1.0.0/16,fd00::1",
    }

    settings = Settings.from_env(given)

    assert settings.source_folders == (Path("/srv/erp"), Path("/mnt/exports"))
    assert settings.source_hosts == ("erp.corp.example", ".lan", "10.1.0.0/16", "fd00::1")
