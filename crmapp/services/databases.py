"""Databases of the grid that people make in the browser: drafted, published, changed, retired."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from sqlalchemy import select

from crmapp.analytics import snapshots
from crmapp.analytics.intake import design as designs
from crmapp.analytics.intake import files, proposals, workbook
from crmapp.analytics.intake.design import Design
from crmapp.analytics.intake.tables import Reading, lacking
from crmapp.db import after_commit, session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.domain.runs import ENDED
from crmapp.errors import Conflict, Invalid, NotFound, TableError
from crmapp.i18n import N_, Text
from crmapp.models import Run, StoredDataset, User
from crmapp.services import audit, dataset_refresh, datasets, tables
from crmapp.services.idempotency import once
from crmapp.services.rights import need

RIGHT = Right.DATASET_MANAGE


@dataclass(frozen=True)
class Draft:
    """What somebody is changing about a database: where it reads, what it found, the design."""

    source: Mapping[str, Any]
    sample: Mapping[str, Any]
    design: Design

    def as_json(self) -> dict[str, Any]:
        return {
            "source": dict(self.source),
            "sample": dict(self.sample),
            "design": self.design.as_json(),
        }

    @property
    def reading(self) -> Reading:
        return Reading(**self.source["reading"])

    @property
    def text(self) -> str:
        """The design as YAML; of one that has no name yet, under the name it would get.

        Raises:
            Conflict: it cannot be used yet.
        """
        if designs.problems(self.design):
            raise Conflict(
                {}, message=N_("Choose what the columns are first; the file follows from them.")
            )
        return designs.to_yaml(self.design, _free_name(self.design.label_en))


def everything(*, by: User) -> Sequence[StoredDataset]:
    """Every database that was made in the browser, also drafts and those that are retired.

    Raises:
        Forbidden: ``by`` may not manage them.
    """
    need(RIGHT, by=by)
    return session.scalars(select(StoredDataset).order_by(StoredDataset.label_en)).all()


def get(dataset_id: int, *, by: User) -> StoredDataset:
    """Return a database.

    Raises:
        Forbidden, NotFound
    """
    need(RIGHT, by=by)
    stored = session.get(StoredDataset, dataset_id)
    if stored is None:
        raise NotFound
    return stored


def runs_of(stored: StoredDataset, limit: int = 10) -> Sequence[Run]:
    """The refreshes of a database, newest first."""
    query = select(Run).where(Run.kind == dataset_refresh.KIND, Run.lock_key == stored.lock_key)
    return session.scalars(query.order_by(Run.id.desc()).limit(limit)).all() if stored.name else []


def draft_of(stored: StoredDataset) -> Draft:
    """What is being changed, or the database as it is."""
    kept = stored.draft or {
        "source": stored.source,
        "sample": stored.sample,
        "design": stored.design,
    }
    return Draft(kept["source"], kept["sample"], Design.from_json(kept["design"]))


def start(stream: IO[bytes], filename: str, *, by: User) -> int:
    """Draft a database from a file: look at it and propose a design. Return the draft's id.

    Raises:
        Forbidden
        Invalid: the file is too large, or not a table.
    """
    need(RIGHT, by=by)
    folder = secrets.token_hex(8)
    try:
        kept = tables.keep(folder, stream, filename)
        source = {"files": [kept], "reading": tables.look(folder, kept).as_json()}
        draft = proposed(folder, source, _title(kept["name"]))
    except Invalid:
        tables.remove(folder)
        raise
    return add_draft(folder, draft, by=by)


def add_draft(folder: str, draft: Draft, *, by: User) -> int:
    """Add a database that is only a draft; return its id."""
    with unit_of_work():
        stored = StoredDataset(
            label_en=draft.design.label_en,
            label_fr=draft.design.label_fr,
            folder=folder,
            draft=draft.as_json(),
            by_id=by.id,
        )
        session.add(stored)
        session.flush()
        return stored.id


def proposed(folder: str, source: Mapping[str, Any], title: str, said_of: str = "file") -> Draft:
    """Look at a source and propose what its columns are.

    Raises:
        Invalid: it cannot be read; said of the field ``said_of``.
    """
    try:
        sample = tables.sample(folder, source)
    except TableError as error:
        raise Invalid({said_of: error.message}) from error
    design = proposals.propose(sample.headings, sample.rows, title, utcnow().date())
    return Draft(source, sample.as_json(), design)


def _title(filename: str) -> str:
    """``sales-2026_export.csv`` → *Sales 2026 export*."""
    words = " ".join(filename.rpartition(".")[0].replace("_", " ").replace("-", " ").split())
    return (words or filename).capitalize()[: designs.LONGEST_LABEL]


def read_anew(dataset_id: int, reading: Reading, *, by: User) -> None:
    """Read the draft's file another way, and propose anew what its columns are.

    Columns that are there as before keep what was chosen for them.

    Raises:
        Forbidden, NotFound
        Invalid: the file cannot be read this way.
    """
    stored = get(dataset_id, by=by)
    draft, folder = draft_of(stored), stored.folder
    fresh = proposed(folder, {**draft.source, "reading": reading.as_json()}, draft.design.label_en)
    design = merged(fresh.design, draft.design)
    keep_draft(dataset_id, replace(fresh, design=design))


def merged(fresh: Design, before: Design) -> Design:
    """What is proposed now, with what was chosen before for columns that are still there."""
    known = {each.heading: each for each in before.columns}
    columns = tuple(known.get(each.heading, each) for each in fresh.columns)
    if not any(each.heading in known for each in fresh.columns):
        return replace(fresh, label_en=before.label_en, label_fr=before.label_fr)
    return replace(before, columns=columns).settled()


def sheets(stored: StoredDataset) -> list[str]:
    """The sheets of a draft's newest file; none if it is no workbook."""
    draft = draft_of(stored)
    if draft.reading.format != "xlsx":
        return []
    return workbook.sheets(tables.folder_of(stored.folder) / draft.source["files"][-1]["file"])


