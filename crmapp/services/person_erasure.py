"""Erase a person on request, as a run: what names her goes place by place, her own row last.

As long as her row is there, whoever takes the run up again still knows what to look for. History
keeps its rows, with a mark in the place of what named her, and its seals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, and_, delete, select, update

from crmapp import artefacts, contents
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.runs import Status
from crmapp.domain.search import fold
from crmapp.domain.traces import MARK
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import Attachment, Run, User
from crmapp.services import (
    audit,
    erased_list,
    erased_rows,
    exports,
    personal_data,
    personal_files,
    seals,
)
from crmapp.services.apply import load
from crmapp.services.engine import Claim, checkpoint, end, enqueue
from crmapp.services.idempotency import once
from crmapp.services.personal_data import CONTACT, DROPPED, KEPT, USER, Found, Subject

KIND = "erasure"
_EXAMPLES = 3
_OF_THE_SEARCH = frozenset({"search_text", "name_key"})
_TITLES: dict[str, tuple[str, str]] = {
    CONTACT: (N_("Erasure of contact %(id)s"), "Effacement du contact %(id)s"),
    USER: (N_("Erasure of person %(id)s"), "Effacement de la personne %(id)s"),
}


@dataclass
class Place:
    """How many rows or files of a place name her, and some of them."""

    name: str
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, said: str) -> None:
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(said)


@dataclass(frozen=True)
class Plan:
    """What would go, what stays, and the runs that have to end before."""

    of: Subject
    goes: Sequence[Place]
    stays: Sequence[Place]
    waits: Sequence[int]


def plan(kind: str, id_: int, *, by: User) -> Plan:
    """Say what erasing a person would do; nothing is changed.

    Raises:
        Forbidden, NotFound: as for :func:`personal_data.subject`.
    """
    of = personal_data.subject(kind, id_, by=by)
    goes, stays = [], []
    files = personal_files.kept(of)
    for name, said in (
        ("file", [path.name for path in files]),
        ("attached_file", [each.name for each in personal_files.attached(of)]),
        ("history", [str(id_) for id_ in erased_rows.own_history(of)]),
    ):
        place = Place(name)
        for each in said:
            place.add(each)
        goes.append(place)
    for table in personal_data.tables():
        goes.append(_place(table, personal_data.rows(table, of)))
        stays.append(_place(table, personal_data.rows(table, of, clear=False)))
    goes.append(Place(kind, 1, [of.name]))
    return Plan(
        of,
        [each for each in goes if each.count],
        [each for each in stays if each.count],
        personal_files.needed(files),
    )


def _place(table: Table, found: Any) -> Place:
    place = Place(table.name)
    for row in found:
        named = sorted(row.values.keys() - _OF_THE_SEARCH) if table.name in KEPT else []
        key = "-".join(map(str, row.key))
        place.add(f"{key} ({', '.join(named)})" if named else key)
    return place


def start(kind: str, id_: int, *, typed: str, key: str | None = None, by: User) -> int:
    """Have a person erased in the background, and return the run's id.

    Raises:
        Forbidden, NotFound: as for :func:`plan`.
        Invalid: ``typed`` is not her name.
        Conflict: she is signed in still, or a run that has not ended needs a file that names her.
    """
    of = personal_data.subject(kind, id_, by=by)
    if kind == USER and session.get_one(User, id_).active:
        raise Conflict({}, message=N_("Let this person go first: then others take over."))
    if fold(typed) != fold(of.name):
        raise Invalid({"name": Text(N_("Type %(name)s to erase this person."), {"name": of.name})})
    if waits := personal_files.needed(personal_files.kept(of)):
        said = {"run": waits[0]}
        raise Conflict(
            {}, message=Text(N_("Run %(run)s names this person and has not ended."), said)
        )
    with unit_of_work():
        made = once(key, {"erase": kind, "id": id_}, lambda: _queue(of, by))
    return int(made)


def _queue(of: Subject, by: User) -> str:
    title, french = (text % {"id": of.id} for text in _TITLES[of.kind])
    run = Run(
        kind=KIND,
        title=title,
        status=Status.QUEUED.value,
        source={
            "kind": KIND,
            "object": of.kind,
            "id": of.id,
            "titles": {"en": title, "fr": french},
        },
        total=len(personal_data.tables()) + 3,
        lock_key=f"{KIND}:{of.kind}:{of.id}",
        by_id=by.id,
    )
    return str(enqueue(run))


def advance(held: Claim) -> Claim | None:
    """Erase her from the next place; from her own row last."""
    run = load(held.run_id)
    by = session.get_one(User, run.by_id)
    try:
        of = personal_data.subject(run.source["object"], run.source["id"], by=by)
    except NotFound:  # another run has come before this one
        with unit_of_work():
            end(held, Status.DONE, total=0, done={})
        return None
    if run.cancel_requested:
        with unit_of_work():
            end(held, Status.CANCELLED)
        return None
    tables = personal_data.tables()
    count = run.mapping.get("erased", 0)
    if held.cursor < 2:
        return _files(held, of, count)
    if held.cursor - 2 < len(tables):
        return _table(held, of, tables[held.cursor - 2], count)
    _finish(held, of, by, count)
    return None


def _moved(held: Claim, count: int) -> Claim:
    return checkpoint(held, cursor=held.cursor + 1, mapping={"erased": count})


def _files(held: Claim, of: Subject, count: int) -> Claim:
    """Delete the files of runs and imports, then those that are attached; a kill repeats it."""
    attached = personal_files.attached(of) if held.cursor else []
    files = [] if held.cursor else personal_files.kept(of)
    files += [contents.place_of(each.sha256) for each in attached]
    ids = [each.id for each in attached]
    runs = sorted({run for path in files if (run := personal_files.run_of(path)) is not None})
    session.rollback()
    with unit_of_work():
        held = _moved(held, count + len(files))
        gone = update(Attachment).where(Attachment.id.in_(ids), Attachment.deleted_at.is_(None))
        session.execute(gone.values(deleted_at=utcnow(), version=Attachment.version + 1))
        session.execute(update(Run).where(Run.id.in_(runs)).values(files_gone_at=utcnow()))
        for run_id in runs:
            artefacts.clear(run_id)
            exports.remove(run_id)
        for path in files:
            path.unlink(missing_ok=True)
    return held


def _table(held: Claim, of: Subject, table: Table, count: int) -> Claim:
    found = list(personal_data.rows(table, of))
    session.rollback()
    with unit_of_work():
        held = _moved(held, count + len(found))
        for row in found:
            _clear(table, row, of)
        if table.name == "change":
            seals.forget(sorted(row.key[0] for row in found))
    return held


def _clear(table: Table, row: Found, of: Subject) -> None:
    """Take what names her out of a row; an undo takes the row for one that was changed since."""
    this = and_(*(own == value for own, value in zip(table.primary_key, row.key, strict=True)))
    if table.name in DROPPED:
        session.execute(delete(table).where(this))
        return
    values: dict[str, Any] = dict(row.cleared)
    for name in values.keys() & _unique(table):
        values[name] = values[name].replace(MARK, f"{MARK[:-1]} {row.key[0]})")
    if "lineage" in table.c:
        lineage: Mapping[str, Any] = session.scalar(select(table.c.lineage).where(this)) or {}
        values["lineage"] = {name: id_ for name, id_ in lineage.items() if name not in values}
        values["version"] = table.c.version + 1
        searched = session.scalar(select(table.c.search_text).where(this))
        values["search_text"] = of.traces.cleared(searched)
    session.execute(update(table).where(this).values(values))


def _unique(table: Table) -> set[str]:
    """Return the columns in which no two rows may hold the same."""
    together = [index.columns for index in table.indexes if index.unique]
    return {each.name for columns in together for each in columns} | {
        each.name for each in table.c if each.unique
    }


def _finish(held: Claim, of: Subject, by: User, count: int) -> None:
    with unit_of_work():
        cleared = erased_rows.own(of, by)
        audit.note("person_erased", by=by, about=_ABOUT[of.kind], about_id=of.id)
        erased_list.add(of.kind, of.id)
        count += cleared
        end(held, Status.DONE, cursor=count, total=count, done={"updated": count}, mapping={})


_ABOUT = {CONTACT: "contact", USER: "person"}
