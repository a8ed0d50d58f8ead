"""What a connection to Sage Intacct is told, by either of its interfaces."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from crmapp.connectors.settings import SettingField
from crmapp.i18n import N_

HOSTS = (r"(?:[a-z0-9-]+\.)*intacct\.com",)
REST_URL = "https://api.intacct.com/ia/api/v1"
XML_URL = "https://api.intacct.com/ia/xml/xmlgw.phtml"
MONTHLY = 100_000
"""API transactions in a month of the first performance tier; more are billed, not refused."""


class Flow(StrEnum):
    """How we sign in to the REST API."""

    CLIENT_CREDENTIALS = "client_credentials"
    CODE = "authorization_code"


@dataclass(frozen=True)
class IntacctRestSettings:
    """The settings of one connection by REST; see :data:`REST_FIELDS` for what each means."""

    company: str
    user: str
    client_id: str
    client_secret: str = field(repr=False)
    flow: Flow = Flow.CLIENT_CREDENTIALS
    entity: str = ""
    url: str = REST_URL
    monthly_limit: int = MONTHLY

    @property
    def username(self) -> str:
        """As whom we work: ``user@company``, or ``user@company|entity``."""
        return f"{self.user}@{self.company}" + (f"|{self.entity}" if self.entity else "")

    @property
    def base(self) -> str:
        return (self.url.strip() or REST_URL).rstrip("/")

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.client_secret,)


@dataclass(frozen=True)
class IntacctXmlSettings:
    """The settings of one connection by the XML gateway; see :data:`XML_FIELDS`."""

    sender_id: str
    company: str
    user: str
    sender_password: str = field(repr=False)
    password: str = field(repr=False)
    entity: str = ""
    url: str = XML_URL
    monthly_limit: int = MONTHLY

    @property
    def base(self) -> str:
        return self.url.strip() or XML_URL

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.sender_password, self.password)


_COMPANY = SettingField(
    "company", N_("Company ID"), N_("What you enter as the company when you sign in to Intacct.")
)
_USER = SettingField(
    "user",
    N_("User ID"),
    N_("A Web Services user, so that no person's licence is used, with list and view permissions."),
)
_ENTITY = SettingField(
    "entity",
    N_("Entity ID"),
    N_("Leave it empty to work at the top level, which sees all entities."),
    required=False,
)
_LIMIT = SettingField(
    "monthly_limit",
    N_("API transactions per month"),
    N_("What your performance tier includes; 100000 in the first one."),
    required=False,
)

REST_FIELDS = (
    SettingField(
        "flow",
        N_("Signing in"),
        N_("What the client application was registered for with Sage."),
        choices=(
            (Flow.CLIENT_CREDENTIALS, N_("Client credentials")),
            (Flow.CODE, N_("A person signs in (authorization code)")),
        ),
    ),
    SettingField(
        "client_id",
        N_("Client ID"),
        N_("Of the client application, from Sage's App Registry. It must be allowed in Intacct."),
    ),
    SettingField(
        "client_secret", N_("Client secret"), N_("Beside the client ID, in Sage's App Registry."),
        secret=True,
    ),
    _COMPANY,
    _USER,
    _ENTITY,
    SettingField("url", N_("Address of the interface"), N_("Leave it as it is."), required=False),
    _LIMIT,
)  # fmt: skip
XML_FIELDS = (
    SettingField(
        "sender_id",
        N_("Sender ID"),
        N_(
            "Of your Web Services licence. Authorise it in Intacct: Company > Setup > Company"
            " > Security > Web Services authorizations."
        ),
    ),
    SettingField("sender_password", N_("Sender password"), secret=True),
    _COMPANY,
    _USER,
    SettingField("password", N_("Password of the user"), secret=True),
    _ENTITY,
    SettingField("url", N_("Address of the gateway"), N_("Leave it as it is."), required=False),
    _LIMIT,
)
