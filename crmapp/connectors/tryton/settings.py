"""What a connection to Tryton is told, and what it may reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlsplit

from crmapp.connectors.addresses import Reach
from crmapp.connectors.settings import SettingField
from crmapp.i18n import N_

ANYWHERE = r"(?:[a-z0-9-]+\.)+[a-z0-9-]*[a-z][a-z0-9-]*"
"""Any name in the world: whoever has a Tryton has it at an address of their own."""


class Customers(StrEnum):
    """Which parties are customers: Tryton has no mark of its own for that."""

    ALL = "all"
    CATEGORY = "category"
    SALE = "sale"


@dataclass(frozen=True)
class TrytonSettings:
    """The settings of one connection; see :data:`FIELDS` for what each means."""

    url: str
    database: str
    user: str
    password: str = field(repr=False)
    customers: Customers = Customers.ALL
    category: str = ""

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return the settings that were kept by the names of their attributes."""
        named = {each.name for each in fields(cls)}
        known = {name: value for name, value in kept.items() if name in named}
        customers = Customers(known.pop("customers", None) or Customers.ALL)
        return cls(**known, customers=customers)

    @property
    def base(self) -> str:
        """The address without a path; what is no address stays what it is, to be refused."""
        typed = self.url.strip()
        try:
            parts = urlsplit(typed)
        except ValueError:
            return typed
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else typed

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.password,)


def reach(own: Iterable[str] = ()) -> Reach:
    """Return what a connection to Tryton may speak with.

    ``own`` are the hosts that the operator's settings name, which may be private; any other must
    be out in the world and is reached by HTTPS.
    """
    return Reach("Tryton", (ANYWHERE,), own=frozenset(host.strip().lower() for host in own))


FIELDS = (
    SettingField(
        "url",
        N_("Address of the server"),
        N_("Such as https://tryton.example.com, as you enter it in Tryton's own client."),
    ),
    SettingField("database", N_("Database"), N_("The name that you choose when you sign in.")),
    SettingField(
        "user",
        N_("User name"),
        N_("Of a user of its own, who may read parties, addresses and contact mechanisms."),
    ),
    SettingField("password", N_("Password"), secret=True),
    SettingField(
        "customers",
        N_("Which parties are customers"),
        N_("Tryton keeps customers, suppliers and everybody else as parties."),
        choices=(
            (Customers.ALL, N_("All parties")),
            (Customers.CATEGORY, N_("Parties of a category")),
            (Customers.SALE, N_("Parties that have a sale, whatever its state")),
        ),
    ),
    SettingField(
        "category",
        N_("Category"),
        N_("The category's name, or its path such as Trade / Customers. Those below it count too."),
        required=False,
    ),
)
