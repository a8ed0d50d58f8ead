"""The accounts that the reader opened last: kept in her session, so that reading writes no row."""

from __future__ import annotations

from flask import session

MOST = 8
NAME = "recent"


def note_account(account_id: int) -> None:
    """Remember that the reader has opened the account."""
    known = accounts()
    if known[:1] != [account_id]:
        ids = [account_id, *(each for each in known if each != account_id)][:MOST]
        session[NAME] = " ".join(map(str, ids))


def accounts() -> list[int]:
    """Return the ids of the accounts that she opened last, the latest first."""
    kept = session.get(NAME)
    return [int(each) for each in kept.split()] if isinstance(kept, str) else []
