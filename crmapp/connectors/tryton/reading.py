"""Reading from Tryton in an order that a reading can be continued in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmapp.connectors.cursors import Place
from crmapp.connectors.port import Cursor, Page, Record, RemoteKind
from crmapp.connectors.tryton import parties
from crmapp.connectors.tryton.customers import WHOEVER, Domain, Filter, changed, either
from crmapp.connectors.tryton.describing import Model
from crmapp.connectors.tryton.refusals import gone
from crmapp.connectors.tryton.session import Session
from crmapp.connectors.tryton.values import value

PAGE = 500
"""Records in a page: each costs Tryton a millisecond, and what a page is about is asked at once."""
IDS = 5000
_BY_ID = [["id", "ASC"]]


@dataclass(frozen=True)
class _Column:
    name: str
    kind: RemoteKind
    paths: tuple[str, ...]


def read(
    session: Session,
    model: Model,
    customers: Filter,
    fields: Sequence[str],
    cursor: Cursor | None,
    size: int,
) -> Iterator[Page]:
    """Give out all records, or those changed since ``cursor``, both by id.

    What changed is no matter of one stamp: a party's addresses have their own. So changes, too,
    come by id. A record that changes behind the place of a reading has a stamp later than the
    beginning of it, and is for the next.
    """
    columns = _columns(model, fields)
    asked = list(dict.fromkeys(path for each in columns for path in each.paths))
    place = Place.of(cursor)
    domain = _domain(model, customers, place)
    while True:
        after = [*domain, ["id", ">", int(place.key or 0)]]
        found = session.call(
            f"model.{_object(model)}.search_read", after, 0, size, _BY_ID, asked,
            about=_object(model),
        )  # fmt: skip
        rows = found.value
        place = place.begun_at(found.at)
        if rows:
            place = place.after(None, str(rows[-1]["id"]))
        last = len(rows) < size
        records = tuple(_records(rows, columns, model, customers))
        yield Page(records, place.finished() if last else place.cursor())
        if last:
            return


def read_ids(
    session: Session, model: Model, customers: Filter, size: int = IDS
) -> Iterator[Sequence[str]]:
    """Give out the ids of all records in pages."""
    domain, last = _domain(model, customers, Place()), 0
    while True:
        after = [*domain, ["id", ">", last]]
        ids = session.ask(
            f"model.{_object(model)}.search", after, 0, size, _BY_ID, about=_object(model)
        )
        if chosen := _chosen(ids, model, customers):
            yield [str(id) for id in chosen]
        if len(ids) < size:
            return
        last = int(ids[-1])


def _object(model: Model) -> str:
    return model.description.object


def _domain(model: Model, customers: Filter, place: Place) -> Domain:
    domain: Domain = [WHOEVER] if "active" in model.own else []
    if _object(model) == parties.PARTY:
        domain.append(customers.domain())
        if place.since:
            beside = [name for name in parties.BESIDE if name in model.own]
            domain.append(customers.changed(place.since, beside))
    elif place.since and {"write_date", "create_date"} <= model.own:
        changes = changed(place.since)
        domain.append(either(*changes) if "active" in model.own else ["OR", *changes])
    return domain


def _records(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[_Column], model: Model, customers: Filter
) -> Iterator[Record]:
    chosen = set(_chosen([int(row["id"]) for row in rows], model, customers))
    for row in rows:
        if int(row["id"]) in chosen:
            yield {each.name: value(_raw(row, each, model), each.kind) for each in columns}


def _chosen(ids: Sequence[int], model: Model, customers: Filter) -> Sequence[int]:
    if not ids or _object(model) != parties.PARTY:
        return ids
    chosen = customers.chosen(ids)
    return [id for id in ids if id in chosen]


def _raw(row: Mapping[str, Any], column: _Column, model: Model) -> Any:
    is_party = _object(model) == parties.PARTY
    return (parties.raw if is_party else parties.behind)(row, column.name)


def _columns(model: Model, fields: Sequence[str]) -> list[_Column]:
    """Return what is read of a record, its id first.

    Raises:
        ConfigBroken: there is no such field.
    """
    return [_column(model, name) for name in dict.fromkeys(("id", *fields))]


def _column(model: Model, name: str) -> _Column:
    if field := model.description.field(name):
        is_party = _object(model) == parties.PARTY
        return _Column(name, field.kind, parties.paths(name, model.marks) if is_party else (name,))
    if any(each.name_path == name for each in model.description.fields):
        return _Column(name, RemoteKind.TEXT, (name,))
    raise gone(name)
