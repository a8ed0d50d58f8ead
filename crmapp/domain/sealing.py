"""Seals rows that are only ever added, so that one that is changed, taken away or moved is found.

A block holds, for each row in the order of ids, its id, a salt and a leaf: the SHA-256 of the salt
and of the row in canonical form. The digest of a block covers ids and leaves and the digest of the
block before it. Salts are not covered: without its salt a leaf says nothing of its row, so that is
how a row is forgotten.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from struct import Struct
from typing import Any

import orjson

FIRST = "0" * 64
"""What stands for the digest before the first block."""
_SALT = 16
_ENTRY = Struct(f">Q{_SALT}s32s")
_FORGOTTEN = bytes(_SALT)

Row = Sequence[Any]
"""The values of a row, the id first."""


class Fault(StrEnum):
    """What is wrong with a row, or with a block."""

    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"
    LINK = "link"


@dataclass(frozen=True)
class Found:
    """The first row of a block that is not as it was sealed."""

    fault: Fault
    row_id: int


def block(rows: Sequence[Row]) -> bytes:
    """Seal rows, which come in the order of their ids."""
    salts, entries = secrets.token_bytes(_SALT * len(rows)), bytearray()
    for place, row in enumerate(rows):
        salt = salts[place * _SALT : (place + 1) * _SALT]
        entries += _ENTRY.pack(row[0], salt, _leaf(salt, row))
    return bytes(entries)


def digest(previous: str, stream: str, first: int, last: int, entries: bytes) -> str:
    """Return the digest of a block, which covers the rows of ``stream`` from first to last."""
    found = hashlib.sha256(f"{previous}\n{stream}\n{first}\n{last}\n".encode())
    for id_, _salt, leaf in _ENTRY.iter_unpack(entries):
        found.update(id_.to_bytes(8, "big") + leaf)
    return found.hexdigest()


def count(entries: bytes) -> int:
    """Return how many rows a block seals."""
    return len(entries) // _ENTRY.size


def forget(entries: bytes, ids: Collection[int]) -> bytes:
    """Return the same block without the salts of these rows: nobody can guess them any more."""
    kept = bytearray()
    for id_, salt, leaf in _ENTRY.iter_unpack(entries):
        kept += _ENTRY.pack(id_, _FORGOTTEN if id_ in ids else salt, leaf)
    return bytes(kept)


def compare(entries: bytes, rows: Iterable[Row], gone: Callable[[int], bool]) -> Found | None:
    """Return the first row that is not as it was sealed.

    ``gone`` says which may be away, or hold something else once their salt is forgotten.
    """
    there = iter(rows)
    row = next(there, None)
    for id_, salt, leaf in _ENTRY.iter_unpack(entries):
        if row is not None and row[0] < id_:
            return Found(Fault.ADDED, row[0])
        if row is None or row[0] > id_:
            if not gone(id_):
                return Found(Fault.REMOVED, id_)
            continue
        erased = salt == _FORGOTTEN and gone(id_)
        if not erased and _leaf(salt, row) != leaf:
            return Found(Fault.CHANGED, id_)
        row = next(there, None)
    return None if row is None else Found(Fault.ADDED, row[0])


def spans(ids: Iterable[int]) -> Iterator[list[int]]:
    """Say ids in the order of their size as spans from first to last."""
    span: list[int] = []
    for id_ in ids:
        if span and id_ == span[1] + 1:
            span[1] = id_
            continue
        if span:
            yield span
        span = [id_, id_]
    if span:
        yield span


def _leaf(salt: bytes, row: Row) -> bytes:
    said = orjson.dumps(list(row), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(salt + said).digest()
