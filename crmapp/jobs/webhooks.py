"""Jobs about webhooks."""

from crmapp.services import webhook_sending


def deliver() -> None:
    """Send what is due."""
    webhook_sending.deliver_due()
