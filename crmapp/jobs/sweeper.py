"""The process that rings again: it wakes what is due, and sends mails and webhooks that wait."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable

from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from crmapp.db import db
from crmapp.errors import CRMError
from crmapp.mail import outbox
from crmapp.services import sweeper, webhook_sending

_PATIENCE = 5.0  # seconds for what is on its way when we are asked to stop
log = logging.getLogger(__name__)


def sweep_until(app: Flask, stop: threading.Event, interval: float) -> None:
    """Sweep every ``interval`` seconds until ``stop`` is set, whatever is away meanwhile.

    Letters and webhooks go in threads of their own: who answers slowly holds up no run.
    """
    senders = [
        threading.Thread(target=_repeat, args=(app, send, stop, interval), daemon=True)
        for send in (outbox.deliver_due, webhook_sending.deliver_due)
    ]
    for sender in senders:
        sender.start()
    _repeat(app, sweeper.sweep, stop, interval)
    for sender in senders:
        sender.join(_PATIENCE)


def _repeat(
    app: Flask, chore: Callable[[], object], stop: threading.Event, interval: float
) -> None:
    while not stop.is_set():
        try:
            with app.app_context():
                chore()
        except (CRMError, SQLAlchemyError, RedisError, OSError) as error:
            log.warning("%s will be tried again: %s", chore.__name__, error)
        stop.wait(interval)


def run(app: Flask, interval: float) -> None:
    """Sweep until asked to stop by a signal."""
    stop = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: stop.set())
    with app.app_context():
        db.engine.dispose(close=False)
    sweep_until(app, stop, interval)
