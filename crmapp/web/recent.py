"""The accounts that the reader opened last: in a cookie of its own, so that reading writes no row.

It is not signed, and need not be: whoever lists them asks again what their reader may see.
"""

from __future__ import annotations

from flask import Response, after_this_request

from crmapp.db import LARGEST_ID
from crmapp.web import security

MOST = 8
NAME = "crmapp_recent"
_LONGEST = MOST * (len(str(LARGEST_ID)) + 1)


def note_account(account_id: int) -> None:
    """Remember that the reader has opened the account."""
    known = accounts()
    if known[:1] != [account_id]:
        ids = [account_id, *(each for each in known if each != account_id)][:MOST]
        _keep("-".join(map(str, ids)))


def accounts() -> list[int]:
    """Return the ids of the accounts that she opened last, the latest first."""
    kept = (security.read_cookie(NAME) or "")[:_LONGEST].split("-")[:MOST]
    ids = (int(each) for each in kept if each.isascii() and each.isdigit())
    return [each for each in ids if each <= LARGEST_ID]


def forget() -> None:
    """Leave nothing of it to the person who signs in next."""
    if security.read_cookie(NAME) is not None:
        _keep("")


def _keep(ids: str) -> None:
    @after_this_request
    def send(response: Response) -> Response:
        security.send_cookie(response, NAME, ids, max_age=None if ids else 0)
        return response
