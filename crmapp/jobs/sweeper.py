"""The process that rings again: it wakes what is due, and sends the mails that wait."""

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
from crmapp.services import sweeper

_PATIENCE = 5.0  # seconds for a letter that is on its way when we are asked to stop
log = logging.getLogger(__name__)


def sweep_until(app: Flask, stop: threading.Event, interval: float) -> None:
    """Sweep every ``interval`` seconds until ``stop`` is set, whatever is away meanwhile.

    Letters go in a thread of their own: a mail server that answers slowly holds up no run.
    """
    chore = (app, outbox.deliver_due, stop, interval)
    letters = threading.Thread(target=_repeat, args=chore, daemon=True)
    letters.start()
    _repeat(app, sweeper.sweep, stop, interval)
    letters.join(_PATIENCE)


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
