"""The sources of customers: set up, tested, previewed, opened, retired."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from crmapp.connectors import port
from crmapp.connectors.addresses import at_most
from crmapp.connectors.errors import ConnectorError
from crmapp.db import LARGEST_ID, beside, db, session, unit_of_work, utcnow, writing
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, NotConnected, NotFound, SecretsLost, TableError
from crmapp.i18n import N_, Text
from crmapp.models import FeedFile, FeedSource, User
from crmapp.services import (
    audit,
    connection_problems,
    feed_checks,
    feed_files,
    feed_kinds,
    vault,
)
from crmapp.services.connection_problems import Problem
from crmapp.services.editing import made, unless_taken
from crmapp.services.feed_checks import OWN, Check, Wanted, checked, is_kept, looked, sample
from crmapp.services.feed_readers import FeedReader, Origin, SourceReader, Told
from crmapp.services.rights import need
from crmapp.services.tables import SHOWN, Sample

RIGHT = Right.INTEGRATION_MANAGE
CHECK_WITHIN = 25.0
"""Seconds that a test or a preview may take: a person waits for it."""
BROKEN = (ConnectorError, NotConnected, SecretsLost, TableError)
"""What keeps a source from being opened or read."""
_USES: list[Callable[[int], Sequence[str]]] = []


def register_use(uses: Callable[[int], Sequence[str]]) -> None:
    """Let ``uses`` say by name what needs a source, by its id; such a source is not retired."""
    if uses not in _USES:
        _USES.append(uses)


def used_by(source_id: int) -> list[str]:
    """Return what needs a source, by name."""
    return [name for uses in _USES for name in uses(source_id)]


def every(*, by: User, retired: bool = False) -> Sequence[FeedSource]:
    """Return the sources by name, those in use or those that are retired.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    at = FeedSource.retired_at
    query = select(FeedSource).where(at.is_not(None) if retired else at.is_(None))
    return session.scalars(query.order_by(FeedSource.name)).all()


def get(source_id: int, *, by: User) -> FeedSource:
    """Return a source, in use or retired.

    Raises:
        Forbidden, NotFound
    """
    need(RIGHT, by=by)
    source = session.get(FeedSource, source_id) if 0 < source_id <= LARGEST_ID else None
    if source is None:
        raise NotFound
    return source


def secrets_of(source: FeedSource) -> frozenset[str] | None:
    """Return the names of the secrets that are kept; None if they cannot be read any more."""
    try:
        return frozenset(vault.unseal(source.secrets))
    except SecretsLost:
        return None


def state_of(source: FeedSource) -> str:
    """Say how it stands with a source: retired, lost (its secrets), problem or ok."""
    if source.retired_at is not None:
        return "retired"
    if secrets_of(source) is None:
        return "lost"
    return "problem" if source.problem else "ok"


def files_of(source_id: int, most: int = 10) -> Sequence[FeedFile]:
    """Return the files that were picked up last, newest first."""
    query = select(FeedFile).where(FeedFile.source_id == source_id)
    return session.scalars(query.order_by(FeedFile.id.desc()).limit(most)).all()


def read_again(source_id: int, file_id: int, *, by: User) -> None:
    """Let a file that was picked up be picked up once more, if it is still there.

    Raises:
        Forbidden, NotFound
    """
    get(source_id, by=by)
    with unit_of_work():
        file = session.get(FeedFile, file_id) if 0 < file_id <= LARGEST_ID else None
        if file is None or file.source_id != source_id:
            raise NotFound
        session.delete(file)


def check(kind: str, wanted: Wanted, source_id: int = 0, *, by: User, locale: str = "") -> Check:
    """Open what was typed and look what is there; of a source that is kept, note it.

    Raises:
        Forbidden, NotFound
        Invalid: a setting cannot be used.
    """
    need(RIGHT, by=by)
    source = get(source_id, by=by) if source_id else None
    told = feed_checks.told(feed_kinds.of(kind), wanted, source)
    version = source.version if source and is_kept(told, source) else 0
    session.rollback()  # no transaction stays open while another system answers
    try:
        with _origin(told, CHECK_WITHIN) as origin:
            found = looked(feed_kinds.of(kind), origin, told, locale)
    except BROKEN as error:
        problem = connection_problems.kept(error)
        _note(source_id, version, problem=problem, checked_at=utcnow())
        return Check(connection_problems.of(problem))
    _note(source_id, version, problem={}, found=found.as_json(), checked_at=utcnow())
    return found


