"""What goes to the log: one line of JSON per event, without the values of variables."""

from __future__ import annotations

import logging
import re
import sys

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

_DETAIL = re.compile(r"^DETAIL:.*$", re.MULTILINE)
"""PostgreSQL says here which values were in the way."""


def configure() -> None:
    """Write to standard error; a traceback has no local variables, which may hold secrets.

    What libraries and services tell the standard log becomes such lines too, unless whoever runs
    this process has given it a place.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_values,
    ]
    written = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, written],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    if not logging.getLogger().handlers:
        lines = logging.StreamHandler(sys.stderr)
        named = structlog.stdlib.add_logger_name
        lines.setFormatter(
            ProcessorFormatter(processor=written, foreign_pre_chain=[named, *shared])
        )
        logging.getLogger().addHandler(lines)


def _without_values(_logger: object, _method: str, event: EventDict) -> EventDict:
    if "DETAIL:" in event.get("exception", ""):
        event["exception"] = _DETAIL.sub("DETAIL: (left out)", event["exception"])
    return event
