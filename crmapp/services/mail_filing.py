"""Files an e-mail that was sent to an account's address on the account's timeline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from io import BytesIO
from typing import NamedTuple

from sqlalchemy import func, select, update

from crmapp import contents
from crmapp.config import settings
from crmapp.db import session, unit_of_work, utcnow
from crmapp.db.bulk import insert_into
from crmapp.domain.changes import Action, Write
from crmapp.domain.messages import Mail, read
from crmapp.domain.permissions import Right
from crmapp.errors import MailRefused, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import Account, Activity, Contact, FiledMail, User
from crmapp.services import accounts, attachments, mail_drop, records
from crmapp.services.attachment_intake import Accepted, Refused, Sent, taken
from crmapp.services.rights import need

MOST_BYTES = 2
"""A message may be so many times as large as a file that may be attached."""
_LONGEST_HEAD, _LONGEST_BODY = 5_000, 14_900
"""Characters of a message that stand in the timeline; together no more than notes may have."""
_CUT = "\n\n… (message.txt)"
_LONGEST_SUBJECT = 200
_AHEAD = timedelta(days=1)
_TOO_LARGE = N_("The message is larger than %(size)s MB.")
_STRANGER = N_(
    "Only people of this installation who may add activities to the account, and contacts of it,"
    " can have e-mail filed."
)
log = logging.getLogger(__name__)


class Sender(NamedTuple):
    """Who may have a message filed: one of our people, or a contact; the account itself is none."""

    user: User | None
    contact_id: int | None


def largest() -> int:
    """Return how many bytes a message may have."""
    return MOST_BYTES * settings().attachment_bytes


def file(raw: bytes, recipients: Collection[str] = ()) -> list[int]:
    """File a message on the accounts at its addresses, and return the activities that it became.

    ``recipients`` are those of the envelope; without them those of the headers count. A message
    that is there already, and one that no person sent, is not filed.

    Raises:
        BadMessage: it cannot be read.
        MailRefused: it is too large, or its sender is a stranger to each of the accounts.
        NotFound: no account lives at any of its addresses.
        Unavailable: its files cannot be written, or the database is away.
    """
    if len(raw) > largest():
        raise MailRefused(Text(_TOO_LARGE, {"size": f"{largest() / (1 << 20):g}"}))
    mail = read(raw)
    places = living(recipients or mail.recipients)
    if mail.automatic:
        log.info("an e-mail that no person sent is not filed")
        return []
    return file_at(places, mail)


def living(addresses: Collection[str]) -> list[int]:
    """Return the accounts that live at ``addresses``.

    Raises:
        NotFound: none does.
    """
    found = dict.fromkeys(map(mail_drop.account_at, addresses))
    places = [each for each in found if each is not None]
    if not places:
        raise NotFound
    return places


def file_at(
    places: Sequence[int], mail: Mail, also: Callable[[], None] = lambda: None
) -> list[int]:
    """File a message on the accounts ``places`` that know its sender.

    ``also`` is called in the transaction that files it.

    Raises:
        MailRefused: its sender is a stranger to each of them.
        Unavailable: as for :func:`file`.
    """
    known = [each for each in places if _sender(each, mail) is not None]
    if not known:
        log.warning("an e-mail of a stranger is refused on the accounts %s", places)
        raise MailRefused(_STRANGER)
    session.rollback()
    with taken(_files(mail)) as (accepted, refused), contents.keeping() as keep, unit_of_work():
        done = [
            _file(each, mail, sender, sender.user, accepted, refused)
            for each in known
            if (sender := _sender(each, mail)) is not None
        ]
        for each in accepted if any(done) else ():
            keep(each.file)
        also()
    return [each for each in done if each is not None]


def file_for(
    account_id: int, mail: Mail, also: Callable[[int | None], None], *, by: User
) -> int | None:
    """File a message on the account that ``by`` says it belongs to, whoever sent it.

    Return the activity that it became, or was before. ``also`` is given it in the transaction that
    files it.

    Raises:
        NotFound, Forbidden: she may not change the account.
        Unavailable: as for :func:`file`.
    """
    session.rollback()
    with taken(_files(mail)) as (accepted, refused), contents.keeping() as keep, unit_of_work():
        accounts.need_editable(account_id, by=by)
        need(Right.ACTIVITY_EDIT, by=by)
        sender = _sender(account_id, mail) or Sender(None, None)
        done = _file(account_id, mail, sender, by, accepted, refused)
        for each in accepted if done else ():
            keep(each.file)
        done = done or _filed_before(account_id, mail)
        also(done)
    return done


def _filed_before(account_id: int, mail: Mail) -> int | None:
    return session.scalar(
        select(FiledMail.activity_id).where(
            FiledMail.account_id == account_id, FiledMail.digest == mail.digest
        )
    )


def _files(mail: Mail) -> list[Sent]:
    """The files that came with a message, and its text where it is too long for the timeline."""
    sent = [Sent(each.name, BytesIO(each.content)) for each in mail.parts]
    if len(mail.text) > _LONGEST_BODY:
        sent.insert(0, Sent("message.txt", BytesIO(mail.text.encode())))
    return sent


def _sender(account_id: int, mail: Mail) -> Sender | None:
    """Tell who sent it, if she may have it filed on the account."""
    here = (Contact.account_id == account_id, Contact.deleted_at.is_(None))
    user = session.scalar(select(User).where(User.email == mail.sender, User.active))
    if user is not None and user.can(Right.ACTIVITY_EDIT):
        sees = select(Account.id).where(Account.id == account_id, Account.editable_by(user))
        if session.scalar(sees) is not None:
            met = select(Contact.id).where(func.lower(Contact.email).in_(mail.recipients), *here)
            return Sender(user, session.scalar(met.order_by(Contact.id)))
    contact = select(Contact.id).where(func.lower(Contact.email) == mail.sender, *here)
    contact_id = session.scalar(contact.order_by(Contact.id))
    if contact_id is not None:
        return Sender(None, contact_id)
    own = select(Account.id).where(
        Account.id == account_id, func.lower(Account.email) == mail.sender
    )
    return Sender(None, None) if session.scalar(own) is not None else None


def _file(
    account_id: int,
    mail: Mail,
    sender: Sender,
    by: User | None,
    accepted: Sequence[Accepted],
    refused: Sequence[Refused],
) -> int | None:
    """File it on one account, unless it is there already; expects a unit of work."""
    if not _is_new(account_id, mail):
        return None
    values = {
        "account_id": account_id,
        "contact_id": sender.contact_id,
        "owner_id": sender.user.id if sender.user else None,
        "kind": "email",
        "subject": mail.subject[:_LONGEST_SUBJECT] or "(no subject)",
        "happens_at": min(mail.at or utcnow(), utcnow() + _AHEAD),
        "notes": _notes(mail, refused),
    }
    source = {"kind": "mail"}
    (made,) = records.write(Activity, [Write(Action.CREATE, values, source=source)], by=by)
    if made.record_id is None:
        return None
    session.execute(
        update(FiledMail)
        .where(FiledMail.account_id == account_id, FiledMail.digest == mail.digest)
        .values(activity_id=made.record_id)
    )
    fresh = attachments.unknown(account_id, made.record_id, accepted)  # a logo may come twice
    attachments.write(account_id, made.record_id, fresh, by=by, source=source)
    return made.record_id


def _is_new(account_id: int, mail: Mail) -> bool:
    row = insert_into(FiledMail).values(account_id=account_id, digest=mail.digest)
    row = row.on_conflict_do_nothing(index_elements=["account_id", "digest"])
    return session.scalar(row.returning(FiledMail.digest)) is not None


def _notes(mail: Mail, refused: Sequence[Refused]) -> str:
    lines = [f"From: {mail.from_[:500]}", f"To: {mail.to[:1000]}"]
    lines += [f"Not kept: {each.name} ({each.reason})" for each in refused]
    head = "\n".join(lines)[:_LONGEST_HEAD]
    body = mail.text
    if len(body) > _LONGEST_BODY:
        body = body[:_LONGEST_BODY] + _CUT
    return f"{head}\n\n{body}".strip()
