"""Files of records: sent, looked at, read another way, and handed to the mapping as a run."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import IO, Any

from crmapp.analytics.intake import workbook
from crmapp.analytics.intake.tables import Reading, result
from crmapp.config import settings
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.record_keys import IMPORTED
from crmapp.domain.runs import ENDED, Status
from crmapp.errors import Forbidden, Invalid, NotFound, TableError, TooLate
from crmapp.i18n import N_, Text
from crmapp.models import Run, User
from crmapp.services import engine, sources, staged_rows, tables, upsert_fields, upserts
from crmapp.services.engine import CODE_VERSION
from crmapp.services.file_sources import KIND
from crmapp.services.idempotency import once
from crmapp.services.tables import Sample

SYSTEM = "file:"
"""How the ledger of identities begins the names of what files are about."""
OBJECT = "rows"
LONGEST_NAME = 60
KEPT = timedelta(days=30)
"""How long a file stays on the server after it was sent."""
FOLDER = "import-"
_SHOWN_CELL, _SAMPLE = 200, 100
_SETTLED = N_("How this file is read is settled. Import the file again to read it another way.")


@dataclass(frozen=True)
class Headings:
    """What headings of our own files say, in every language.

    ``fields`` are heading → field, of the template file; ``reasons`` what we call the column that
    says why a row failed.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    reasons: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Way:
    """How a file is read, and what its rows are known by.

    ``key_column`` holds what the system ``system`` calls a row; without one a row is known by its
    line. With ``all_columns`` our own column of reasons is read as any other.
    """

    reading: Reading
    key_column: str = ""
    system: str = ""
    all_columns: bool = False

    @classmethod
    def of(cls, source: Mapping[str, Any]) -> Way:
        """How the file of a run is read."""
        return cls(
            Reading(**source["reading"]),
            source["key_column"],
            source["identity"][0].removeprefix(SYSTEM) if source.get("identity") else "",
            source["all_columns"],
        )


def start(
    stream: IO[bytes],
    filename: str,
    headings: Headings,
    *,
    by: User,
    key: str | None = None,
    like: int | None = None,
    object_: str = "account",
) -> int:
    """Draft a run from a file of records of a kind that was sent; return its id.

    With ``like`` it is read and mapped as the file of that run was, as far as it has the same form.

    Raises:
        Forbidden: ``by`` may not add or update accounts from the grid.
        NotFound: there is no such run.
        Invalid: the file is too large, or not a table; or there is no such kind of record.
    """
    need_right(by)
    before = get(like, by=by) if like is not None else None
    object_ = upsert_fields.object_of(before.source) if before else object_
    if object_ not in IMPORTED:
        raise Invalid({"object": N_("Choose accounts, contacts or activities.")})
    remove_old()
    folder = FOLDER + secrets.token_hex(8)
    try:
        kept = tables.keep(folder, stream, filename)
        found = tables.look(folder, kept)
        sheets = _sheets(folder, kept, found)
        way = _as_before(found, sheets, Way.of(before.source)) if before else Way(found)
        source = _looked_at(folder, [kept], way, headings, sheets=sheets, object=object_)
    except Invalid:
        tables.remove(folder)
        raise
    sent = {"sha256": kept["sha256"], "name": kept["name"], "like": like, "object": object_}
    mapping = before.mapping if before else {}
    with unit_of_work():
        made = once(key, sent, lambda: _draft(source, mapping, by))
    return int(made.removeprefix("run:"))


def need_right(by: User) -> None:
    """Refuse who may not import.

    Raises:
        Forbidden
    """
    if not by.can(upserts.RIGHT):
        raise Forbidden(upserts.RIGHT)


def get(run_id: int, *, by: User) -> Run:
    """Return the run of a file.

    Raises:
        NotFound, Forbidden
    """
    run = upserts.get(run_id, by=by)
    if run.source.get("kind") != KIND:
        raise NotFound
    return run


def _as_before(found: Reading, sheets: Sequence[str], before: Way) -> Way:
    """Read a file as another one was, as far as it has the same form: its encoding is its own."""
    if found.format != before.reading.format:
        return replace(before, reading=found)
    sheet = before.reading.sheet if before.reading.sheet in sheets else found.sheet
    reading = replace(before.reading, sheet=sheet, encoding=found.encoding)
    return replace(before, reading=reading)


def _sheets(folder: str, kept: Mapping[str, Any], found: Reading) -> list[str]:
    if found.format != "xlsx":
        return []
    return workbook.sheets(tables.folder_of(folder) / kept["file"])


def _draft(source: Mapping[str, Any], mapping: Mapping[str, Any], by: User) -> str:
    name = source["files"][-1]["name"]
    run = Run(
        kind="upsert",
        title=name,
        source=dict(source),
        mapping={**mapping, "version": 0, "decided_on": None} if mapping else {},
        lock_key=_lock_key(source),
        code_version=CODE_VERSION,
        by_id=by.id,
    )
    session.add(run)
    session.flush()
    return f"run:{run.id}"