def save(dataset_id: int, design: Design, *, by: User) -> None:
    """Keep the design of a draft; also one that cannot be used yet, so that nothing typed is lost.

    Raises:
        Forbidden, NotFound
        Invalid: the design cannot be used; its fields are those of ``design.problems``.
    """
    stored = get(dataset_id, by=by)
    design = design.settled()
    keep_draft(dataset_id, replace(draft_of(stored), design=design))
    found = designs.problems(design)
    if found:
        raise Invalid(found)


def keep_draft(dataset_id: int, draft: Draft) -> None:
    """Let this be the draft."""
    with unit_of_work():
        stored = session.get_one(StoredDataset, dataset_id, with_for_update=True)
        stored.draft, stored.updated_at = draft.as_json(), utcnow()
        if stored.state == StoredDataset.DRAFT:
            stored.label_en, stored.label_fr = draft.design.label_en, draft.design.label_fr


def publish(dataset_id: int, *, by: User, key: str | None = None) -> int:
    """Let the draft be the database, and have it refreshed; return the refresh's run.

    A database that is published for the first time gets its name.

    Raises:
        Forbidden, NotFound
        Invalid: the design cannot be used.
    """
    stored = get(dataset_id, by=by)
    found = designs.problems(draft_of(stored).design)
    if found:
        raise Invalid(found)
    with unit_of_work():
        made = once(key, {"publish": dataset_id}, lambda: f"run:{_publish(dataset_id, by)}")
    return int(made.removeprefix("run:"))


def _publish(dataset_id: int, by: User) -> int:
    stored = session.get_one(StoredDataset, dataset_id, with_for_update=True)
    draft = draft_of(stored)
    stored.name = stored.name or _free_name(draft.design.label_en)
    stored.state = StoredDataset.LIVE
    stored.source, stored.sample = dict(draft.source), dict(draft.sample)
    stored.design, stored.draft = draft.design.as_json(), None
    stored.label_en, stored.label_fr = draft.design.label_en, draft.design.label_fr
    stored.text = designs.to_yaml(draft.design, stored.name)
    stored.updated_at = utcnow()
    audit.note("dataset_made", by=by, about="database", about_id=stored.id)
    return dataset_refresh.queue_anew(stored, by=by)


def _free_name(label: str) -> str:
    """A name that no other dataset has."""
    plain, number = proposals.slug(label), 2
    name = plain
    while datasets.is_taken(name):
        name, number = f"{plain[:34]}_{number}", number + 1
    return name


def discard(dataset_id: int, *, by: User) -> None:
    """Drop the draft: what was changed of a database, or one that was never published.

    Raises:
        Forbidden, NotFound
    """
    stored = get(dataset_id, by=by)
    folder, unborn = stored.folder, stored.state == StoredDataset.DRAFT
    with unit_of_work():
        stored = session.get_one(StoredDataset, dataset_id, with_for_update=True)
        stored.draft = None
        if unborn:
            session.delete(stored)
            after_commit(lambda: tables.remove(folder))


