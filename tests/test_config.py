"""A setting that cannot be used is refused at the start, in one line that names it."""

import pytest

from crmapp.config import Settings
from crmapp.errors import ConfigurationError


@pytest.mark.parametrize(
    "name, value",
    [
        ("PORT", "abc"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("CRMAPP_SMTP_URL", "ftp://mail.example"),
        ("CRMAPP_LOCALE", "xx"),
        ("HTMX_SOURCE", "elsewhere"),
        ("DATABASE_URL", "mysql://db.example/crm"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}") as refused:
        Settings.from_env({name: value})

    assert "\n" not in str(refused.value)


def test_what_can_be_used_is_taken() -> None:
    given = {"PORT": "65535", "CRMAPP_SMTP_URL": "smtps://me:secret@mail.example:465"}

    settings = Settings.from_env(given)

    assert (settings.port, settings.smtp_url) == (65535, given["CRMAPP_SMTP_URL"])
