"""The e-mail address that each account has: what is sent there is filed on its timeline.

An address holds the account's id and a word that only this installation can make: from a secret of
the database, the id, and how often the address was made anew.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from sqlalchemy import select

from crmapp.config import settings
from crmapp.db import LARGEST_ID, session, unit_of_work
from crmapp.db.bulk import insert_into
from crmapp.domain.search import fold
from crmapp.models import Account, MailDrop, Stamp, User
from crmapp.services import accounts, successors

_KEY = "mail_drop"
_LONGEST_NAME = 30
_LOCAL = re.compile(r"[^+]*\+(\d{1,10})-([a-z2-7]{20})")


def address_of(account: Account) -> str | None:
    """Return the address of the account; none where the installation takes no mail."""
    domain = settings().mail_drop_domain
    if not domain:
        return None
    name = re.sub(r"[^a-z0-9]+", "-", fold(account.name))[:_LONGEST_NAME].strip("-")
    return f"{name or 'account'}+{account.id}-{_word(account.id)}@{domain}"


def account_at(address: str) -> int | None:
    """Return the account that lives at ``address``, or took the place of the one that did."""
    local, _, domain = address.lower().rpartition("@")
    found = _LOCAL.fullmatch(local)
    if found is None or not domain or domain != settings().mail_drop_domain:
        return None
    account_id = int(found[1])
    if account_id > LARGEST_ID or not hmac.compare_digest(_word(account_id), found[2]):
        return None
    heir = successors.living(account_id)
    return heir.id if heir else None


def renew(account_id: int, *, by: User) -> None:
    """Give the account another address; what is sent to the old one is refused.

    Raises:
        NotFound: she does not see the account.
        Forbidden: she may not change it.
    """
    with unit_of_work():
        accounts.need_editable(account_id, by=by)
        row = insert_into(MailDrop).values(account_id=account_id, renewals=1)
        again = {"renewals": MailDrop.renewals + 1}
        session.execute(row.on_conflict_do_update(index_elements=["account_id"], set_=again))


def _word(account_id: int) -> str:
    """Return the word of an account: a hundred bits, in letters that survive any mail server."""
    secret = session.scalars(select(Stamp.word).where(Stamp.name == _KEY)).one()
    mine = select(MailDrop.renewals).where(MailDrop.account_id == account_id)
    renewals = session.scalar(mine) or 0
    made = hmac.digest(secret.encode(), f"{account_id}:{renewals}".encode(), hashlib.sha256)
    return base64.b32encode(made).decode().lower()[:20]
