"""States beside how many are in them, as the reader's language says them: *1 created*."""

from __future__ import annotations

from flask_babel import npgettext


def counted(state: str, count: int) -> str:
    """Say the state that ``count`` rows, records or changes are in."""
    said = {
        "changed": npgettext("count", "Changed", "Changed", count),
        "created": npgettext("count", "Created", "Created", count),
        "failed": npgettext("count", "Failed", "Failed", count),
        "kept": npgettext("count", "Kept", "Kept", count),
        "left_out": npgettext("count", "Left out", "Left out", count),
        "loaded": npgettext("count", "Loaded", "Loaded", count),
        "not_loaded": npgettext("count of rows", "Rejected", "Rejected", count),
        "refused": npgettext("count", "Refused", "Refused", count),
        "rejected": npgettext("count", "Rejected", "Rejected", count),
        "skipped": npgettext("count", "Skipped", "Skipped", count),
        "taken_back": npgettext("count", "Taken back", "Taken back", count),
        "unchanged": npgettext("count", "Unchanged", "Unchanged", count),
        "updated": npgettext("count", "Updated", "Updated", count),
    }
    return said[state]
