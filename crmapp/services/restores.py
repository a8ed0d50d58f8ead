"""Brings a backup back: looks at all of it first, then prepares, then takes its place at once."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from crmapp import contents
from crmapp.config import Settings, use
from crmapp.db import db
from crmapp.db.copies import Copies, copies
from crmapp.db.schema import migrate, steps_from
from crmapp.errors import BackupError
from crmapp.services import backup_archive, restored
from crmapp.services.backup_archive import Checked
from crmapp.services.backups import DATABASE, FOLDERS, MARKS, space
from crmapp.services.restored import Settled

Inside = Callable[[Settings], AbstractContextManager[None]]
"""Opens the application with settings for the time of a block."""
KEYS, SESSION_KEY = "encryption_keys", "secret_key"
_SECRET = (KEYS, SESSION_KEY)
_OURS = (*FOLDERS, *MARKS, *_SECRET)
_NEW, _OLD = "restore-new", "restore-old"
_TOLD = ("crmapp", "made_at", "revision", "database", "database_version", "counts")
_LATELY = 15.0
"""Seconds since the web or the sweeper touched its file: they run."""


@dataclass(frozen=True)
class Restored:
    """What was restored, and how many seconds each part of it took."""

    manifest: dict[str, Any]
    steps: list[str]
    settled: Settled
    seconds: dict[str, float]


class Restore:
    """One archive on its way back into the installation of ``settings``.

    Nothing is written before :meth:`check` has passed. Until :meth:`bring_back` begins to swap,
    the installation stays as it was; from then on it refuses to start until that is done.
    """

    def __init__(
        self, file: IO[bytes], settings: Settings, passphrase: str | None, *, openly: bool = False
    ) -> None:
        self._file, self._settings = file, settings
        self._passphrase, self._openly = passphrase, openly
        self._copier: Copies = copies(settings.database_url)
        self._seconds: dict[str, float] = {}
        self.steps: list[str] = []
        self.checked = Checked()

    def check(self) -> Checked:
        """Read the whole archive, and see that it can be restored here.

        Raises:
            BackupError: it cannot.
        """
        with self._timed("checked"):
            self.checked = self._read()
        manifest = self.checked.manifest
        if lacking := [name for name in _TOLD if name not in manifest]:
            raise BackupError(f"The backup does not tell its {', '.join(lacking)}.")
        if manifest["database"] != self._copier.kind:
            raise BackupError(
                f"The backup is of a {manifest['database']} database, and DATABASE_URL names"
                f" {self._copier.kind}. Name an empty database of the same kind."
            )
        steps = steps_from(manifest["revision"])
        if steps is None:
            raise BackupError(
                f"A newer version of crmapp ({manifest['crmapp']}) made this backup. Restore it"
                " with that version."
            )
        self.steps = steps
        self._copier.check(manifest["database_version"])
        self._check_keys()
        space(_existing(self._settings.home), self.checked.size)
        return self.checked

    def _read(self, folder: Path | None = None) -> Checked:
        take = backup_archive.extracting(folder) if folder else None
        return backup_archive.read(self._file, self._passphrase, take, openly=self._openly)

    def _check_keys(self) -> None:
        """Keys of the environment have to open what is restored: those of the file do not count."""
        given = self._settings.encryption_keys
        held = (self.checked.secrets or {}).get("encryption_keys", [])
        if given and set(held) - set(given):
            raise BackupError(
                "CRMAPP_ENCRYPTION_KEYS lacks a key of the backup, so its secrets could not be"
                " read. Unset it to use those of the backup, then `crmapp keys rotate`."
            )

    def refuse_if_something_is_here(self) -> None:
        """Refuse an installation that is not empty, unless a restore was broken off in it."""
        if self._settings.restoring_file.exists():
            return
        if self._is_something_here():
            raise BackupError(
                f"There is an installation in {self._settings.home} already. Say --replace to"
                " restore over it: a backup of what is there is made first."
            )

    def _is_something_here(self) -> bool:
        there = [name for name in _OURS if (self._settings.home / name).exists()]
        return bool(there) or not self._copier.is_empty()

    def is_over_something(self) -> bool:
        """Say whether there is anything whole that a backup should be made of before."""
        broken_off = self._settings.restoring_file.exists()
        return not broken_off and self._is_something_here()

    def bring_back(self, inside: Inside, *, name: str = "", send_letters: bool = False) -> Restored:
        """Put everything in its place; ``name`` is what restore has to be told if it is broken off.

        Raises:
            BackupError: it did not work; the message says what there is now.
        """
        new = self._settings.home / _NEW
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True, mode=0o700)
        try:
            settled = self._put_in_place(inside, new, name, send_letters)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        self._settings.restoring_file.unlink()
        shutil.rmtree(self._settings.home / _OLD, ignore_errors=True)
        return Restored(self.checked.manifest, self.steps, settled, self._seconds)

    def _put_in_place(self, inside: Inside, new: Path, name: str, send_letters: bool) -> Settled:
        with self._timed("unpacked"):
            again = self._read(new)
        if again.manifest != self.checked.manifest:
            raise BackupError("The file of the backup was changed meanwhile. Nothing was restored.")
        self._put_keys(new)
        settled = None
        if not self._copier.in_place:
            settled = self._prepare(inside, self._beside(new), send_letters)
        broken_off = self._settings.restoring_file.exists()
        self._mark(name)
        try:
            self._copier.put(new / DATABASE)
        except BackupError:
            if self._copier.in_place and not broken_off:  # all is as it was
                self._settings.restoring_file.unlink()
            raise
        self._swap(new)
        if settled is None:
            settled = self._prepare(inside, self._settings, send_letters)
        return settled

    def _beside(self, new: Path) -> Settings:
        address = URL.create("sqlite", database=str(new / DATABASE)).render_as_string()
        return replace(self._settings, home=new, database_url=address)

    def _put_keys(self, new: Path) -> None:
        held = self.checked.secrets or {}
        for name in _SECRET:  # those that are here may be the right ones, and are kept
            with suppress(FileNotFoundError):
                _write(new / name, (self._settings.home / name).read_text())
        if not self._settings.encryption_keys and held.get("encryption_keys"):
            _write(new / KEYS, "".join(f"{key}\n" for key in held["encryption_keys"]))
        if held.get("secret_key"):
            _write(new / SESSION_KEY, held["secret_key"])

    def _prepare(self, inside: Inside, place: Settings, send_letters: bool) -> Settled:
        """Migrate what came back, and make it fit the present."""
        try:
            with inside(place):
                with self._timed("migrated"):
                    migrate(db.engine)
                self._compare()
                with self._timed("settled"):
                    return restored.settle(self.checked.manifest, send_letters=send_letters)
        except SQLAlchemyError as error:
            line = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise BackupError(f"What came back cannot be used by this version: {line}.") from error
        finally:
            use(self._settings)

    def _compare(self) -> None:
        """See that all rows came back, as far as migrating leaves the number of them alone."""
        if self.steps:
            return
        told = self.checked.manifest["counts"]
        found = restored.counts(list(told))
        if wrong := [name for name in found if found[name] != told[name]]:
            raise BackupError(f"Not all rows of {', '.join(wrong)} came back. Take another backup.")

    def _mark(self, name: str) -> None:
        _write(self._settings.restoring_file, name)
        contents.sync(self._settings.home)

    def _swap(self, new: Path) -> None:
        """Move what was there away, and what came back there; it may be begun again anywhere."""
        home, old = self._settings.home, self._settings.home / _OLD
        with self._timed("put in place"):
            shutil.rmtree(old, ignore_errors=True)
            old.mkdir(mode=0o700)
            for name in FOLDERS:
                with suppress(FileNotFoundError):
                    (home / name).rename(old / name)
                with suppress(FileNotFoundError):
                    (new / name).rename(home / name)
            for name in (*MARKS, *_SECRET):
                if (new / name).exists():
                    (new / name).replace(home / name)
                elif name in MARKS:
                    (home / name).unlink(missing_ok=True)
            contents.sync(home)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self._seconds[what] = time.monotonic() - begin


def refuse_if_it_runs(settings: Settings) -> None:
    """Refuse while a web or a sweeper that somebody else started uses this folder."""
    for path in (settings.serving_file, settings.swept_file):
        with suppress(FileNotFoundError):
            if abs(time.time() - path.stat().st_mtime) < _LATELY:
                raise BackupError(
                    f"crmapp runs in {settings.home}, or did a moment ago. Stop it; then try again"
                    f" in {_LATELY:.0f} seconds."
                )


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
