"""The file of a backup: a gzipped tar that tells at its end what is in it, and is not else whole.

``header.json`` says how to read it; then come the members; ``members.jsonl`` lists them in their
order with size and SHA-256; ``manifest.json`` says of what the backup is and holds the SHA-256 of
that list. ``manifest.mac`` is last, if there is a passphrase: who does not know it can make
neither that nor read ``secrets``. Nothing is held in memory but a block.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import io
import os
import secrets
import tarfile
import tempfile
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self

import orjson
from cryptography.fernet import Fernet, InvalidToken
from zlib_ng import gzip_ng

from crmapp.errors import BackupError

FORMAT = 1
HEADER, MEMBERS, MANIFEST, MAC = "header.json", "members.jsonl", "manifest.json", "manifest.mac"
SECRETS = "secrets"
_LEVEL = 2
_BLOCK = 1 << 20
_SMALL = 16 << 20
"""Bytes of a member that is read whole: no header of ours has so many."""
_WORK = 1 << 15
"""What scrypt has to do for a passphrase: a tenth of a second and 32 MB for each that is tried."""
_NOT_WHOLE = "The backup is truncated or damaged ({}). Take another one."
_ALTERED = "The backup was altered, or is damaged: {}. Take another one."


@dataclass(frozen=True)
class Keys:
    """What a passphrase opens and signs with."""

    fernet: Fernet
    mac: bytes

    @classmethod
    def of(cls, passphrase: str, salt: bytes) -> Keys:
        made = hashlib.scrypt(
            passphrase.encode(), salt=salt, dklen=64, maxmem=64 << 20, n=_WORK, r=8, p=1
        )
        return cls(Fernet(urlsafe_b64encode(made[:32])), made[32:])

    def sign(self, manifest: bytes) -> bytes:
        return hmac.new(self.mac, manifest, hashlib.sha256).hexdigest().encode()


class Writer:
    """Writes members one after the other; what was not closed cannot be restored."""

    def __init__(self, file: IO[bytes], passphrase: str | None) -> None:
        salt = secrets.token_bytes(16)
        self._keys = Keys.of(passphrase, salt) if passphrase else None
        self._gzip = gzip_ng.GzipNGFile(  # type: ignore[no-untyped-call]
            fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=0
        )
        self._tar = tarfile.open(fileobj=self._gzip, mode="w", format=tarfile.GNU_FORMAT)  # noqa: SIM115  # closed by close()
        self._list = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__()
        self._digest = hashlib.sha256()
        header = {"format": FORMAT, "salt": salt.hex() if passphrase else None}
        self._put(HEADER, io.BytesIO(orjson.dumps(header)), None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._list.close()
        with suppress(OSError):  # the disk may be full
            self._gzip.close()

    def add(self, name: str, stream: IO[bytes], size: int) -> None:
        """Add a member of so many bytes.

        Raises:
            BackupError: the stream ends before.
        """
        read = _Read(stream)
        self._put(name, read, size)
        line = _line(name, size, read.digest.hexdigest())
        self._digest.update(line)
        self._list.write(line)

    def add_secrets(self, value: dict[str, Any]) -> None:
        """Add what only the passphrase opens."""
        if self._keys is None:
            raise BackupError("Secrets need a passphrase.")
        token = self._keys.fernet.encrypt(orjson.dumps(value))
        self.add(SECRETS, io.BytesIO(token), len(token))

    def close(self, manifest: dict[str, Any]) -> None:
        """Write what makes the file a backup."""
        size = self._list.tell()
        self._list.seek(0)
        self._put(MEMBERS, self._list, size)
        text = orjson.dumps(
            {**manifest, "members_sha256": self._digest.hexdigest()}, option=orjson.OPT_INDENT_2
        )
        self._put(MANIFEST, io.BytesIO(text), None)
        if self._keys:
            self._put(MAC, io.BytesIO(self._keys.sign(text)), None)
        self._tar.close()
        self._gzip.close()

    def _put(self, name: str, stream: Any, size: int | None) -> None:
        told = tarfile.TarInfo(name)
        told.size = len(stream.getbuffer()) if size is None else size
        told.mode = 0o600
        try:
            self._tar.addfile(told, stream)
        except OSError as error:
            if error.errno is None:  # the file became shorter
                raise BackupError(f"{name} changed while it was read. Try again.") from error
            raise
        self._tar.members = []  # type: ignore[attr-defined]  # else each is remembered


class _Read:
    """A stream that counts the digest of what was read of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        self.digest.update(block)
        return block


@dataclass
class Checked:
    """What a whole archive says of itself; ``secrets`` is ``None`` if it holds none."""

    manifest: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] | None = None
    signed: bool = False
    members: int = 0
    size: int = 0


File = IO[bytes]
Take = Callable[[str, int, Iterator[bytes]], None]
"""Gets each member: its name, its size and its bytes, all of which it has to read."""


def holds_secrets(file: IO[bytes]) -> bool:
    """Say whether a passphrase is needed for all that is in a backup."""
    file.seek(0)
    with _refusing():
        for told, stream in _members(file):
            return _header(told, stream) is not None
    raise BackupError(_NOT_WHOLE.format("it is empty"))


def read(
    file: IO[bytes], passphrase: str | None, take: Take | None = None, *, openly: bool = False
) -> Checked:
    """Read a backup from end to end, and check it while it is read.

    ``take`` must not use what it gets before this function returns. ``openly`` leaves the secrets
    unread: nothing proves then that the backup is the one that was made.

    Raises:
        BackupError: it is not whole, or was altered, or the passphrase is wrong.
    """
    file.seek(0)
    found = Checked()
    reading = _Reading(found, passphrase, take, openly)
    with _refusing():
        for told, stream in _members(file):
            reading.step(told, stream)
    reading.end()
    return found


