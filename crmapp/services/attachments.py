"""The files of accounts and of their activities: added, listed, deleted and brought back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crmapp import contents
from crmapp.db import LARGEST_ID, session, unit_of_work
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Action, Write
from crmapp.errors import FileLost, NotFound
from crmapp.i18n import N_
from crmapp.models import Account, Activity, Attachment, User
from crmapp.services import (
    accounts,
    activities,
    editing,
    history,
    records,
    retention,
    successors,
)
from crmapp.services.attachment_intake import Accepted, Refused, Sent, taken

MOST_SHOWN = 500
_GONE = N_("The server has lost this file. Ask an administrator to bring it back from a backup.")


@dataclass(frozen=True)
class Added:
    """What became of files that were sent: how many are new, those that were there, the refused."""

    new: int
    known: Sequence[str]
    refused: Sequence[Refused]


@dataclass(frozen=True)
class Listed:
    """A file as it is listed, with the name of who added it; empty if nobody of ours did."""

    file: Attachment
    added_by: str


def get(file_id: int, *, by: User) -> Attachment:
    """Return the attachment.

    Raises:
        NotFound: there is none, it was deleted, or it is not for her.
    """
    return editing.seen(Attachment, file_id, by=by)


def place_of(attachment: Attachment) -> Path:
    """Return where the bytes of an attachment lie.

    Raises:
        FileLost: the server has lost them.
    """
    place = contents.place_of(attachment.sha256)
    if not place.is_file():
        raise FileLost(_GONE)
    return place


def of_account(account: Account) -> list[Listed]:
    """Return the files of an account and of its activities, newest first."""
    query = (
        select(Attachment)
        .where(Attachment.account_id == account.id, Attachment.deleted_at.is_(None))
        .order_by(Attachment.id.desc())
        .limit(MOST_SHOWN)
        .options(joinedload(Attachment.activity))
    )
    return _listed(session.scalars(query).all())


def deleted_of(account: Account) -> list[Listed]:
    """Return the files that can be brought back to an account, those deleted last first.

    Those of accounts that were merged into it since are among them.
    """
    since = retention.since(retention.DELETED_FILES)
    homes = [account.id, *successors.merged_into(account.id)]
    query = (
        select(Attachment)
        .where(is_one_of(Attachment.account_id, homes), Attachment.deleted_at > since)
        .order_by(Attachment.deleted_at.desc())
        .limit(MOST_SHOWN)
    )
    return _listed(session.scalars(query).all())


def of_activity(activity: Activity) -> list[Listed]:
    """Return the files of an activity, in the order in which they were added."""
    return _listed(of_activities([activity.id]).get(activity.id, []))


def of_activities(ids: Collection[int]) -> Mapping[int, Sequence[Attachment]]:
    """Return activity → its files, of those that have some."""
    found: dict[int, list[Attachment]] = {}
    if not ids:
        return found
    query = (
        select(Attachment)
        .where(is_one_of(Attachment.activity_id, sorted(ids)), Attachment.deleted_at.is_(None))
        .order_by(Attachment.id)
    )
    for each in session.scalars(query):
        found.setdefault(each.activity_id or 0, []).append(each)
    return found


def _listed(found: Sequence[Attachment]) -> list[Listed]:
    origins = history.origins({str(each.id): each.lineage.get("name", 0) for each in found})
    adders = {name: change.by.name for name, change in origins.items() if change.by}
    return [Listed(each, adders.get(str(each.id), "")) for each in found]


def add_to_account(account_id: int, sent: Iterable[Sent], *, by: User) -> Added:
    """Attach files to an account; a file that is there already under its name stays one.

    Raises:
        NotFound: she does not see the account.
        Forbidden: she may not change it.
        Unavailable: the files cannot be written; nothing was added.
    """
    accounts.need_editable(account_id, by=by)
    return _add(account_id, None, sent, by)


def add_to_activity(activity_id: int, sent: Iterable[Sent], *, by: User) -> Added:
    """Attach files to an activity, as :func:`add_to_account` does to its account."""
    account_id = activities.get(activity_id, by=by).account_id
    accounts.need_editable(account_id, by=by)
    return _add(account_id, activity_id, sent, by)


def _add(account_id: int, activity_id: int | None, sent: Iterable[Sent], by: User) -> Added:
    session.rollback()  # a scan may take long: no connection waits for it
    with taken(sent) as (accepted, refused), contents.keeping() as keep, unit_of_work():
        accounts.need_editable(account_id, by=by)
        fresh = unknown(account_id, activity_id, accepted)
        for each in fresh:
            keep(each.file)
        write(account_id, activity_id, fresh, by=by, source=editing.FORM)
    known = [each.name for each in accepted if each not in fresh]
    return Added(len(fresh), known, refused)


def unknown(
    account_id: int, activity_id: int | None, accepted: Sequence[Accepted]
) -> list[Accepted]:
    """Return those of the files that are not at their place already; expects a unit of work."""
    session.scalars(select(Account.id).where(Account.id == account_id).with_for_update()).all()
    there = select(Attachment.name, Attachment.sha256).where(
        Attachment.account_id == account_id,
        Attachment.activity_id == activity_id,
        Attachment.deleted_at.is_(None),
    )
    known = {(row.name, row.sha256) for row in session.execute(there)}
    fresh = {(each.name, each.file.sha256): each for each in accepted}
    return [each for key, each in fresh.items() if key not in known]


def write(
    account_id: int,
    activity_id: int | None,
    files: Sequence[Accepted],
    *,
    by: User | None,
    source: Mapping[str, Any],
) -> None:
    """Write the rows of files that are kept; expects a unit of work."""
    rows = [
        {
            "account_id": account_id,
            "activity_id": activity_id,
            "name": each.name,
            "media_type": each.media_type,
            "size": each.file.size,
            "sha256": each.file.sha256,
        }
        for each in files
    ]
    if rows:
        writes = [Write(Action.CREATE, row, source=source) for row in rows]
        records.write(Attachment, writes, by=by)


def delete(file_id: int, *, by: User) -> Attachment:
    """Delete an attachment softly, and return it: it can be brought back for a time.

    Raises:
        NotFound, Forbidden: as for :func:`add_to_account`.
    """
    with unit_of_work():
        file = get(file_id, by=by)
        accounts.need_editable(file.account_id, by=by)
        records.delete(Attachment, file_id, by=by)
    return file


def restore(file_id: int, *, by: User) -> Attachment:
    """Bring a deleted attachment back, and return it; to what its account has been merged into.

    Raises:
        NotFound: there is none, it is not for her, or it was deleted too long ago.
        Forbidden: she may not change the account.
    """
    with unit_of_work():
        file = session.get(Attachment, file_id) if file_id <= LARGEST_ID else None
        home = successors.living(file.account_id) if file else None
        if file is None or home is None:
            raise NotFound
        accounts.need_editable(home.id, by=by)
        if file.deleted_at is not None:
            if file.deleted_at < retention.since(retention.DELETED_FILES):
                raise NotFound
            records.restore(Attachment, file_id, {"account_id": home.id}, by=by)
    return file
