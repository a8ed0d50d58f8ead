"""Questions of the match inbox as people read them: the customer beside each of its candidates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.fields import Field, freeze
from crmapp.domain.mapping import apply
from crmapp.domain.matching import LABELS
from crmapp.i18n import N_
from crmapp.models import Account, CrmMapping, FeedSource, MatchQuestion, User
from crmapp.services import fields, mapping_words, match_questions, seen_accounts
from crmapp.services.words import Words

COMPANY = N_("ERP company")
_NOTHING: tuple[Any, ...] = (None, "", [])
_ACCOUNT = Account.__table__.c


@dataclass(frozen=True)
class Compared:
    """One field of a customer, and of its candidates in their order: the text, if it differs.

    Where one of the two has nothing, that is seen without being said.
    """

    label: str
    value: Any
    others: Sequence[tuple[Any, bool]]


@dataclass(frozen=True)
class Candidate:
    """An account that a customer may be, with what tells it apart."""

    id: int
    name: str
    number: str | None
    city: str | None


@dataclass(frozen=True)
class Question:
    """A customer that waits for an answer; ``hidden`` candidates are not open to the reader."""

    id: int
    version: int
    name: str
    key: str
    mapping: str
    source: str
    rule: str
    since: datetime
    later_until: datetime | None
    candidates: Sequence[Candidate]
    hidden: int
    lines: Sequence[Compared]


@dataclass(frozen=True)
class _Row:
    """What a customer's row says: field → value, and its ERP company."""

    values: Mapping[str, Any]
    company: str


def shown(questions: Sequence[MatchQuestion], *, by: User, locale: str) -> list[Question]:
    """Return the questions as ``by`` reads them."""
    if not questions:
        return []
    specs = fields.every("account")
    names = _names(CrmMapping, {each.mapping_id for each in questions})
    sources = {row.id: row for row in _all(FeedSource, {each.source_id for each in questions})}
    rows = _rows(questions, sources, specs, by)
    candidates = match_questions.candidates_of([each.id for each in questions])
    ids = sorted({id_ for group in candidates.values() for id_, _version in group})
    accounts = _accounts(ids, by)
    held = _held(ids, rows.values(), specs, by)
    seen = {
        each.id: [accounts[id_] for id_, _version in candidates.get(each.id, ()) if id_ in accounts]
        for each in questions
    }
    changes = {
        each.id: [_beside(rows[each.id], held[account.id]) for account in seen[each.id]]
        or [{name: [None, freeze(value)] for name, value in rows[each.id].values.items()}]
        for each in questions
    }
    words = Words(specs, [one for group in changes.values() for one in group], by=by, locale=locale)
    return [
        Question(
            each.id,
            each.version,
            each.name,
            each.external_id,
            names[each.mapping_id],
            sources[each.source_id].name,
            LABELS.get(each.rule, ""),
            each.since,
            each.later_until,
            [Candidate(a.id, a.name, a.number, a.billing_city) for a in seen[each.id]],
            len(candidates.get(each.id, ())) - len(seen[each.id]),
            [
                *_lines(changes[each.id], bool(seen[each.id]), specs, words),
                *_company(rows[each.id].company, [a.erp_company for a in seen[each.id]]),
            ],
        )
        for each in questions
    ]


def _all(model: Any, ids: Iterable[int]) -> Sequence[Any]:
    return session.scalars(select(model).where(model.id.in_(sorted(ids)))).all()


def _names(model: Any, ids: Iterable[int]) -> dict[int, str]:
    return {row.id: row.name for row in _all(model, ids)}


def _rows(
    questions: Sequence[MatchQuestion],
    sources: Mapping[int, FeedSource],
    specs: Mapping[str, Field],
    by: User,
) -> dict[int, _Row]:
    """Read the cells of each question through what its CRM mapping says of its source now."""
    mappings = _all(CrmMapping, {each.mapping_id for each in questions})
    fed: dict[tuple[int, int], FedBy] = {
        (mapping.id, each.source_id): each
        for mapping in mappings
        for each in Content.from_json(mapping.content).sources
    }
    found = {}
    for each in questions:
        rule = fed.get((each.mapping_id, each.source_id))
        company = sources[each.source_id].company_of(each.cells)
        values: Mapping[str, Any] = {}
        if rule is not None:
            known = mapping_words.lookups(rule.mapping, specs, [each.cells], by=by)
            values = apply(rule.mapping, specs, each.cells, known).values
        found[each.id] = _Row(values, company)
    return found


def _accounts(ids: Sequence[int], by: User) -> dict[int, Any]:
    """Return the candidates that live and are open to the reader."""
    columns = ("id", "name", "number", "billing_city", "erp_company")
    query = select(*(_ACCOUNT[name] for name in columns)).where(
        is_one_of(_ACCOUNT.id, ids), _ACCOUNT.deleted_at.is_(None), Account.visible_to(by)
    )
    return {row.id: row for row in session.execute(query)}


def _held(
    ids: Sequence[int], rows: Iterable[_Row], specs: Mapping[str, Field], by: User
) -> dict[int, dict[str, Any]]:
    """Return account → field → what it holds, of the fields that the rows fill."""
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    found = seen_accounts.read(ids, names, specs, by)
    return {each.id: dict(zip(names, each.values, strict=True)) for each in found}


def _beside(row: _Row, held: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return name → [what the account holds, what the row says], as the change log keeps them."""
    return {name: [freeze(held[name]), freeze(value)] for name, value in row.values.items()}


def _lines(
    changes: Sequence[Mapping[str, Sequence[Any]]],
    compared: bool,
    specs: Mapping[str, Field],
    words: Words,
) -> list[Compared]:
    """Say field by field what the row has, and what each candidate; what nobody has is left out."""
    found = []
    for name, spec in specs.items():
        if name not in changes[0]:
            continue
        value = changes[0][name][1]
        held = [each[name][0] for each in changes] if compared else []
        others = [(other, _differs(value, other)) for other in held]
        if any(each not in _NOTHING for each in (value, *held)):
            said = [(words.say(spec, other), differs) for other, differs in others]
            found.append(Compared(spec.label, words.say(spec, value), said))
    return found


def _differs(one: Any, other: Any) -> bool:
    return one != other and one not in _NOTHING and other not in _NOTHING


def _company(company: str, others: Sequence[str]) -> list[Compared]:
    if not company and not any(others):
        return []
    return [Compared(COMPANY, company or None, [(o or None, _differs(company, o)) for o in others])]
