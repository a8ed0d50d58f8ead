"""The list of erasures, in a file that stays when a database is restored: kinds, numbers, times."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from crmapp.config import settings
from crmapp.db import utcnow


@dataclass(frozen=True)
class Erased:
    """One erasure; nothing in it says who it was."""

    kind: str
    id: int
    at: str


def add(kind: str, id_: int) -> None:
    """Note that somebody is erased; that it stands there twice does no harm."""
    line = orjson.dumps({"kind": kind, "id": id_, "at": utcnow().isoformat(timespec="seconds")})
    with _path().open("ab") as file:
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def every() -> Iterator[Erased]:
    """Yield all erasures, oldest first, each person once."""
    if not _path().exists():
        return
    seen = set()
    for line in _path().read_bytes().splitlines():
        try:
            erased = Erased(**orjson.loads(line))
        except (orjson.JSONDecodeError, TypeError):  # half a line, of a process that was killed
            continue
        if (erased.kind, erased.id) not in seen:
            seen.add((erased.kind, erased.id))
            yield erased


def _path() -> Path:
    return settings().home / "erasures.jsonl"
