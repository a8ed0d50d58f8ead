"""What a connection to an SQL database is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from crmapp.connectors.errors import ConfigBroken, WrongInstance
from crmapp.connectors.settings import SettingField
from crmapp.connectors.sql import tls
from crmapp.i18n import N_, Text

TESTED = frozenset({"sqlite", "postgresql", "mysql", "mariadb"})
"""The kinds of databases that this is tested with, on real servers; any other is used untested."""
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433, "oracle": 1521}
_OPTIONS = {
    "sqlite": frozenset[str](),
    "postgresql": frozenset({"sslmode"}),
    "mysql": frozenset({"charset"}) | tls.OPTIONS,
    "mariadb": frozenset({"charset"}) | tls.OPTIONS,
}
_OTHER_OPTIONS = frozenset({"driver", "service_name", "Encrypt", "TrustServerCertificate"})
"""The only options of an address: others lead to another host, or name files of this machine.

``ssl_ca`` names one, which is read only below the operator's folders.
"""


@dataclass(frozen=True)
class SqlSettings:
    """The settings of one connection; see :data:`FIELDS` for what each means.

    ``key`` and ``stamp`` are columns: what a row is known by, and when it was changed last.
    """

    url: str
    password: str = field(default="", repr=False)
    query: str = ""
    key: str = ""
    stamp: str = ""
    zone: str = "UTC"

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings that ``values`` hold; a password in the address leaves it.

        Raises:
            WrongInstance: the address cannot be read.
        """
        known = {name: str(values.get(name) or "").strip() for name in cls.__dataclass_fields__}
        known["password"] = str(values.get("password") or "")
        if known["url"]:
            url = _read(known["url"])
            known["password"] = known["password"] or url.password or ""
            known["url"] = _without_password(url).render_as_string(hide_password=False)
        return cls(**{**known, "zone": known["zone"] or "UTC"})

    def as_json(self) -> dict[str, str]:
        """Return what may be kept in sight: all but the password."""
        return {name: value for name, value in asdict(self).items() if name != "password"}

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.password,)

    @property
    def address(self) -> URL:
        """The address with its driver and without the password.

        Raises:
            WrongInstance: it is none that may be asked.
        """
        url = _without_password(_read(self.url))
        kind = url.get_backend_name()
        for option in url.query:
            if option not in _OPTIONS.get(kind, _OTHER_OPTIONS):
                raise WrongInstance(
                    Text(
                        N_("%(option)s must not be said in the address. Leave it out."),
                        {"option": option},
                    )
                )
        if kind in ("mysql", "mariadb"):
            tls.mode_of(url.query)
        if kind != "sqlite" and (not url.host or "," in url.host or "/" in url.host):
            raise WrongInstance(
                N_("The address names no host. Write it as postgresql://reader@host/erp.")
            )
        return url

    @property
    def time_zone(self) -> ZoneInfo:
        """Where the clocks of the database hang.

        Raises:
            ConfigBroken: there is no such zone.
        """
        try:
            return ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError) as error:
            raise ConfigBroken(
                Text(N_("There is no time zone %(zone)s."), {"zone": self.zone}), field=self.zone
            ) from error


def _read(typed: str) -> URL:
    """Return an address, its driver named. What is typed is never said: it may hold a password."""
    scheme, separator, rest = typed.partition("://")
    try:
        url = make_url(f"{_DRIVERS.get(scheme, scheme)}{separator}{rest}")
        dialect = url.get_dialect()
        dialect.import_dbapi()
    except (NoSuchModuleError, ImportError):
        raise WrongInstance(
            Text(
                N_(
                    "The driver for %(kind)s is not installed here. Ask whoever runs crmapp to"
                    " install it."
                ),
                {"kind": scheme[:40]},
            )
        ) from None
    except (ArgumentError, AttributeError, ValueError):
        raise WrongInstance(
            N_("This is no address of a database, such as postgresql://reader@host/erp.")
        ) from None
    if dialect.is_async:
        raise WrongInstance(N_("Name a driver that is not asynchronous, or none."))
    return url


def _without_password(url: URL) -> URL:
    # Its own ``set`` takes None for what is not to be changed.
    return URL.create(
        url.drivername, url.username, None, url.host, url.port, url.database, url.query
    )


FIELDS = (
    SettingField(
        "url",
        N_("Address of the database"),
        N_(
            "Such as postgresql://reader@erp.example/erp, mysql://reader@erp.example/erp or"
            " sqlite:////srv/erp/erp.db. Give an account that may only read. On a server, put"
            " ?sslmode=verify-full behind it to have the line encrypted and the server checked."
        ),
    ),
    SettingField("password", N_("Password"), secret=True, required=False),
    SettingField(
        "query",
        N_("Query"),
        N_("Only if no single table or view holds the customers: one SELECT that gives them."),
        required=False,
        long=True,
    ),
    SettingField(
        "key",
        N_("Key column"),
        N_("What a row is known by. Leave it empty to take the table's primary key."),
        required=False,
    ),
    SettingField(
        "stamp",
        N_("Column of the last change"),
        N_(
            "A date and time that changes with the row: then only what changed is read. Leave it"
            " empty to read everything each time."
        ),
        required=False,
    ),
    SettingField(
        "zone",
        N_("Time zone"),
        N_("Of times that say none themselves, such as America/Montreal. UTC if it is empty."),
        required=False,
    ),
)
