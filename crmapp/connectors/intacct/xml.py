"""Sage Intacct by its XML gateway, as a connector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement

from crmapp.connectors.addresses import at_most
from crmapp.connectors.batches import Batch, Numbered, names_of
from crmapp.connectors.cursors import Place
from crmapp.connectors.door import Door, Speaker
from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.intacct.creation import of_new
from crmapp.connectors.intacct.gateway import Gateway, Result
from crmapp.connectors.intacct.lookup import description
from crmapp.connectors.intacct.refusals import failed
from crmapp.connectors.intacct.settings import IntacctXmlSettings
from crmapp.connectors.intacct.values import (
    MOMENT,
    element,
    is_key,
    key_of,
    kinds_of,
    named,
    record_of_xml,
    to_xml,
)
from crmapp.connectors.keys import each_once, in_parts
from crmapp.connectors.port import (
    Capabilities,
    Check,
    Cursor,
    Description,
    Page,
    Record,
    RowResult,
    TokenStore,
    Usage,
)

VERSION = "3.0"
PAGE = 2000
FUNCTIONS = 100
"""Functions in one request."""
KEYS = 1000
"""Values that one ``in`` compares with."""
QUICKLY = 10.0
_KEYS_OF_OBJECTS = ("RECORDNO", "id")
_STAMPS = ("WHENMODIFIED", "updatedAt")
CUSTOMER = "CUSTOMER"


@dataclass(frozen=True)
class _Shape:
    """An object's description, with the fields that a reading goes by."""

    described: Description
    key: str
    stamp: str | None


