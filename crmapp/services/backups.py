"""Makes backups while crmapp runs: files, the database, the files that came meanwhile, secrets."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

from sqlalchemy.exc import SQLAlchemyError

from crmapp import contents
from crmapp.config import ROOT, settings
from crmapp.db import db, unit_of_work, utcnow
from crmapp.db.copies import Ask, copies
from crmapp.db.schema import is_current, revision
from crmapp.errors import BackupError
from crmapp.services import audit, vault
from crmapp.services.backup_archive import Writer

FOLDERS = ("artefacts", "attachments", "databases", "snapshots")
"""What belongs to an installation besides its database; all else in its folder is made anew."""
MARKS = ("demo",)
DATABASE = "database"
TABLES = ("account", "contact", "activity", "attachment", "change", "run", "user", "audit_event")
_HEAD = "SELECT number, digest FROM audit_seal ORDER BY number DESC LIMIT 1"
_FLEETING = ("spill", "incoming", "lock", "turn")
_PARTIAL = ".crmapp-partial"
_DISK_FULL = (
    "The disk is full: the backup was not made, and nothing is left of it. Free some space, or"
    " write it elsewhere."
)


@dataclass(frozen=True)
class Made:
    """What a backup holds: files, bytes before they were compressed, and rows by table."""

    members: int
    size: int
    counts: dict[str, int]


def make(target: Path | IO[bytes], passphrase: str | None) -> Made:
    """Make a backup; without a passphrase it holds no secrets.

    A file has its name only once it is whole and on the disk.

    Raises:
        BackupError: it cannot be made; nothing is left of it.
    """
    try:
        _note(passphrase is not None)
        if not isinstance(target, Path):
            return _write(target, passphrase)
        with _partial(target) as file:
            return _write(file, passphrase)
    except OSError as error:
        full = error.errno in (28, 122)
        raise BackupError(_DISK_FULL if full else f"The backup cannot be made: {error}.") from error


def _note(with_secrets: bool) -> None:
    """Note it first, so that the backup tells of itself; an older schema cannot hold that yet."""
    if not is_current(db.engine):
        return
    try:
        with unit_of_work():
            audit.note("backed_up", by=None, about="backup", secrets=with_secrets)
    except SQLAlchemyError as error:
        raise BackupError("The database cannot be written to.") from error


@contextmanager
def _partial(target: Path) -> Iterator[IO[bytes]]:
    """Write beside the target under another name, and move it there in the end."""
    if target.exists():
        raise BackupError(f"{target} is there already. Choose another name.")
    if not target.parent.is_dir():
        raise BackupError(f"{target.parent} is no folder. Make it first.")
    _forget_broken_off(target.parent)
    path = target.with_name(f".{target.name}.{secrets.token_hex(4)}{_PARTIAL}")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
            file.flush()
            os.fsync(file.fileno())
            path.replace(target)
        contents.sync(target.parent)
    finally:
        path.unlink(missing_ok=True)


def _forget_broken_off(folder: Path) -> None:
    """Delete what killed backups left: nobody holds it any more."""
    for path in folder.glob(f".*{_PARTIAL}"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def _write(file: IO[bytes], passphrase: str | None) -> Made:
    """Write all members.

    Files come before the database, as they may go once no row names them; and those that are new
    come after it, as rows may name them.
    """
    with Writer(file, passphrase) as archive:
        files = _Files(archive)
        files.add_new()
        manifest = _add_database(files)
        files.add_new()
        if passphrase:
            archive.add_secrets(_secrets())
        archive.close(manifest)
    return Made(files.count, files.size, manifest["counts"])


def _add_database(files: _Files) -> dict[str, Any]:
    """Add a copy of the database; return what is told of it in the manifest."""
    copier = copies(settings().database_url)
    manifest: dict[str, Any] = {
        "crmapp": release(),
        "made_at": utcnow().isoformat(timespec="seconds"),
        "revision": revision(db.engine),
        "database": copier.kind,
        "database_version": copier.version(),
    }
    with _scratch() as path:
        with copier.copied(path) as ask:
            tables = set(_tables(ask, copier.kind))
            manifest |= {"counts": _counts(ask, tables), "seal": _head(ask, tables)}
        with path.open("rb") as stream:
            files.add(DATABASE, stream)
    return manifest


class _Files:
    """Adds the files of the installation, each once, or again if it is another one by then."""

    def __init__(self, archive: Writer) -> None:
        self._archive = archive
        self._since = 0
        self.count = self.size = 0

    def add_new(self) -> None:
        """Add what was not there when this was called before."""
        before, self._since = self._since, _clock(settings().home)
        for path in _files():
            with suppress(FileNotFoundError):  # its time had come
                if path.stat().st_ctime_ns < before:
                    continue
                with path.open("rb") as stream:
                    self.add(str(path.relative_to(settings().home)), stream)

    def add(self, name: str, stream: IO[bytes]) -> None:
        size = os.fstat(stream.fileno()).st_size
        self._archive.add(name, stream, size)
        self.count, self.size = self.count + 1, self.size + size


def _clock(folder: Path) -> int:
    """Return what time it is by the disk, whose clock marks the files."""
    path = folder / f".clock-{secrets.token_hex(4)}"
    path.touch()
    try:
        return path.stat().st_ctime_ns
    finally:
        path.unlink()


def _files() -> Iterator[Path]:
    home = settings().home
    for name in MARKS:
        if (home / name).is_file():
            yield home / name
    for name in FOLDERS:
        for folder, inner, names in os.walk(home / name):
            inner[:] = sorted(each for each in inner if each not in _FLEETING)
            for each in sorted(names):
                path = Path(folder, each)
                fleeting = each in _FLEETING or path.suffix in (".tmp", ".new", ".wal")
                if not fleeting and not path.is_symlink():
                    yield path


@contextmanager
def _scratch() -> Iterator[Path]:
    """Have a place for the copy of the database; one backup is made at a time."""
    folder = settings().home / "backing-up"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError("Another backup is being made. Wait until it is done.") from error
        try:
            _clear(folder)
            yield folder / DATABASE
        finally:
            _clear(folder)


def _clear(folder: Path) -> None:
    for path in folder.glob(f"{DATABASE}*"):
        path.unlink()


def _tables(ask: Ask, kind: str) -> list[str]:
    sqlite = "SELECT name FROM sqlite_master WHERE type = 'table'"
    server = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return [name for (name,) in ask(sqlite if kind == "sqlite" else server)]


def _counts(ask: Ask, tables: set[str]) -> dict[str, int]:
    """Count the rows of what people know, as far as an older schema has it."""
    counted = [name for name in TABLES if name in tables]
    return {name: int(ask(f'SELECT count(*) FROM "{name}"')[0][0]) for name in counted}  # noqa: S608  # our own names


def _head(ask: Ask, tables: set[str]) -> str:
    """Return the newest seal of the audit trail, as ``crmapp doctor --seal`` takes it."""
    rows = ask(_HEAD) if "audit_seal" in tables else []
    return f"{rows[0][0]}:{rows[0][1]}" if rows else ""


def _secrets() -> dict[str, Any]:
    return {"encryption_keys": list(vault.keys()), "secret_key": settings().session_key()}


def release() -> str:
    """Return the version of this code."""
    try:
        return version("crmapp")
    except PackageNotFoundError:  # it runs from where it was cloned to
        told: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        return told


def space(folder: Path, needed: int) -> None:
    """See that so many bytes fit.

    Raises:
        BackupError
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"{needed >> 20} MB are needed on the disk that holds {folder}, and {free >> 20} are"
            " free. Nothing was changed."
        )
