"""Rows that are written down on their way to a plan: plain text, not forced to the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from crmapp.config import settings
from crmapp.errors import FileLost


@dataclass(frozen=True)
class Note:
    """Rows that were written down on their way to a plan: the name of the file, and how many."""

    name: str
    rows: int


def write(run_id: int, stem: str, columns: Mapping[str, Sequence[Any]]) -> Note:
    """Write rows down, column by column, to be read once by :func:`crmapp.artefacts.tables`.

    It costs a twentieth of a part of a plan. The file is plain text without a hash, and not forced
    to the disk: whoever needs it and finds it lost reads anew what it was made of.
    """
    text = orjson.dumps(dict(columns))
    return _written(run_id, f"{stem}.json", text, len(next(iter(columns.values()))))


def write_lines(run_id: int, stem: str, lines: Sequence[bytes]) -> Note:
    """Do as :func:`write` with lines of JSON, to be read by :func:`read_lines`."""
    return _written(run_id, f"{stem}.jsonl", b"\n".join(lines), len(lines))


def _written(run_id: int, name: str, text: bytes, rows: int) -> Note:
    path = folder_of(run_id) / name
    path.with_suffix(".tmp").write_bytes(text)
    path.with_suffix(".tmp").replace(path)
    return Note(f"{path.parent.name}/{name}", rows)


def read_lines(note: Note) -> list[bytes]:
    """Return what :func:`write_lines` wrote; if that is not all there, raise ``FileLost``."""
    try:
        lines = (settings().artefacts_dir / note.name).read_bytes().splitlines()
    except OSError as error:
        raise FileLost from error
    if len(lines) != note.rows:
        raise FileLost
    return lines


def said(line: bytes) -> Any:
    """Return what a line says; if it is damaged, raise ``FileLost``."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise FileLost from error


def folder_of(run_id: int) -> Path:
    """Return where the files of a run lie."""
    folder = settings().artefacts_dir / f"run-{run_id}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