def _lock_key(source: Mapping[str, Any]) -> str:
    """Files about the same system are one source, and so are those with the same headings."""
    object_ = upsert_fields.object_of(source)
    if source.get("identity"):
        return upsert_fields.lock_key(object_, *source["identity"])
    words = "\n".join(source["headings"]).casefold().encode("utf-8", "replace")
    return upsert_fields.lock_key(
        object_, SYSTEM.strip(":"), hashlib.sha256(words).hexdigest()[:16]
    )


def _looked_at(
    folder: str, files: Sequence[Mapping[str, Any]], way: Way, headings: Headings, **more: Any
) -> dict[str, Any]:
    """Look at a file and say what a run keeps of it.

    Raises:
        Invalid: it cannot be read this way; said of the field ``file``.
    """
    read = {"files": list(files), "reading": way.reading.as_json()}
    try:
        sample = tables.sample(folder, read)
    except TableError as error:
        raise Invalid({"file": error.message}) from error
    left_out = "" if way.all_columns else _reasons(sample.headings, headings)
    names = [name for name in sample.headings if name != left_out]
    own_ids = way.key_column in names and upsert_fields.object_of(more) == "account"
    key_column = way.key_column if own_ids else ""
    source: dict[str, Any] = {
        "kind": KIND,
        "folder": folder,
        **read,
        **more,
        "headings": list(sample.headings),
        "columns": _columns(sample, names, headings),
        "sample": _shown(sample),
        "left_out": left_out,
        "all_columns": way.all_columns,
        "key_column": key_column,
        "by_line": not key_column,
        "origin": {"kind": KIND, "name": files[-1]["name"]},
    }
    return source | ({"identity": [SYSTEM + way.system, OBJECT]} if key_column else {})


def _reasons(names: Sequence[str], headings: Headings) -> str:
    """Return our own column of reasons, which is the last one of a file that we made."""
    last = names[-1]
    plain = re.sub(r" \(\d+\)$", "", last).casefold()
    return last if len(names) > 1 and plain in headings.reasons else ""


def _columns(sample: Sample, names: Sequence[str], headings: Headings) -> list[list[Any]]:
    places = {name: place for place, name in enumerate(sample.headings)}
    found = []
    for name in names:
        cells = [result(row[places[name]]) or "" for row in sample.rows[: sources.SAMPLED]]
        seen = sources.column(name, name, cells)
        samples = [text[:_SAMPLE] for text in seen.samples]
        meant = headings.fields.get(name.casefold(), "")
        found.append([name, samples, seen.shape.value if seen.shape else "", meant])
    return found


def _shown(sample: Sample) -> dict[str, Any]:
    """Return the first rows as the page shows them."""
    said = sample.as_json()
    rows = [[cell[:_SHOWN_CELL] for cell in row] for row in said["rows"]]
    return {"rows": rows, "broken": sample.broken}


def read_anew(run_id: int, way: Way, headings: Headings, *, by: User) -> None:
    """Read the file of a draft another way.

    Raises:
        NotFound, Forbidden
        TooLate: the draft has become a plan or a run.
        Invalid: the file cannot be read this way, or the key's system has no name.
    """
    run = get(run_id, by=by)
    if run.status != Status.DRAFT:
        raise TooLate({}, message=_SETTLED)
    if way.key_column:
        way = replace(way, system=_named(way.system))
    kept = run.source
    same = {"sheets": kept["sheets"], "object": upsert_fields.object_of(kept)}
    source = _looked_at(kept["folder"], kept["files"], way, headings, **same)
    with unit_of_work():
        run = session.get_one(Run, run_id, with_for_update=True)
        if run.status != Status.DRAFT:
            raise TooLate({}, message=_SETTLED)
        run.source, run.lock_key = source, _lock_key(source)


def _named(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        said = N_("Enter a name of at most %(count)s characters.")
        raise Invalid({"system": Text(said, {"count": LONGEST_NAME})})
    return plain


def again(run_id: int, *, by: User, key: str | None = None) -> int:
    """Draft a run from the file of another one, to read it another way; return its id.

    A run that has not begun is given up for it.

    Raises:
        NotFound, Forbidden
        Invalid: the file is not there any more.
    """
    run = get(run_id, by=by)
    kept = staged_rows.forgotten(run.source)
    if not (tables.folder_of(kept["folder"]) / kept["files"][-1]["file"]).is_file():
        raise Invalid({"file": N_("The file is not on the server any more. Send it again.")})
    with unit_of_work():
        made = once(key, {"again": run_id}, lambda: _draft(kept, run.mapping, by))
        run = session.get_one(Run, run_id, with_for_update=True)
        if run.status not in ENDED and upserts.can_plan(run):
            engine.stop(run)
    return int(made.removeprefix("run:"))


def remove_old() -> None:
    """Remove the files whose time is over."""
    over = (utcnow() - KEPT).timestamp()
    for path in settings().databases_dir.glob(f"{FOLDER}*"):
        with suppress(FileNotFoundError):  # somebody else removes them too
            if path.stat().st_mtime < over:
                shutil.rmtree(path, ignore_errors=True)