def known(kind: str, wanted: Wanted, source_id: int, *, by: User) -> Check | None:
    """Return what is known of a source if nothing else is to be read than before.

    Raises:
        Forbidden, NotFound
        Invalid: a setting cannot be used.
    """
    source = get(source_id, by=by)
    told = feed_checks.told(feed_kinds.of(kind), wanted, source)
    return Check.from_json(source.found) if source.found and is_kept(told, source) else None


def add(kind: str, wanted: Wanted, found: Check, *, by: User, key: str | None = None) -> int:
    """Set a source up as it was found to be; return its id. ``key`` is that of the form.

    Raises:
        Forbidden, NotFound
        Invalid: field → what is wrong with it.
    """
    need(RIGHT, by=by)
    asked, person = feed_kinds.of(kind), by.id
    told = feed_checks.told(asked, wanted, None)
    values = checked(asked, wanted, told, found)

    def make() -> int:
        source = FeedSource(kind=kind, version=0)
        session.add(source)
        _set(source, values, told, found, person)
        session.flush()
        _tell("source_saved", source, person)
        return source.id

    with _unless_named_the_same(), unit_of_work():
        return made(key, {"kind": kind, "settings": told.values, **values}, make, by=by)


def change(source_id: int, wanted: Wanted, found: Check, *, version: int, by: User) -> None:
    """Change a source of which she saw ``version``.

    Raises:
        Forbidden, NotFound
        Invalid: field → what is wrong with it.
        Conflict: somebody else changed it since.
    """
    source, person = get(source_id, by=by), by.id
    kind = feed_kinds.of(source.kind)
    told = feed_checks.told(kind, wanted, source)
    values = checked(kind, wanted, told, found)
    with _unless_named_the_same(), unit_of_work():
        source = _held(source_id, version)
        _set(source, values, told, found, person)
        _tell("source_saved", source, person)


def _tell(kind: str, source: FeedSource, by: User | int) -> None:
    audit.note(kind, by=by, about="source", about_id=source.id, version=source.version)


def _set(
    source: FeedSource, values: Mapping[str, str], told: Told, found: Check, person: int
) -> None:
    for name, value in values.items():
        setattr(source, name, value)
    source.settings, source.object = dict(told.values), told.object
    source.secrets = vault.seal(told.secrets) if told.secrets else ""
    source.found, source.problem = found.as_json(), {}
    source.checked_at = utcnow() if found.sample else source.checked_at
    source.version, source.by_id, source.updated_at = source.version + 1, person, utcnow()


def _unless_named_the_same() -> Any:
    taken = {"name": N_("Another source has this name. Choose another one.")}
    return unless_taken(taken, index="uq_feed_source_name", column="feed_source.name")


def _held(source_id: int, version: int) -> FeedSource:
    source = session.get(FeedSource, source_id, with_for_update=True)
    if source is None:
        raise NotFound
    if source.version != version:
        theirs = {**source.settings, **{name: getattr(source, name) for name in OWN}}
        raise Conflict(theirs, version=source.version)
    return source


def retire(source_id: int, *, version: int, by: User) -> None:
    """Take a source out of use; what it linked stays linked, and it can come back.

    Raises:
        Forbidden, NotFound
        Conflict: somebody else changed it since, or something needs it; the message says what.
    """
    get(source_id, by=by)
    with unit_of_work():
        source = _held(source_id, version)
        if users := used_by(source_id):
            problem = N_("It is used by %(names)s. Take it out there first.")
            raise Conflict({}, message=Text(problem, {"names": ", ".join(users)}))
        source.retired_at = source.retired_at or utcnow()
        source.version, source.updated_at = source.version + 1, utcnow()
        _tell("source_retired", source, by)


