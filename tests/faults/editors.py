"""One of two processes that edit the same account, again and again: read, add one, save."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmapp.db import session
from crmapp.errors import Conflict
from crmapp.models import Account
from crmapp.services import accounts
from tests.faults.clerk import mona
from tests.faults.crowd import together
from tests.faults.ground import insist


def edit(account_id: int) -> str:
    """Save what is there plus one; say what became of it.

    The location is each editor's own: two who enter the same are not in each other's way.
    """
    session.rollback()
    seen = select(Account.notes, Account.version).where(Account.id == account_id)
    notes, version = session.execute(seen).one()
    change = {"notes": str(int(notes) + 1), "location": f"{os.getpid()} {notes}"}
    try:
        insist(lambda: accounts.update(account_id, change, version, by=mona()))
    except Conflict:
        return "refused"
    return "saved"


def edit_again_and_again(sent: Mapping[str, Any]) -> dict[str, int]:
    done = Counter(edit(sent["account"]) for _ in range(sent["times"]))
    return {"saved": 0, **done}


if __name__ == "__main__":
    together(edit_again_and_again)
