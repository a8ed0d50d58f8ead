"""Finds the files that name a person: of runs, exports and imports, and those attached."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import select

from crmapp import artefacts, contents
from crmapp.config import settings
from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.runs import ENDED
from crmapp.domain.traces import Traces
from crmapp.models import Activity, Attachment, Run
from crmapp.services import imports
from crmapp.services.personal_data import CONTACT, Subject

_LETTER = "message/rfc822"


def kept(of: Subject) -> list[Path]:
    """Return the files of runs, exports and imports that name her."""
    return [path for path in _all() if _holds(path, of.traces)]


def attached(of: Subject) -> list[Attachment]:
    """Return the files of a contact's account that name her, and the letters filed with her."""
    if of.kind != CONTACT:
        return []
    letters = select(Activity.id).where(Activity.contact_id == of.id)
    theirs = select(Attachment).where(Attachment.account_id == of.account_id)
    with_her = set(session.scalars(letters))
    return [
        each
        for each in session.scalars(theirs.order_by(Attachment.id))
        if (each.media_type == _LETTER and each.activity_id in with_her)
        or _holds(contents.place_of(each.sha256), of.traces)
    ]


def needed(files: Sequence[Path]) -> list[int]:
    """Return the runs that have not ended and need some of these files."""
    ids = sorted({run_id for path in files if (run_id := run_of(path)) is not None})
    waits = select(Run.id).where(is_one_of(Run.id, ids), Run.status.not_in(ENDED))
    return list(session.scalars(waits.order_by(Run.id)))


def run_of(path: Path) -> int | None:
    """Return the run in whose folder a file lies, or whose export it is."""
    number = path.parent.name.removeprefix("run-")
    if path.parent.name == "exports":
        number = path.name.partition(".")[0]
    return int(number) if number.isdecimal() else None


def _all() -> Iterator[Path]:
    home = settings()
    folders = [*home.artefacts_dir.glob("run-*"), home.artefacts_dir / "exports"]
    folders += home.databases_dir.glob(f"{imports.FOLDER}*")
    for folder in sorted(folders):
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _holds(path: Path, traces: Traces) -> bool:
    try:
        return any(traces.within(line) for line in _lines(path, traces))
    except FileNotFoundError:  # its time was over
        return False


def _lines(path: Path, traces: Traces) -> Iterator[str]:
    if path.suffix == ".parquet":
        yield from artefacts.texts(path, traces.likes())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as parts:
            for name in parts.namelist():
                yield parts.read(name).decode(errors="ignore")
    else:
        with path.open("rb") as file:
            for line in file:
                yield line.decode(errors="ignore")