def reinstate(source_id: int, *, version: int, by: User) -> None:
    """Bring a retired source back as it was.

    Raises:
        Forbidden, NotFound
        Conflict: somebody else changed it since.
    """
    get(source_id, by=by)
    with unit_of_work():
        source = _held(source_id, version)
        source.retired_at = None
        source.version, source.updated_at = source.version + 1, utcnow()
        _tell("source_saved", source, by)


def preview(source: FeedSource, *, by: User, locale: str = "") -> Sample:
    """Return the first ten rows.

    Raises:
        Forbidden
        ConnectorError, NotConnected, SecretsLost, TableError: it cannot be read.
    """
    need(RIGHT, by=by)
    told, noted = told_of(source), _noted(source)
    session.rollback()
    with noted, _origin(told, CHECK_WITHIN) as origin:
        rows = SourceReader(origin, told, ("", "")).begin(SHOWN)
        return sample(origin.columns(locale), rows)


@contextmanager
def opened(source_id: int, only: Iterable[str] = ()) -> Iterator[FeedReader]:
    """Open a source for the time of a block, outside any transaction.

    ``only`` are the columns that are needed, besides the key; all of them if it is empty.

    Raises:
        NotFound: there is none, or it is retired.
        ConnectorError, NotConnected, SecretsLost, TableError: it cannot be opened; also by any
            reading inside.
    """
    if writing():
        raise RuntimeError("a source is opened outside unit_of_work()")
    with db.engine.connect() as connection:
        query = select(FeedSource.__table__).where(FeedSource.id == source_id)
        row = connection.execute(query).one_or_none()
    if row is None or row.retired_at is not None:
        raise NotFound
    told = told_of(row)
    identity = FeedSource(id=row.id, object=row.object).identity
    with _noted(row), _origin(told) as origin:
        yield SourceReader(origin, told, identity, only)


def tried() -> list[tuple[str, Problem | None]]:
    """Open each source that is in use, for whoever runs crmapp, and note nothing.

    Returns each one's name, and what keeps it from being read.
    """
    query = select(FeedSource.__table__).where(FeedSource.retired_at.is_(None))
    rows = session.execute(query.order_by(FeedSource.name)).all()
    session.rollback()
    return [(row.name, _tried(row)) for row in rows]


def _tried(row: Any) -> Problem | None:
    try:
        told = told_of(row)
        with _origin(told, CHECK_WITHIN) as origin:
            origin.check()
            origin.columns("")
    except BROKEN as error:
        return connection_problems.of(connection_problems.kept(error))
    return None


def finish(source_id: int, cursor: port.Cursor | None, run_id: int | None) -> port.Cursor | None:
    """Note that all was taken over that a reading gave; return the cursor for the next one.

    ``cursor`` is that of the reading's last page. Expects the unit of work that keeps the result.
    """
    if cursor is not None and "files" in cursor:
        return feed_files.keep(source_id, cursor, run_id)
    return cursor


def told_of(source: Any) -> Told:
    """Return what is set for a source, given as a model or as a row of its table.

    Raises:
        SecretsLost: its secrets cannot be read.
    """
    return Told(
        source.id,
        source.kind,
        source.settings,
        vault.unseal(source.secrets),
        source.object,
        source.key_column,
        source.company_column,
        source.stamp_column,
    )


@contextmanager
def _origin(told: Told, within: float | None = None) -> Iterator[Origin]:
    with at_most(within), feed_kinds.of(told.kind).open(told) as origin:
        yield origin


def _noted(source: Any) -> AbstractContextManager[None]:
    """Note what keeps a source from being read, or that all is well again."""
    return _noting(source.id, source.version, bool(source.problem))


@contextmanager
def _noting(source_id: int, version: int, ailing: bool) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        _note(source_id, version, problem=connection_problems.kept(error))
        raise
    if ailing:
        _note(source_id, version, problem={})


def _note(source_id: int, version: int, **values: Any) -> None:
    """Keep what was found out beside whatever the caller's session does; not of older settings."""
    if not version:
        return
    own = (FeedSource.id == source_id, FeedSource.version == version)
    with suppress(SQLAlchemyError), beside(db.engine) as connection:  # the cause tells more
        connection.execute(update(FeedSource).where(*own).values(**values))
