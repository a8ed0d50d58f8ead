"""Encrypts the secrets of connections and people, with keys that can be changed meanwhile."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from crmapp.config import settings
from crmapp.errors import ConfigurationError, SecretsLost
from crmapp.variables import is_encryption_key


def new_key() -> str:
    """Make a key."""
    return Fernet.generate_key().decode("ascii")


def seal(value: Mapping[str, Any]) -> str:
    """Encrypt a JSON object with the newest key; the first use of all makes a key."""
    return _fernet(make=True).encrypt(orjson.dumps(dict(value))).decode("ascii")


def unseal(sealed: str) -> dict[str, Any]:
    """Return what was sealed; an empty text holds nothing.

    Raises:
        SecretsLost: none of the keys opens it.
    """
    if not sealed:
        return {}
    try:
        opened: dict[str, Any] = orjson.loads(_fernet().decrypt(sealed))
    except (InvalidToken, ValueError) as error:
        raise SecretsLost from error
    return opened


def resealed(sealed: str) -> str:
    """Return the same, encrypted with the newest key.

    Raises:
        SecretsLost: none of the keys opens it.
    """
    try:
        return _fernet().rotate(sealed).decode("ascii") if sealed else ""
    except InvalidToken as error:
        raise SecretsLost from error


def keys() -> Sequence[str]:
    """Return the keys in force, newest first: those given, or else those of the file.

    The file is read each time, so that a new key is in force everywhere at once.

    Raises:
        ConfigurationError: a line of the file is no key.
    """
    given = settings().encryption_keys
    if given:
        return given
    try:
        text = settings().encryption_keys_file.read_text()
    except FileNotFoundError:
        return ()
    found = text.split()
    if not all(map(is_encryption_key, found)):
        raise ConfigurationError(f"{settings().encryption_keys_file} holds what is no key.")
    return found


def put(chosen: Sequence[str]) -> None:
    """Make ``chosen`` the keys of the file; a reader sees the old or the new ones, whole."""
    path = settings().encryption_keys_file
    fresh = _written(path, chosen)
    fresh.replace(path)


def _fernet(*, make: bool = False) -> MultiFernet:
    """Return what encrypts with the first key and decrypts with each.

    Raises:
        SecretsLost: there is no key; never with ``make``.
    """
    found = keys()
    if not found and make:
        _make_first()
        found = keys()
    if not found:
        raise SecretsLost
    return MultiFernet([Fernet(key) for key in found])


def _make_first() -> None:
    """Make the first key, once: of several processes that want to, one does."""
    path = settings().encryption_keys_file
    fresh = _written(path, [new_key()])
    try:
        path.hardlink_to(fresh)  # unlike a rename it leaves a key alone that is there already
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _written(path: Path, chosen: Sequence[str]) -> Path:
    """Write the keys beside ``path``, for nobody else to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write("".join(f"{key}\n" for key in chosen))
        file.flush()
        os.fsync(file.fileno())
    return fresh