class _Reading:
    def __init__(
        self, found: Checked, passphrase: str | None, take: Take | None, openly: bool
    ) -> None:
        self._found, self._passphrase, self._openly = found, passphrase, openly
        self._take = take or _leave
        self._digest = hashlib.sha256()
        self._steps = 0
        self._keys: Keys | None = None
        self._is_signed = False
        self._listed = self._text = b""
        self._mac = b""

    def step(self, told: tarfile.TarInfo, stream: IO[bytes]) -> None:
        self._steps += 1
        if self._steps == 1:
            self._open(_header(told, stream))
        elif self._text and (self._mac or told.name != MAC):
            raise BackupError(_ALTERED.format(f"{told.name} follows its end"))
        elif told.name == MEMBERS and not self._listed:
            self._listed = _digest(stream).encode()
        elif told.name == MANIFEST:
            self._text = _small(told, stream)
        elif told.name == MAC:
            self._mac = _small(told, stream)
        else:
            self._member(told, stream)

    def _open(self, salt: bytes | None) -> None:
        self._is_signed = salt is not None
        if salt is None and self._passphrase and not self._openly:
            raise BackupError(
                "The backup holds no secrets and is not signed, though you gave a passphrase. If"
                " you made it so, say --without-secrets."
            )
        if salt is not None and not self._openly:
            self._keys = Keys.of(self._passphrase or "", salt)

    def _member(self, told: tarfile.TarInfo, stream: IO[bytes]) -> None:
        if self._listed or not _is_safe(told.name):
            raise BackupError(_ALTERED.format(f"{told.name!r} does not belong there"))
        digest = hashlib.sha256()
        if told.name == SECRETS:
            text = _small(told, stream)
            digest.update(text)
            self._unlock(text)
        else:
            self._take(told.name, told.size, _blocks(stream, digest))
        self._digest.update(_line(told.name, told.size, digest.hexdigest()))
        self._found.members += 1
        self._found.size += told.size

    def _unlock(self, token: bytes) -> None:
        if self._keys is None:
            return
        try:
            self._found.secrets = orjson.loads(self._keys.fernet.decrypt(token))
        except (InvalidToken, ValueError) as error:
            raise BackupError(
                "The passphrase is wrong, or the secrets of the backup were altered. Nothing was"
                " changed. Without the passphrase, --without-secrets restores everything else."
            ) from error

    def end(self) -> None:
        if not self._text:
            raise BackupError(_NOT_WHOLE.format("its end is missing"))
        try:
            manifest = orjson.loads(self._text)
            listed = manifest["members_sha256"]
        except (ValueError, KeyError, TypeError) as error:
            raise BackupError(_NOT_WHOLE.format("its manifest cannot be read")) from error
        if self._digest.hexdigest() != listed or self._listed.decode() != listed:
            raise BackupError(_ALTERED.format("a file in it is not the one that was put there"))
        if self._is_signed and not self._mac:
            raise BackupError(_NOT_WHOLE.format("its signature is missing"))
        if self._keys and not hmac.compare_digest(self._keys.sign(self._text), self._mac):
            raise BackupError(_ALTERED.format("its signature does not fit"))
        self._found.signed = self._keys is not None
        self._found.manifest = manifest


def extracting(folder: Path) -> Take:
    """Return what writes each member below ``folder``; the later of two of one name stays."""

    def take(name: str, _size: int, blocks: Iterator[bytes]) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    return take


def _leave(_name: str, _size: int, blocks: Iterator[bytes]) -> None:
    for _block in blocks:
        pass


@contextmanager
def _refusing() -> Iterator[None]:
    """Say what is wrong with an archive that breaks off, or says nonsense."""
    try:
        yield
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise BackupError(_NOT_WHOLE.format(error)) from error
    except (ValueError, OverflowError) as error:  # in a header
        raise BackupError(_NOT_WHOLE.format("it cannot be read")) from error


def _members(file: IO[bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """Yield what the archive holds, plain files only, up to the very end of the file."""
    with gzip.GzipFile(fileobj=file, mode="rb") as plain:
        with tarfile.open(fileobj=plain, mode="r|") as tar:
            while (told := tar.next()) is not None:
                stream = tar.extractfile(told) if told.type == tarfile.REGTYPE else None
                if stream is None:
                    raise BackupError(_ALTERED.format(f"{told.name!r} is no plain file"))
                yield told, stream
                tar.members = []  # type: ignore[attr-defined]  # else each is remembered
        while plain.read(_BLOCK):
            pass  # its check sum stands at the end


def _header(told: tarfile.TarInfo, stream: IO[bytes]) -> bytes | None:
    """Return the salt of the passphrase, if there is one."""
    try:
        said = orjson.loads(_small(told, stream)) if told.name == HEADER else {}
        number, salt = int(said["format"]), said["salt"]
        made = None if salt is None else bytes.fromhex(salt)
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError("This file is no backup of crmapp.") from error
    if number > FORMAT:
        raise BackupError("A newer version of crmapp made this backup. Use that version.")
    return made


def _small(told: tarfile.TarInfo, stream: IO[bytes]) -> bytes:
    if told.size > _SMALL:
        raise BackupError(_ALTERED.format(f"{told.name} is too large"))
    return b"".join(_blocks(stream))


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    for _block in _blocks(stream, digest):
        pass
    return digest.hexdigest()


def _blocks(stream: IO[bytes], digest: Any = None) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        if digest:
            digest.update(block)
        yield block


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and str(path) == name != "."


def _line(name: str, size: int, sha256: str) -> bytes:
    return orjson.dumps({"name": name, "size": size, "sha256": sha256}) + b"\n"