def send(dataset_id: int, stream: IO[bytes], filename: str, *, adds: bool, by: User) -> int:
    """Give a database a new file, beside those it has or in their place; return the refresh's run.

    Raises:
        Forbidden, NotFound
        Invalid: it is no table, or lacks columns that the database uses.
    """
    stored = get(dataset_id, by=by)
    if stored.state != StoredDataset.LIVE or "sql" in stored.source:
        raise NotFound
    folder, reading = stored.folder, Reading(**stored.source["reading"])
    used = {each.heading for each in Design.from_json(stored.design).used}
    kept = tables.keep(folder, stream, filename)
    found = tables.look(folder, kept)
    if found.format == reading.format == "xlsx":
        found = replace(found, sheet=reading.sheet)
    _check_columns(folder, kept, replace(found, header=reading.header), used)
    if found.format != reading.format and adds:
        raise Invalid({"file": Text(N_("Send a file of the same kind: %(format)s."),
                                    {"format": Text(files.FORMATS[reading.format])})})  # fmt: skip
    return _replace_files(dataset_id, kept, reading if adds else found, adds, by)


def _check_columns(folder: str, kept: Mapping[str, Any], reading: Reading, used: set[str]) -> None:
    source = {"files": [kept], "reading": reading.as_json()}
    try:
        missing = sorted(used - set(tables.sample(folder, source).headings))
    except TableError as error:
        raise Invalid({"file": error.message}) from error
    if missing:
        raise Invalid({"file": lacking(missing)})


def _replace_files(
    dataset_id: int, kept: Mapping[str, Any], reading: Reading, adds: bool, by: User
) -> int:
    with unit_of_work():
        stored = session.get_one(StoredDataset, dataset_id, with_for_update=True)
        before = stored.source.get("files", []) if adds else []
        stored.source = {
            **stored.source,
            "files": [*before, {**kept, "at": utcnow().isoformat()}],
            "reading": reading.as_json(),
        }
        stored.updated_at = utcnow()
        _changed(dataset_id, by, files="added" if adds else "replaced")
        return dataset_refresh.queue_anew(stored, by=by)


def _changed(dataset_id: int, by: User, **details: object) -> None:
    audit.note("dataset_changed", by=by, about="database", about_id=dataset_id, **details)


def retire(dataset_id: int, *, by: User) -> None:
    """Take a database out of the grid; it can come back, and its accounts keep their links.

    Raises:
        Forbidden, NotFound
    """
    get(dataset_id, by=by)
    with unit_of_work():
        stored = session.get_one(StoredDataset, dataset_id, with_for_update=True)
        if stored.state != StoredDataset.LIVE or stored.name is None:
            raise NotFound
        stored.state, stored.next_at = StoredDataset.RETIRED, None
        stored.updated_at = utcnow()
        _changed(dataset_id, by, retired=True)
        snapshots.withdraw(datasets.directory_of(stored.name))


def reinstate(dataset_id: int, *, by: User) -> None:
    """Bring a retired database back as it was.

    Raises:
        Forbidden, NotFound
    """
    get(dataset_id, by=by)
    with unit_of_work():
        stored = session.get_one(StoredDataset, dataset_id, with_for_update=True)
        if stored.state != StoredDataset.RETIRED or stored.name is None:
            raise NotFound
        stored.state, stored.updated_at = StoredDataset.LIVE, utcnow()
        _changed(dataset_id, by, retired=False)
        snapshots.reinstate(datasets.directory_of(stored.name))


def delete(dataset_id: int, *, by: User) -> None:
    """Delete a retired database with its tables and snapshots.

    The links of its accounts stay: a database of the same name finds them again.

    Raises:
        Forbidden, NotFound
        Conflict: it is in use, or an unfinished run reads it.
    """
    stored = get(dataset_id, by=by)
    if stored.state != StoredDataset.RETIRED or stored.name is None:
        raise Conflict({}, message=N_("Retire the database first; then it can be deleted."))
    name, folder = stored.name, stored.folder
    with unit_of_work():
        stored = session.get_one(StoredDataset, dataset_id, with_for_update=True)
        reading = select(Run.source).where(Run.status.not_in([each.value for each in ENDED]))
        if any(source.get("dataset") == name for source in session.scalars(reading)):
            raise Conflict(
                {}, message=N_("A run that has not ended reads this database. Cancel it first.")
            )
        session.delete(stored)
        audit.note("dataset_removed", by=by, about="database", about_id=dataset_id)
        after_commit(lambda: tables.remove(folder))
        after_commit(lambda: snapshots.remove(datasets.directory_of(name)))
