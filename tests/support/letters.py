"""E-mails as they arrive."""

from __future__ import annotations

from email.message import EmailMessage

from crmapp.services import mail_drop
from tests.support.attached import OFFER, PDF

DOMAIN = "drop.crm.example"


def letter(
    to="", from_="Bob <bob@crm.example>", subject="Your prices", text="Dear Zoe,\n", **headers
):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = from_, to, subject
    message["Date"] = "Mon, 15 Jun 2026 10:00:00 +0200"
    for name, value in {"message_id": "<1@crm.example>", **headers}.items():
        if value is not None:
            message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def with_file(message, name=OFFER, content=PDF):
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def drop_of(make, account):
    return mail_drop.address_of(make.again(type(account), account.id))
