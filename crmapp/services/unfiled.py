"""Letters of the mailbox that no account was found for: kept until a person says whose they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import joinedload

from crmapp import contents
from crmapp.db import LARGEST_ID, session, unit_of_work, utcnow
from crmapp.db.bulk import insert_into, is_one_of
from crmapp.domain.changes import Action, Write
from crmapp.domain.messages import BadMessage, Mail, read
from crmapp.domain.permissions import Right
from crmapp.errors import FileLost, MailRefused, NotFound
from crmapp.i18n import N_
from crmapp.models import Account, Activity, Attachment, FiledMail, UnfiledLetter, User
from crmapp.services import accounts, editing, mail_filing, records, retention
from crmapp.services.attachment_intake import disk_troubles
from crmapp.services.rights import need

RIGHT = Right.MAIL_FILE
PAGE = 25
REASONS: dict[str, str] = {
    "no_account": N_("No account has the address that it was sent to."),
    "stranger": N_(
        "Its sender is neither a colleague who may add activities, nor the account or a contact of"
        " it."
    ),
    "too_large": N_("It is too large to be filed. The whole letter is in the mailbox."),
    "unreadable": N_("It cannot be read. The letter itself is in the mailbox."),
}
_HEAD = 100_000
_LONGEST_LINE, _LONGEST_TEXT = 500, 2_000
_BATCH = 500
_LOST = N_("The server has lost this letter. It is in the mailbox, or in a backup.")


@dataclass(frozen=True)
class Asked:
    """Which letters are meant: those that wait or are settled, of a reason, with words in them.

    ``settled_by`` and ``since`` to ``until`` say who settled them, and when.
    """

    settled: bool = False
    words: str = ""
    reason: str = ""
    settled_by: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def holds(self) -> list[ColumnElement[bool]]:
        letter, waits = UnfiledLetter, UnfiledLetter.waits()
        conditions = [~waits if self.settled else waits]
        if self.words:
            places = (letter.subject, letter.sender, letter.recipients)
            conditions.append(
                or_(*(each.icontains(self.words, autoescape=True) for each in places))
            )
        if self.reason:
            conditions.append(letter.reason == self.reason)
        if self.settled_by is not None:
            conditions.append(letter.settled_by_id == self.settled_by)
        if self.since is not None:
            conditions.append(letter.settled_at >= self.since)
        if self.until is not None:
            conditions.append(letter.settled_at <= self.until)
        return conditions


WAITING = Asked()


@dataclass(frozen=True)
class Listed:
    """A page of letters, how many match, and how many wait and are settled in all.

    ``newest`` is the id of the newest that matches.
    """

    letters: Sequence[UnfiledLetter]
    first: int
    count: int
    newest: int
    waiting: int
    settled: int


def take(raw: bytes, also: Callable[[], None]) -> None:
    """File a letter of the mailbox, or keep it; one that no person sent is passed over.

    ``also`` is called in the transaction that does so. Of what is larger than can be filed only
    the beginning is looked at.

    Raises:
        Unavailable: it cannot be kept now.
    """
    large = len(raw) > mail_filing.largest()
    try:
        mail = read(raw[:_HEAD] if large else raw)
    except BadMessage:
        keep_unread(hashlib.sha256(raw).hexdigest(), also)
        return
    if mail.automatic:
        with unit_of_work():
            also()
    elif large:
        _keep(mail, "too_large", None, also)
    else:
        _take(mail, raw, also)


def _take(mail: Mail, raw: bytes, also: Callable[[], None]) -> None:
    try:
        mail_filing.file_at(mail_filing.living(mail.recipients), mail, also)
    except NotFound:
        _keep(mail, "no_account", raw, also)
    except MailRefused:
        _keep(mail, "stranger", raw, also)


def keep_unread(name: str, also: Callable[[], None]) -> None:
    """List a letter that cannot be read; ``name`` is the same for the same letter."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    with unit_of_work():
        _insert({"digest": digest, "reason": "unreadable"})
        also()


def _keep(mail: Mail, reason: str, raw: bytes | None, also: Callable[[], None]) -> None:
    values = {
        "digest": mail.digest,
        "reason": reason,
        "sender": mail.from_[:_LONGEST_LINE] or mail.sender,
        "recipients": mail.to[:_LONGEST_LINE],
        "subject": mail.subject[:_LONGEST_LINE],
        "text": mail.text[:_LONGEST_TEXT],
        "sent_at": mail.at,
    }
    session.rollback()
    if raw is None:
        with unit_of_work():
            _insert(values)
            also()
        return
    most = len(raw)
    with (
        disk_troubles(),
        contents.received(BytesIO(raw), most=most, head=0) as file,
        contents.keeping() as keep,
        unit_of_work(),
    ):
        if _insert({**values, "sha256": file.sha256}):
            keep(file)
        also()


def _insert(values: dict[str, Any]) -> bool:
    """Add a letter unless it is there already; expects a unit of work."""
    blank = {"sender": "", "recipients": "", "subject": "", "text": ""}
    row = insert_into(UnfiledLetter).values(came_at=utcnow(), **(blank | values))
    row = row.on_conflict_do_nothing(index_elements=["digest"])
    return session.scalar(row.returning(UnfiledLetter.id)) is not None


