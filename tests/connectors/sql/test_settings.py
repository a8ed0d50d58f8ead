"""What an address of a database may say."""

from __future__ import annotations

import pytest

from crmapp.connectors.errors import ConfigBroken, WrongInstance
from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.sql.reader import SqlReader
from crmapp.connectors.sql.settings import FIELDS, SqlSettings


@pytest.mark.parametrize(
    "url, driver",
    [
        ("postgres://reader@erp.example/erp", "postgresql+psycopg"),
        ("postgresql://reader@erp.example/erp?sslmode=require", "postgresql+psycopg"),
        ("mysql://reader@erp.example:3307/erp?charset=latin1", "mysql+pymysql"),
        ("mariadb://reader@erp.example/erp", "mariadb+pymysql"),
        ("sqlite:////srv/erp/erp.db", "sqlite"),
    ],
)
def test_an_address_gets_the_driver_that_is_installed(url, driver):
    assert SqlSettings.from_json({"url": url}).address.drivername == driver


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader@erp.example/erp?host=127.0.0.1",
        "postgresql://reader@erp.example/erp?hostaddr=127.0.0.1",
        "postgresql://reader@erp.example/erp?service=own",
        "postgresql://reader@erp.example/erp?sslrootcert=/etc/passwd",
        "postgresql://reader@a.example,127.0.0.1/erp",
        "postgresql:///erp",
        "mysql://reader@erp.example/erp?unix_socket=/run/mysqld.sock",
        "mysql://reader@erp.example/erp?local_infile=1",
        "mysql://reader@erp.example/erp?read_default_file=/etc/passwd",
        "sqlite:////srv/erp.db?uri=true",
        "postgresql+asyncpg://reader@erp.example/erp",
        "sqlite+aiosqlite:////srv/erp.db",
        "mssql+pyodbc://reader@erp.example/erp",
        "nothing://reader@erp.example/erp",
        "postgresql://reader@erp.example:many/erp",
        "reader@erp.example",
    ],
)
def test_an_address_that_leads_elsewhere_or_nowhere_is_refused(url):
    with pytest.raises(WrongInstance):
        _ = SqlSettings.from_json({"url": url, "password": "x"}).address


def test_a_password_leaves_the_address():
    settings = SqlSettings.from_json({"url": "postgresql://reader:p%40ss@erp.example/erp"})

    assert settings.secrets == ("p@ss",)
    assert settings.as_json()["url"] == "postgresql+psycopg://reader@erp.example/erp"
    assert "p@ss" not in repr(settings)


def test_what_is_kept_is_read_again():
    given = SqlSettings.from_json({"url": "sqlite:////srv/erp.db", "key": "code", "zone": ""})

    assert SqlSettings.from_json(given.as_json()) == given


def test_a_zone_that_is_none_is_named():
    with pytest.raises(ConfigBroken, match="Mars"):
        _ = SqlSettings(url="sqlite://", zone="Mars").time_zone


def test_each_field_of_a_form_is_a_setting():
    assert [field.name for field in FIELDS] == list(SqlSettings.__dataclass_fields__)


def test_a_file_outside_is_refused_before_anything_is_opened(tmp_path):
    with (
        SqlReader(SqlSettings("sqlite:////etc/passwd"), SourceReach((tmp_path,))) as reader,
        pytest.raises(WrongInstance),
    ):
        reader.check()
