"""What a connection to Salesforce is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from crmapp.connectors.settings import SettingField
from crmapp.i18n import N_

VERSION = "66.0"
"""The interface that this release was written for (Spring '26)."""
HOSTS = (
    r"(?:[a-z0-9-]+\.)+my\.salesforce\.(?:com|mil)",
    r"(?:login|test)\.salesforce\.com",
)


class Flow(StrEnum):
    """How we sign in."""

    CLIENT_CREDENTIALS = "client_credentials"
    JWT = "jwt"
    WEB = "web"


@dataclass(frozen=True)
class SalesforceSettings:
    """The settings of one connection; see :data:`FIELDS` for what each means."""

    instance_url: str
    client_id: str
    flow: Flow = Flow.CLIENT_CREDENTIALS
    client_secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    username: str = ""
    audience: str = ""
    version: str = VERSION

    @property
    def base(self) -> str:
        """The address without a path; what is no address stays what it is, to be refused."""
        typed = self.instance_url.strip()
        try:
            parts = urlsplit(typed)
        except ValueError:
            return typed
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else typed

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.client_secret, self.private_key)


FIELDS = (
    SettingField(
        "instance_url",
        N_("Address of the organisation"),
        N_("Its My Domain, such as https://acme.my.salesforce.com (not the one with lightning)."),
    ),
    SettingField(
        "flow",
        N_("Signing in"),
        N_("How the External Client App lets crmapp in."),
        choices=(
            (Flow.CLIENT_CREDENTIALS, N_("Client credentials (runs as one user)")),
            (Flow.JWT, N_("Signed token (JWT bearer)")),
            (Flow.WEB, N_("A person signs in (web server with PKCE)")),
        ),
    ),
    SettingField(
        "client_id",
        N_("Consumer key"),
        N_(
            "In Salesforce: Setup > External Client App Manager > the app > Settings > OAuth"
            " Settings > Consumer Key and Secret."
        ),
    ),
    SettingField(
        "client_secret",
        N_("Consumer secret"),
        N_("Beside the consumer key of the External Client App."),
        secret=True,
        only_for=(Flow.CLIENT_CREDENTIALS,),
    ),
    SettingField(
        "client_secret",
        N_("Consumer secret"),
        N_("Only if the External Client App requires a secret for the web server flow."),
        secret=True,
        required=False,
        only_for=(Flow.WEB,),
    ),
    SettingField(
        "username",
        N_("User name"),
        N_("Of the user that crmapp works as; the External Client App must be approved for it."),
        only_for=(Flow.JWT,),
    ),
    SettingField(
        "private_key",
        N_("Private key"),
        N_("In PEM; the External Client App holds the certificate that belongs to it."),
        secret=True,
        long=True,
        only_for=(Flow.JWT,),
    ),
    SettingField(
        "audience",
        N_("Audience"),
        N_("Leave it empty, except for an Experience Cloud site: then its address."),
        required=False,
        only_for=(Flow.JWT,),
    ),
    SettingField(
        "version",
        N_("Version of the interface"),
        N_("Such as 66.0. Change it only if Salesforce retires the one that is set."),
        required=False,
    ),
)
