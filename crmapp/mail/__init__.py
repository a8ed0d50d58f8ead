"""Messages for inboxes: their words, and the outbox with its port to a mail server."""
