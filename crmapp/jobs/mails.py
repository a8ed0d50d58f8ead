"""Jobs about e-mails."""

from crmapp.mail import outbox


def deliver() -> None:
    """Send what is due."""
    outbox.deliver_due()
