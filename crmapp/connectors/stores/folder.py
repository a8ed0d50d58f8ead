"""Files in a folder of this machine, or of a share that is mounted on it."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from crmapp.connectors.errors import (
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    Unreachable,
    WrongInstance,
)
from crmapp.connectors.port import Check
from crmapp.connectors.settings import SettingField
from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.stores.port import (
    CHUNK,
    MOST_FILES,
    StoredFile,
    changed,
    is_hidden,
    pattern_of,
    too_large,
)
from crmapp.i18n import N_, Text

QUIET = 30.0
"""Seconds that nobody has written to a file: a younger one may not be whole yet."""
_DAY = 86_400.0
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


@dataclass(frozen=True)
class FolderSettings:
    """The settings of one folder; see :data:`FOLDER_FIELDS` for what each means."""

    folder: str
    pattern: str = "*"

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        pattern = str(values.get("pattern") or "").strip()
        return cls(str(values.get("folder") or "").strip(), pattern or "*")

    def as_json(self) -> dict[str, str]:
        return asdict(self)

    @property
    def secrets(self) -> tuple[str, ...]:
        return ()


FOLDER_FIELDS = (
    SettingField(
        "folder",
        N_("Folder"),
        N_("Its whole path, below a folder that whoever runs crmapp has opened to sources."),
    ),
    SettingField(
        "pattern",
        N_("Files"),
        N_("Such as customers*.csv, or **/*.xlsx for all folders below. Empty means all files."),
        required=False,
    ),
)


class FolderStore:
    """Lists and fetches the files below one folder. No link below it is followed."""

    def __init__(
        self,
        settings: FolderSettings,
        reach: SourceReach,
        *,
        most: int,
        quiet: float = QUIET,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._reach = reach
        self._pattern = pattern_of(settings.pattern)
        self._most = most
        self._quiet = quiet
        self._now = now

    def check(self) -> Check:
        self.files()
        return Check(organisation=self._settings.folder, user="", version="")

    def files(self) -> list[StoredFile]:
        found = []
        with self._told():
            for path, seen in self._walked(self._root(), ""):
                # A clock that is ahead makes a file young for longer; one of next year is no clock.
                young = -_DAY < self._now() - seen.st_mtime < self._quiet
                if self._pattern.fullmatch(path) and not young:
                    modified = datetime.fromtimestamp(seen.st_mtime, UTC)
                    found.append(StoredFile(path, seen.st_size, modified, _mark(seen)))
        return sorted(found, key=lambda file: file.name)

    def fetch(self, name: str, to: Path) -> str:
        with self._told(), self._opened(name) as source:
            before = os.fstat(source)
            if before.st_size > self._most:
                raise too_large(name, self._most)
            with written(to) as target:
                digest, size = hashlib.sha256(), 0
                while chunk := os.read(source, CHUNK):
                    size += len(chunk)
                    if size > before.st_size:
                        raise changed(name)
                    digest.update(chunk)
                    target.write(chunk)
                if size != before.st_size or _mark(os.fstat(source)) != _mark(before):
                    raise changed(name)
        return digest.hexdigest()

    def _root(self) -> Path:
        root = self._reach.place(self._settings.folder)
        if not root.is_dir():
            raise self._gone()
        return root

    def _walked(self, folder: Path, before: str) -> Iterator[tuple[str, os.stat_result]]:
        seen = 0
        waiting = [(folder, before)]
        while waiting:
            here, prefix = waiting.pop()
            with os.scandir(here) as entries:
                for entry in entries:
                    name = f"{prefix}{entry.name}"
                    if is_hidden(entry.name) or not _is_text(entry.name):
                        continue
                    seen += 1
                    if seen > MOST_FILES:
                        raise self._too_many()
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((here / entry.name, f"{name}/"))
                    elif entry.is_file(follow_symlinks=False):
                        yield name, entry.stat(follow_symlinks=False)

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        """Open a file part by part, so that nothing leads out of the folder meanwhile."""
        parts = name.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise WrongInstance(Text(N_("%(file)s is no file of this folder."), {"file": name}))
        root = self._root()
        with ExitStack() as open_files:

            def opened(path: str | Path, flags: int, folder: int | None) -> int:
                number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | flags, dir_fd=folder)
                open_files.callback(os.close, number)
                return number

            try:
                folder = opened(root, os.O_DIRECTORY, None)
                for part in parts[:-1]:
                    folder = opened(part, os.O_DIRECTORY, folder)
                file = opened(parts[-1], os.O_NONBLOCK, folder)
            except OSError as error:
                if error.errno in _GONE:
                    raise changed(name) from error
                raise
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise changed(name)
            yield file

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> ConnectorError:
        words = os.strerror(error.errno or 0)
        if error.errno in _GONE:
            return self._gone()
        if error.errno in (errno.EACCES, errno.EPERM):
            sentence = N_("crmapp may not read %(folder)s. Have it allowed to.")
            folder = self._settings.folder
            return PermissionMissing(Text(sentence, {"folder": folder}), what=folder, remote=words)
        return Unreachable(
            N_("The folder cannot be read just now. It is looked at again later."), remote=words
        )

    def _gone(self) -> ConfigBroken:
        folder = self._settings.folder
        return ConfigBroken(
            Text(N_("The folder %(folder)s is not there."), {"folder": folder}), field=folder
        )

    def _too_many(self) -> ConfigBroken:
        return ConfigBroken(
            Text(
                N_("There are more than %(most)s files in %(folder)s. Have old ones taken away."),
                {"most": MOST_FILES, "folder": self._settings.folder},
            ),
            field=self._settings.folder,
        )


@contextmanager
def written(to: Path) -> Iterator[Any]:
    """A new file that is gone again if it does not become whole."""
    with to.open("xb") as target:
        try:
            yield target
        except BaseException:
            to.unlink()
            raise


def _mark(seen: os.stat_result) -> str:
    return f"{seen.st_size}-{seen.st_mtime_ns}-{seen.st_ino}"


def _is_text(name: str) -> bool:
    """Say whether a name can be written down: others are bytes of another encoding."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)
