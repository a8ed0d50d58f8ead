"""What the web writes to its log: one line of JSON per event, without the values of variables."""

from __future__ import annotations

import sys

import structlog


def configure() -> None:
    """Write to standard error; a traceback has no local variables, which may hold secrets."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
