"""Attempts are counted anew for each test."""

from __future__ import annotations

from flask import Flask

from crmapp.web.extensions import limiter, limiter_config


def forget_attempts() -> None:
    """Count in memory, from none on; another test may have let a server count that is gone now."""
    unserved = Flask("limits")
    unserved.config.update(limiter_config(None))
    limiter.init_app(unserved)
    limiter.reset()
