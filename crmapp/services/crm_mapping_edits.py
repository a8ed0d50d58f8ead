"""Changes of a CRM mapping that need no look at columns: order, removal, rules, older versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.feeds import Content, Responsible
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.models import CrmMapping, FeedSource, User
from crmapp.services import crm_mappings

_LAST = N_("The last source stays. Add another one first, or pause the CRM mapping.")
_SOURCE = N_("“%(source)s”: %(problem)s")
_RULE = N_("New accounts, rule %(number)s: %(problem)s")


def arrange(mapping_id: int, order: Sequence[int], *, version: int, by: User) -> None:
    """Read the sources in ``order``; what it does not name stands behind the others.

    Raises:
        Forbidden, NotFound, Invalid, Conflict: as :func:`crmapp.services.crm_mappings.save` does.
    """
    mapping, content = _read(mapping_id, by)
    places = {source_id: place for place, source_id in enumerate(order)}
    fed = sorted(content.sources, key=lambda each: places.get(each.source_id, len(places)))
    _save(mapping, replace(content, sources=tuple(fed)), version, by)


def remove(mapping_id: int, source_id: int, *, version: int, by: User) -> None:
    """Read a source no more.

    Raises:
        NotFound: it is not read.
        Invalid: it is the only one.
        Forbidden, Conflict
    """
    mapping, content = _read(mapping_id, by)
    left = tuple(each for each in content.sources if each.source_id != source_id)
    if len(left) == len(content.sources):
        raise NotFound
    if not left:
        raise Invalid({"sources": _LAST})
    _save(mapping, replace(content, sources=left), version, by)


def assign(mapping_id: int, rules: Sequence[Responsible], *, version: int, by: User) -> None:
    """Set who gets accounts that nobody has; the first rule that fits counts.

    Raises:
        Invalid: ``responsible.0.owner`` and so on → what is wrong with a rule.
        Forbidden, NotFound, Conflict
    """
    mapping, content = _read(mapping_id, by)
    _save(mapping, replace(content, responsible=tuple(rules)), version, by)


def restore(mapping_id: int, number: int, *, version: int, by: User) -> None:
    """Do again what version ``number`` says, as a new version.

    Raises:
        NotFound: there is no such version.
        Forbidden, Invalid, Conflict
    """
    mapping, _content = _read(mapping_id, by)
    content = crm_mappings.content_at(mapping, number)
    try:
        _save(mapping, content, version, by)
    except Invalid as invalid:
        raise Invalid(_located(invalid, content)) from invalid


def retired_in(mapping: CrmMapping, number: int) -> Sequence[FeedSource]:
    """Return the sources that are to be brought back before version ``number`` can be restored.

    Raises:
        NotFound: there is no such version.
    """
    now = Content.from_json(mapping.content).sources
    fed = [each for each in crm_mappings.content_at(mapping, number).sources if each not in now]
    query = select(FeedSource).where(
        FeedSource.id.in_([each.source_id for each in fed]), FeedSource.retired_at.is_not(None)
    )
    return session.scalars(query.order_by(FeedSource.name)).all()


def copy(mapping_id: int, name: str, *, by: User) -> int:
    """Add a CRM mapping that does the same, without a schedule; return its id.

    Raises:
        Forbidden, NotFound
        Invalid: what is wrong with ``copy_name``, or with a source or a rule.
    """
    _mapping, content = _read(mapping_id, by)
    try:
        return crm_mappings.add(name, content, by=by)
    except Invalid as invalid:
        wrong = _located(invalid, content)
        if "name" in wrong:
            wrong["copy_name"] = wrong.pop("name")
        raise Invalid(wrong) from invalid


def _read(mapping_id: int, by: User) -> tuple[CrmMapping, Content]:
    mapping = crm_mappings.get(mapping_id, by=by)
    return mapping, Content.from_json(mapping.content)


def _save(mapping: CrmMapping, content: Content, version: int, by: User) -> None:
    crm_mappings.save(mapping.id, mapping.name, content, version=version, by=by)


def _located(invalid: Invalid, content: Content) -> dict[str, Text | str]:
    """Return what is wrong with what nobody has just typed; it says where."""
    names = crm_mappings.source_names()
    return {name: _told(name, said, content, names) for name, said in invalid.fields.items()}


def _told(name: str, problem: Text, content: Content, names: Mapping[int, str]) -> Text:
    """Say of which source or rule something is wrong: ``0.name``, ``responsible.0.owner``."""
    of, dot, place = name.partition(".")
    if not dot:
        return problem
    if of == "responsible":
        return Text(_RULE, {"number": int(place.partition(".")[0]) + 1, "problem": problem})
    source = names.get(content.sources[int(of)].source_id, "")
    return Text(_SOURCE, {"source": source, "problem": problem})