class IntacctXml(Speaker):
    """One Intacct company, by the XML gateway.

    ``usage`` counts what this object asked: the gateway says nothing of its quota.
    """

    capabilities = Capabilities(delta=True, max_batch=1000, concurrency=2)

    def __init__(
        self,
        settings: IntacctXmlSettings,
        door: Door,
        tokens: TokenStore,
        *,
        known: Iterable[Description] = (),
        page: int | None = None,
    ) -> None:
        super().__init__(door)
        self._settings = settings
        self._gateway = Gateway(settings, door, tokens)
        self._shapes = {each.object: _shape(each) for each in known}
        self._page_size = page or PAGE
        self._written = 0

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not stand in the log."""
        return self._gateway.secrets

    def check(self) -> Check:
        who = self._gateway.sign_in_anew()
        self._gateway.ask_one(_query(CUSTOMER, ["RECORDNO"], size=1), CUSTOMER)
        return Check(
            organisation=who.company,
            user=who.user,
            version=VERSION,
            is_sandbox=who.company.lower().endswith("-sandbox"),
        )

    def describe(self, object: str) -> Description:
        function = Element("lookup")
        SubElement(function, "object").text = named(object)
        data = self._gateway.ask_one(function, object)
        fields = {(each.text or "").strip() for each in data.iter("ID")}
        key = next((name for name in _KEYS_OF_OBJECTS if name in fields), "")
        described = description(object, data, key)
        if not key:
            raise ConfigBroken(field=object)
        self._shapes[object] = _shape(described)
        return described

    def count(self, object: str) -> int:
        key = self._shape(object).key
        return int(self._data(object, _query(object, [key], size=1)).get("totalcount", "0"))

    def read(
        self, object: str, fields: Sequence[str], cursor: Cursor | None = None
    ) -> Iterator[Page]:
        """Read as the port says; records also have their key, and when they were modified.

        An object that does not say when it was modified is read whole each time.
        """
        shape = self._shape(object)
        place = Place.of(cursor)
        if shape.stamp is None and place.since:
            place = Place()
        chosen = list(dict.fromkeys([shape.key, *([shape.stamp] if shape.stamp else []), *fields]))
        kinds = kinds_of(shape.described, chosen)
        while True:
            question = self._question(object, chosen, place, shape)
            before = datetime.now(UTC)
            data = self._data(object, question)
            place = place.begun_at(min(before, self._gateway.now_there))
            rows = list(data)
            last = int(data.get("numremaining") or 0) <= 0 or not rows
            if rows:
                stamp = _text(rows[-1], shape.stamp) if shape.stamp else None
                place = place.after(stamp, _text(rows[-1], shape.key))
            records = tuple(record_of_xml(row, kinds) for row in rows)
            yield Page(records, place.finished() if last else place.cursor())
            if last:
                return

    def read_one(
        self, object: str, id: str, fields: Sequence[str], within: float | None = QUICKLY
    ) -> Record | None:
        if not is_key(id):
            return None
        with at_most(within):
            shape = self._shape(object)
            chosen = list(dict.fromkeys([shape.key, *fields]))
            question = _query(object, chosen, where=_condition("equalto", shape.key, id), size=1)
            rows = list(self._data(object, question))
        return record_of_xml(rows[0], kinds_of(shape.described, chosen)) if rows else None

    def find(
        self, object: str, fields: Sequence[str], field: str, value: str, most: int = 10
    ) -> list[Record]:
        with at_most(QUICKLY):
            shape = self._shape(object)
            chosen = list(dict.fromkeys([shape.key, *fields]))
            question = _query(object, chosen, where=_condition("equalto", field, value), size=most)
            rows = list(self._data(object, question))
        kinds = kinds_of(shape.described, chosen)
        return [record_of_xml(row, kinds) for row in rows]

    def read_some(
        self, object: str, fields: Sequence[str], field: str, values: Iterable[str]
    ) -> Iterator[Record]:
        wanted = each_once(values)
        if not wanted:
            return
        shape = self._shape(object)
        if field == shape.key:
            wanted = list(filter(is_key, wanted))
        chosen = list(dict.fromkeys([shape.key, field, *fields]))
        kinds = kinds_of(shape.described, chosen)
        for some in in_parts(wanted, KEYS):
            for rows in self._by_key(object, chosen, _condition("in", field, *some)):
                yield from (record_of_xml(row, kinds) for row in rows)

    def read_ids(self, object: str) -> Iterator[Sequence[str]]:
        key = self._shape(object).key
        for rows in self._by_key(object, [key]):
            yield [_text(row, key) for row in rows]

    def upsert(self, object: str, match_key: str, rows: Sequence[Record]) -> list[RowResult]:
        """Write as the port says.

        Intacct passes over fields that are gone without a word when it writes; so they are read
        along when it is asked what is there already, which names them.
        """
        batch = Batch(match_key, rows, key_of)
        waiting = batch.open()
        if not waiting:
            return batch.results()
        shape = self._shape(object)
        written = names_of(waiting)
        for start in range(0, len(waiting), KEYS):
            part = waiting[start : start + KEYS]
            keys = [key_of(each.row[match_key]) for each in part]
            there = self._numbers(object, [shape.key, match_key, *written], keys)
            for first in range(0, len(part), FUNCTIONS):
                self._write(object, shape, batch, part[first : first + FUNCTIONS], there)
        return batch.results()

    def usage(self) -> Usage | None:
        used = self._gateway.requests + self._written
        return Usage(used, self._settings.monthly_limit, "month", datetime.now(UTC))

    def _shape(self, object: str) -> _Shape:
        if object not in self._shapes:
            self.describe(object)
        return self._shapes[object]

    def _by_key(
        self, object: str, fields: Sequence[str], only: Element | None = None
    ) -> Iterator[Sequence[Element]]:
        """Give out rows in pages, those that ``only`` lets through if it is given."""
        shape = self._shape(object)
        place, last = Place(), False
        while not last:
            data = self._data(object, self._question(object, fields, place, shape, only))
            rows, last = list(data), int(data.get("numremaining") or 0) <= 0 or not len(data)
            if rows:
                place = place.after(None, _text(rows[-1], shape.key))
                yield rows

    def _question(
        self,
        object: str,
        fields: Sequence[str],
        place: Place,
        shape: _Shape,
        only: Element | None = None,
    ) -> Element:
        where, order = _both(only, _where(place, shape)), _order(place, shape)
        return _query(object, fields, where=where, order=order, size=self._page_size)

    def _data(self, object: str, question: Element) -> Element:
        return self._gateway.ask_one(question, object)

    def _numbers(
        self, object: str, fields: Sequence[str], keys: Sequence[str]
    ) -> Mapping[str, str]:
        """Return the numbers of the records that are there, by the second of ``fields``."""
        number, match_key = fields[:2]
        where = _condition("in", match_key, *keys)
        data = self._data(object, _query(object, dict.fromkeys(fields), where=where))
        return {_text(row, match_key): _text(row, number) for row in data}

    def _write(
        self,
        object: str,
        shape: _Shape,
        batch: Batch,
        rows: Sequence[Numbered],
        there: Mapping[str, str],
    ) -> None:
        numbers = [there.get(key_of(each.row[batch.match_key])) for each in rows]
        functions = [
            _function(object, each.row, shape.key, number)
            for each, number in zip(rows, numbers, strict=True)
        ]
        # Whoever sends this again looks first at what is there: nothing is created twice.
        results = self._gateway.ask(functions, idempotent=False)
        for each, number, result in zip(rows, numbers, results, strict=True):
            batch.settle(each, _row_result(result, object, shape.key, number))
            self._written += not result.problems


def _shape(described: Description) -> _Shape:
    names = {each.name for each in described.fields}
    key = next((name for name in _KEYS_OF_OBJECTS if name in names), _KEYS_OF_OBJECTS[0])
    return _Shape(described, key, next((name for name in _STAMPS if name in names), None))


def _query(
    object: str,
    fields: Iterable[str],
    *,
    where: Element | None = None,
    order: Sequence[str] = (),
    size: int = PAGE,
) -> Element:
    query = Element("query")
    SubElement(query, "object").text = named(object)
    select = SubElement(query, "select")
    for name in fields:
        SubElement(select, "field").text = named(name)
    if where is not None:
        SubElement(query, "filter").append(where)
    if order:
        orderby = SubElement(query, "orderby")
        for name in order:
            one = SubElement(orderby, "order")
            SubElement(one, "field").text = name
            SubElement(one, "ascending")
    SubElement(SubElement(query, "options"), "showprivate").text = "true"
    SubElement(query, "pagesize").text = str(size)
    return query


def _condition(operator: str, field: str, *values: str) -> Element:
    condition = Element(operator)
    SubElement(condition, "field").text = named(field)
    for value in values:
        SubElement(condition, "value").text = to_xml(value)
    return condition


def _both(one: Element | None, other: Element | None) -> Element | None:
    if one is None or other is None:
        return other if one is None else one
    both = Element("and")
    both.extend((one, other))
    return both


def _where(place: Place, shape: _Shape) -> Element | None:
    """Return the filter for what comes after a place; an offset would miss what moves."""
    if place.since is None or shape.stamp is None:
        return _condition("greaterthan", shape.key, place.key) if place.key else None
    if place.stamp is None or place.key is None:
        since = place.since.astimezone(UTC).strftime(MOMENT)
        return _condition("greaterthanorequalto", shape.stamp, since)
    either = Element("or")
    either.append(_condition("greaterthan", shape.stamp, place.stamp))
    both = SubElement(either, "and")
    both.append(_condition("equalto", shape.stamp, place.stamp))
    both.append(_condition("greaterthan", shape.key, place.key))
    return either


def _order(place: Place, shape: _Shape) -> list[str]:
    by_stamp = [shape.stamp] if place.since and shape.stamp else []
    return [*by_stamp, shape.key]


def _text(row: Element, name: str) -> str:
    """Return the text of a field; a dotted name is that of one element, not of several."""
    return next(((each.text or "").strip() for each in row if each.tag == name), "")


def _function(object: str, row: Record, key: str, number: str | None) -> Element:
    function = Element("create" if number is None else "update")
    given = of_new(object, row) if number is None else {key: number, **row}
    function.append(element(object, given))
    return function


def _row_result(result: Result, object: str, key: str, number: str | None) -> RowResult:
    if result.problems:
        return failed(result.problems, object)
    made = result.data.find(f".//{key}") if result.data is not None else None
    id = ((made.text or "") if made is not None else "").strip() or number
    return RowResult(id=id, created=number is None)