def listed(page: int, asked: Asked = WAITING, *, by: User) -> Listed:
    """Return a page of the letters that are asked for, newest first.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    number = select(func.count()).select_from(UnfiledLetter)
    waits = UnfiledLetter.waits()
    hers = _open_to(by)
    waiting, settled = (session.scalar(number.where(each, hers)) or 0 for each in (waits, ~waits))
    count, newest = session.execute(
        select(func.count(), func.max(UnfiledLetter.id)).where(*asked.holds(), hers)
    ).one()
    first = (min(page, max(1, -(-count // PAGE))) - 1) * PAGE
    order = UnfiledLetter.settled_at.desc() if asked.settled else UnfiledLetter.came_at.desc()
    query = (
        select(UnfiledLetter)
        .where(*asked.holds(), hers)
        .order_by(order, UnfiledLetter.id.desc())
        .options(joinedload(UnfiledLetter.settled_by), joinedload(UnfiledLetter.activity))
    )
    letters = session.scalars(query.offset(first).limit(PAGE)).all()
    return Listed(letters, first + 1, count, newest or 0, waiting, settled)


def _open_to(by: User) -> ColumnElement[bool]:
    """Leave out letters that are on accounts which ``by`` does not see."""
    on = select(Activity.id).join(Account, Account.id == Activity.account_id)
    seen = on.where(Account.visible_to(by, deleted=True))
    return or_(UnfiledLetter.activity_id.is_(None), UnfiledLetter.activity_id.in_(seen))


def count(*, by: User) -> int:
    """Return how many letters wait for her; none if she may not read them."""
    if not by.can(RIGHT):
        return 0
    return session.scalar(select(func.count()).where(UnfiledLetter.waits())) or 0


def file(ids: Collection[int], account_id: int, *, by: User) -> list[int]:
    """File letters on the account, and return those that are filed now.

    Those that somebody else has settled meanwhile, and those of which no content is kept, stay.

    Raises:
        Forbidden, NotFound: she may not read letters, or not change the account.
        FileLost: the server has lost a letter; those before it are filed.
        Unavailable: files cannot be written; those before it are filed.
    """
    need(RIGHT, by=by)
    accounts.need_editable(account_id, by=by)
    done: list[int] = []
    for letter_id in sorted(ids)[:PAGE]:
        mail = _content(letter_id)
        with suppress(_SettledMeanwhile):
            if mail is not None:
                mail_filing.file_for(account_id, mail, partial(_settle, by, [letter_id]), by=by)
                done.append(letter_id)
    return done


class _SettledMeanwhile(Exception):
    """Somebody else was quicker."""


def _content(letter_id: int) -> Mail | None:
    """Read a letter that waits; none if it does not any more, or nothing of it is kept."""
    letter = session.get(UnfiledLetter, letter_id) if 0 < letter_id <= LARGEST_ID else None
    if letter is None or letter.settled_at is not None or letter.sha256 is None:
        return None
    place = contents.place_of(letter.sha256)
    if not place.is_file():
        raise FileLost(_LOST)
    return read(place.read_bytes())


def discard(ids: Collection[int], *, by: User) -> list[int]:
    """Settle letters that belong to no account; return those that are settled now.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    with unit_of_work():
        waiting = select(UnfiledLetter.id).where(_among(ids), UnfiledLetter.waits())
        found = list(session.scalars(waiting.with_for_update()))
        if found:
            _settle(by, found, None)
    return found


def _settle(by: User, ids: Sequence[int], activity_id: int | None) -> None:
    """Inside a unit of work: note what became of letters that wait."""
    settled = (
        update(UnfiledLetter)
        .where(_among(ids), UnfiledLetter.waits())
        .values(settled_at=utcnow(), settled_by_id=by.id, activity_id=activity_id)
        .returning(UnfiledLetter.id)
    )
    if len(session.scalars(settled).all()) < len(ids):
        raise _SettledMeanwhile


def bring_back(ids: Collection[int], *, by: User) -> list[int]:
    """Have settled letters wait again, and return them; what they were filed as is deleted.

    One whose activity somebody has changed since, or that is on an account that is not hers to
    change, stays filed.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    back = []
    with unit_of_work():
        settled = select(UnfiledLetter).where(_among(ids), ~UnfiledLetter.waits())
        for letter in session.scalars(settled.order_by(UnfiledLetter.id).with_for_update()).all():
            if _unfile(letter.activity_id, by):
                back.append(letter.id)
        anew: dict[str, Any] = {"settled_at": None, "settled_by_id": None, "activity_id": None}
        session.execute(update(UnfiledLetter).where(_among(back)).values(anew))
    return back


def _unfile(activity_id: int | None, by: User) -> bool:
    """Inside a unit of work: delete what a letter was filed as, unless people count on it."""
    activity = session.get(Activity, activity_id) if activity_id else None
    if activity is None or activity.deleted_at is not None:
        return True
    account = session.get_one(Account, activity.account_id)
    if activity.version > 1 or not accounts.editable(account, by=by):
        return False
    files = select(Attachment.id).where(
        Attachment.activity_id == activity_id, Attachment.deleted_at.is_(None)
    )
    gone = [Write(Action.DELETE, {}, id_, None, editing.FORM) for id_ in session.scalars(files)]
    records.write(Attachment, gone, by=by)
    session.execute(delete(FiledMail).where(FiledMail.activity_id == activity_id))
    records.delete(Activity, activity_id or 0, by=by)
    return True


def forget_old() -> int:
    """Delete the letters whose time is over, settled or not, and return how many."""
    over = UnfiledLetter.came_at < retention.since(retention.LETTERS)
    oldest = select(UnfiledLetter.id).where(over).order_by(UnfiledLetter.came_at).limit(_BATCH)
    ids = list(session.scalars(oldest))
    session.rollback()
    if ids:
        with unit_of_work():
            session.execute(delete(UnfiledLetter).where(is_one_of(UnfiledLetter.id, ids)))
    return len(ids)


def _among(ids: Collection[int]) -> ColumnElement[bool]:
    return is_one_of(UnfiledLetter.id, [each for each in ids if 0 < each <= LARGEST_ID])
