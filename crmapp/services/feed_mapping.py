"""The columns of one source of a CRM mapping: what they hold now, and what they may fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crmapp.connectors.addresses import at_most
from crmapp.db import session, utcnow
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.suggestions import Mark, Seen, Suggestion, suggest
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.memory import Memory
from crmapp.models import CrmMapping, FeedSource, User
from crmapp.services import connection_problems, crm_mappings, feed_sources, fields
from crmapp.services.connection_problems import Problem
from crmapp.services.crm_mappings import MOST_SOURCES, Step
from crmapp.services.feed_checks import Check
from crmapp.services.feed_readers import Cells
from crmapp.services.mapping_start import Opening, without_missing
from crmapp.services.sources import Rows, SourceColumn

KEPT_FOR = timedelta(minutes=5)
"""For how long samples are shown of what was read before: each choice asks for them anew."""
_FULL = N_("A CRM mapping reads at most %(count)s sources. Take one of them out first.")
_SAVED = N_("As it was saved.")
_GONE = N_("Choose a column from the list.")


@dataclass(frozen=True)
class Looked:
    """The columns of a source and its first rows, as a :class:`crmapp.services.sources.Source`.

    Where it was not ``read``, the columns are those that its last test found. ``problem`` says why,
    unless there is nothing to be read at the moment.
    """

    at: datetime
    found: Sequence[SourceColumn]
    cells: Sequence[Cells] = ()
    read: bool = True
    problem: Problem | None = None

    def columns(self, _locale: str = "") -> Sequence[SourceColumn]:
        return self.found

    def count(self) -> int:
        return len(self.cells)

    def rows(self, after: str | None, limit: int) -> Rows:
        first = int(after or 0)
        part = self.cells[first : first + limit]
        rows = [(str(number), cells) for number, cells in enumerate(part, first + 1)]
        return Rows(rows, str(first + len(part)))

    def holding(self, mapping: FieldMapping) -> Looked:
        """Return it with the columns that ``mapping`` uses, unless it is known that some are gone.

        A source that is away for an hour takes nothing out of a mapping.
        """
        if self.read:
            return self
        names = {each.name for each in self.found}
        more = [name for name in dict.fromkeys(mapping.columns.values()) if name not in names]
        return replace(self, found=[*self.found, *(SourceColumn(name, name) for name in more)])


_memory: Memory[Looked] = Memory(4)


def look(source: FeedSource, *, locale: str = "", again: bool = False) -> Looked:
    """Look into a source: now, or unless it is to be read ``again`` as it was a moment ago.

    Raises:
        NotFound: it is retired.
    """
    key = (source.id, source.version, source.updated_at, locale)
    known = None if again else _memory.get(key)
    if known is None or known.at < utcnow() - KEPT_FOR:
        known = _looked(source, locale)
        _memory.keep(key, known)
    return known


def _looked(source: FeedSource, locale: str) -> Looked:
    source_id = source.id
    tested = Check.from_json(source.found).columns
    session.rollback()  # no transaction stays open while another system answers
    problem: Problem | None = None
    try:
        with at_most(feed_sources.CHECK_WITHIN), feed_sources.opened(source_id) as reader:
            columns, cells = reader.look(locale)
        if columns:
            return Looked(utcnow(), columns, cells)
    except feed_sources.BROKEN as error:
        problem = connection_problems.of(connection_problems.kept(error))
    found = [SourceColumn(each.name, each.label) for each in tested]
    return Looked(utcnow(), found, read=False, problem=problem)


def opening(source: FeedSource, looked: Looked, kept: FieldMapping | None) -> Opening:
    """Say what the page begins with: what is kept, or else what is suggested."""
    found = _suggested(source, looked, kept)
    if kept is None:
        names = {name: suggestion.column for name, suggestion in found.items()}
        return Opening(FieldMapping(names), found, {})
    mapping, gone = without_missing(kept, looked.found)
    again = {name: found[name].column for name in gone if name in found}
    return Opening(replace(mapping, columns={**mapping.columns, **again}), found, gone)


def _suggested(
    source: FeedSource, looked: Looked, kept: FieldMapping | None
) -> dict[str, Suggestion]:
    """Suggest what is kept, and of the columns that have no use in the source itself more."""
    columns = kept.columns if kept else {}
    own = {source.company_column, source.stamp_column} - {*columns.values()}
    seen = [
        Seen(each.name, each.label, each.shape, each.meant)
        for each in looked.found
        if each.name not in own
    ]
    found = suggest(seen, fields.of("account").values(), columns)
    saved = {name for name, each in found.items() if columns.get(name) == each.column}
    return {
        name: replace(each, reason=Text(_SAVED))
        if name in saved and each.mark is Mark.EXACT
        else each
        for name, each in found.items()
    }


def content_of(mapping: CrmMapping | None) -> Content:
    """Return what a CRM mapping says; one that is still to be made says nothing yet."""
    return Content() if mapping is None else Content.from_json(mapping.content)


def fed_by(content: Content, source_id: int) -> FedBy | None:
    """Return what ``content`` says of a source, if it reads it."""
    return next((each for each in content.sources if each.source_id == source_id), None)


def full(content: Content, source_id: int) -> Text | None:
    """Say why a source cannot be read as well any more, if it cannot."""
    if fed_by(content, source_id) is not None or len(content.sources) < MOST_SOURCES:
        return None
    return Text(_FULL, {"count": MOST_SOURCES})


def placed(content: Content, fed: FedBy) -> Content:
    """Return ``content`` with one of its sources as ``fed`` says, or with that one more.

    Raises:
        Invalid: there would be too many.
    """
    if said := full(content, fed.source_id):
        raise Invalid({"sources": said})
    if fed_by(content, fed.source_id) is None:
        return replace(content, sources=(*content.sources, fed))
    sources = (fed if each.source_id == fed.source_id else each for each in content.sources)
    return replace(content, sources=tuple(sources))


def keep(
    mapping: CrmMapping | None,
    name: str,
    fed: FedBy,
    looked: Looked,
    *,
    version: int = 0,
    key: str | None = None,
    by: User,
) -> int:
    """Make a CRM mapping of one source, or change one of which she saw ``version``; return its id.

    ``key`` is that of the form.

    Raises:
        Forbidden
        Invalid: field → what is wrong with it, those of a source as ``0.name``.
        Conflict: somebody else changed it since.
    """
    content = placed(content_of(mapping), fed)
    _check_columns(content, fed, looked)
    if mapping is None:
        return crm_mappings.add(name, content, by=by, key=key)
    mapping_id = mapping.id
    crm_mappings.save(mapping_id, mapping.name, content, version=version, by=by)
    return mapping_id


def _check_columns(content: Content, fed: FedBy, looked: Looked) -> None:
    """Refuse columns that the source has not."""
    there, place = {each.name for each in looked.found}, content.sources.index(fed)
    chosen = fed.mapping.columns.items()
    if wrong := [name for name, column in chosen if column not in there]:
        raise Invalid({f"{place}.{name}": _GONE for name in wrong})


def apart(
    error: Invalid, content: Content, source_id: int
) -> tuple[dict[str, Text], dict[str, Text]]:
    """Tell what is wrong with a source of ``content``, by field, from what is with the rest."""
    place = next((n for n, fed in enumerate(content.sources) if fed.source_id == source_id), None)
    own: dict[str, Text] = {}
    rest: dict[str, Text] = {}
    for name, said in error.fields.items():
        of, dot, field = name.partition(".")
        if dot and of == str(place):
            own[field] = said
        else:
            rest[name] = said
    return own, rest


def since(mapping: CrmMapping, version: int) -> list[Step]:
    """Return what was changed after ``version``, newest first."""
    return [step for step in crm_mappings.story(mapping) if step.version.version > version]
