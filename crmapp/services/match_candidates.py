"""The living accounts that the rows of a chunk may mean, found rule by rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.likeness import tax_word
from crmapp.domain.mapping import FieldMapping, Mapped
from crmapp.domain.matching import (
    NO_ANSWER,
    Answer,
    Candidate,
    Care,
    Clues,
    Known,
    Match,
    Rule,
    find,
    traces,
)
from crmapp.domain.plan import Held, SourceRow, match_word
from crmapp.domain.record_keys import RECORD
from crmapp.domain.search import near_key
from crmapp.models import Account
from crmapp.models.account import TAX_WORD
from crmapp.services import match_answers, match_rules, match_traces

_MOST = 100  # accounts of one near name that are looked at
_ACCOUNT = Account.__table__.c
_ALIVE = _ACCOUNT.deleted_at.is_(None)
_TAX_WORD: ColumnElement[Any] = literal_column(TAX_WORD)
_MATCH_COLUMNS: dict[str, ColumnElement[Any]] = {
    "number": _ACCOUNT.number,
    "name": _ACCOUNT.name_key,
    "email": func.lower(_ACCOUNT.email),
}
_TELLING = {
    "number": "number",
    "name": "name",
    "email": "email",
    "billing_postal_code": "postal_code",
    "tax_id": "tax_id",
    "erp_company": "company",
}
"""What tells accounts apart: column → what a candidate calls it."""
_FILLED = {"number": _ACCOUNT.number.is_not(None), "email": _ACCOUNT.email.is_not(None)}


def match(
    rows: Sequence[SourceRow],
    mapped: Sequence[Mapped],
    mapping: FieldMapping,
    identity: Sequence[str] | None,
    linked: Mapping[str, Held],
    companies: Mapping[int, str] = {},
    care: Care | None = None,
) -> tuple[list[Match], dict[str, Answer]]:
    """Find the account of each row; also return what people said about rows before, by key.

    ``linked`` are key → account, of the keys that mean one by the ledger of identities;
    ``companies`` row number → the ERP company that the row is of; ``care`` is for a source whose
    plans nobody looks at.
    """
    if not rows:
        return [], {}
    clues = [
        _clues(row, each, mapping, companies.get(row.row_no, ""))
        for row, each in zip(rows, mapped, strict=True)
    ]
    keys = [each.key for each in clues if each.key not in linked]
    ladder, answers = match_rules.ladder(), match_answers.read(keys, identity)
    by_identity = {key: [account.id] for key, account in linked.items()}
    known = Known(by_identity, _by_field(clues, mapping.match), care=care)
    if care is not None:
        known = _with_accounts(known, known.by_field.values(), identity)
    by_id = mapping.match == RECORD
    left = [each for each in clues if each.key in answers or not _is_found(each, known)]
    left = [each for each in left if not (by_id and each.word)]
    known = _ask_the_ladder(known, left, ladder)
    if care is not None:
        groups = [*known.by_tax_id.values(), *known.by_near_key.values()]
        found = [[candidate.id for candidate in group] for group in groups]
        known = _with_accounts(known, [*found, *known.by_number.values()], identity)
    useful = [rule for rule in ladder if known.of(rule)]
    matches = [
        find(each, known, () if by_id and each.word else useful, answers.get(each.key, NO_ANSWER))
        for each in clues
    ]
    if care is not None and Rule.NEAR_NAME in ladder:
        _trace(matches, clues, known, ladder, answers, identity)
    return matches, answers


def _trace(
    matches: list[Match],
    clues: Sequence[Clues],
    known: Known,
    ladder: Sequence[Rule],
    answers: Mapping[str, Answer],
    identity: Sequence[str] | None,
) -> None:
    """Look for further accounts where a match is not certain: a name may have been mistyped."""
    vague = [n for n, match in enumerate(matches) if not match.sure]
    if not vague or identity is None:
        return
    traced = match_traces.read([clues[n] for n in vague], identity)
    ids = [[candidate.id for candidate in group] for group in traced.values()]
    known = replace(_with_accounts(known, ids, identity), by_trace=traced)
    for n in vague:
        if not traced.keys().isdisjoint(traces(clues[n])):
            matches[n] = find(clues[n], known, ladder, answers.get(clues[n].key, NO_ANSWER))


def _with_accounts(
    known: Known, groups: Iterable[Sequence[int]], identity: Sequence[str] | None
) -> Known:
    """Add what is known of accounts that were found."""
    ids = sorted({id_ for group in groups for id_ in group} - known.accounts.keys())
    if not ids:
        return known
    columns = [_ACCOUNT[name] for name in _TELLING]
    held = match_traces.is_held(identity or ("", ""))
    query = select(_ACCOUNT.id, held, *columns).where(is_one_of(_ACCOUNT.id, ids))
    after = known.care.after if known.care else {}
    found = {}
    for id_, is_held, *values in session.execute(query):
        now = {**dict(zip(_TELLING, values, strict=True)), **after.get(id_, {})}
        texts = {kept: now[name] or "" for name, kept in _TELLING.items()}
        found[id_] = Candidate(id_, **texts, held=is_held)
    return replace(known, accounts={**known.accounts, **found})


def _clues(row: SourceRow, mapped: Mapped, mapping: FieldMapping, company: str) -> Clues:
    values = mapped.values
    return Clues(
        key=row.key,
        word=match_word(mapping.match, values.get(mapping.match)),
        number=values.get("number") or "",
        tax_id=values.get("tax_id") or "",
        name=values.get("name") or "",
        email=values.get("email") or "",
        postal_code=values.get("billing_postal_code") or "",
        company=company,
    )


def _is_found(clues: Clues, known: Known) -> bool:
    """Whether the row needs no rule of the ladder: most rows of a source that is known do not."""
    return clues.key in known.by_identity or find(clues, known, ()).sure


def _by_field(clues: Sequence[Clues], name: str) -> dict[str, list[int]]:
    words = {each.word for each in clues if each.word}
    if name == RECORD:
        ids = sorted({int(word) for word in words})
        query = select(_ACCOUNT.id).where(_ALIVE, is_one_of(_ACCOUNT.id, ids))
        return {str(id_): [id_] for id_ in session.scalars(query)} if ids else {}
    return _having(_MATCH_COLUMNS[name], words, _FILLED.get(name))


def _ask_the_ladder(known: Known, clues: Sequence[Clues], ladder: Collection[Rule]) -> Known:
    """Add what the rules of the ladder need to know about the rows that are not found yet."""
    if not clues:
        return known
    if Rule.NUMBER in ladder:
        numbers = {each.number for each in clues if each.number}
        found = _having(_ACCOUNT.number, numbers, _FILLED["number"])
        known = replace(known, by_number=found)
    if Rule.TAX_ID in ladder:
        words = {tax_word(each.tax_id) for each in clues if each.tax_id}
        filled = _ACCOUNT.tax_id.is_not(None)
        known = replace(known, by_tax_id=_candidates(_TAX_WORD, words, filled))
    if {Rule.EMAIL_NAME, Rule.NAME_POSTCODE, Rule.NEAR_NAME} & set(ladder):
        keys = {key for each in clues if (key := near_key(each.name))}
        known = replace(known, by_near_key=_candidates(_ACCOUNT.near_key, keys))
    return known


def _having(
    column: ColumnElement[Any], words: Collection[str], filled: ColumnElement[bool] | None
) -> dict[str, list[int]]:
    """Return word → the living accounts that have it in ``column``."""
    if not words:
        return {}
    query = select(column, _ACCOUNT.id).where(_ALIVE, is_one_of(column, sorted(words)))
    query = query.order_by(_ACCOUNT.id)
    return _grouped(query if filled is None else query.where(filled))


def _candidates(
    column: ColumnElement[Any],
    words: Collection[str],
    filled: ColumnElement[bool] | None = None,
) -> dict[str, list[Candidate]]:
    """Return word → the first living accounts that have it, with what tells them apart."""
    if not words:
        return {}
    names = ("id", "number", "name", "email", "billing_postal_code")
    query = select(column, *(_ACCOUNT[name] for name in names)).where(
        _ALIVE, is_one_of(column, sorted(words))
    )
    query = query.order_by(_ACCOUNT.id)
    if filled is not None:
        query = query.where(filled)
    groups: dict[str, list[Candidate]] = {}
    for word, id_, *texts in session.execute(query):
        group = groups.setdefault(word, [])
        if len(group) < _MOST:
            number, name, email, code = [text or "" for text in texts]
            group.append(Candidate(id_, number, name, email, code))
    return groups


def _grouped(query: Any) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for word, account_id in session.execute(query):
        found.setdefault(word, []).append(account_id)
    return found
