"""People who walk through the installation of all stories, each in her own way."""

from __future__ import annotations

from tests.browser.placed import guests

__all__ = ["guests"]
