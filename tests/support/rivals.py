"""Two people, or a person and a worker, at the same row in the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import Executable

from crmapp.db import db
from crmapp.db.session import WRITE
from crmapp.errors import CRMError


def overtaken(
    app: Flask, rival: Executable, act: Callable[[], Any], *more: Executable
) -> list[CRMError]:
    """Begin ``act`` while ``rival`` is written but not committed; return what ``act`` raised.

    ``more`` is what the rival does after that, in the same transaction.
    """
    raised: list[CRMError] = []

    def acting() -> None:
        with app.app_context():
            try:
                act()
            except CRMError as error:
                raised.append(error)

    thread = threading.Thread(target=acting)
    with Session(db.engine) as own:
        own.connection(execution_options={WRITE: True})
        own.execute(rival)
        thread.start()
        thread.join(0.5)
        for each in more:
            own.execute(each)
        own.commit()
    thread.join(10)
    return raised
