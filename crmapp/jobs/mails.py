"""Jobs about e-mails."""

from crmapp.mail import collecting, outbox


def deliver() -> None:
    """Send what is due."""
    outbox.deliver_due()


def collect() -> None:
    """Read the mailbox, if it is due."""
    collecting.collect()
